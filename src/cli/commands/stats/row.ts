/** What `sshim stats` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";
import { host, since } from "../../options.ts";

export const stats: CommandRow = {
  name: "stats",
  summary: "how many sessions, how warm, what was saved, what broke",
  usage: "[--since TIME] [--host PATTERN] [--prometheus [--output FILE]]",
  operands: 0,
  options: [
    since,
    host,
    { name: "prometheus", meaning: "the text format of Prometheus (promtool accepts it)" },
    {
      name: "output",
      value: "FILE",
      meaning: "write there, atomically: node_exporter's textfile collector never reads half of it",
      completes: "file",
    },
  ],
  explanation: [
    "Counted from the journal (all of it, or since TIME) and from the masters that live now. A 255 that the remote command itself said is told apart from those whose connection broke.",
  ],
  examples: [
    ["sshim stats --since 24h", "yesterday"],
    ["sshim stats --prometheus --output /var/lib/node_exporter/sshim.prom", "from cron, every minute"],
  ],
  exits: [[0, "counted"]],
  load: () => import("./stats.ts"),
};
