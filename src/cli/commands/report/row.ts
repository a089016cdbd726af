/** What `sshim report` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";
import { host, since } from "../../options.ts";

export const report: CommandRow = {
  name: "report",
  summary: "the root-cause report: every 255 with its cause, and a timeline",
  usage: "[--since TIME] [--host PATTERN] [--html FILE]",
  operands: 0,
  options: [
    since,
    host,
    { name: "html", value: "FILE", meaning: "write one self-contained page, with the timeline as a picture", completes: "file" },
  ],
  explanation: ["--since defaults to 24h. The page needs no network and no script; it is readable in light and dark."],
  examples: [
    ["sshim report --since 24h", "as text"],
    ["sshim report --since 2h --html /tmp/report.html", "for the people who ask"],
  ],
  exits: [
    [0, "written, nothing broke"],
    [1, "written, and something broke"],
  ],
  load: () => import("./report.ts"),
};
