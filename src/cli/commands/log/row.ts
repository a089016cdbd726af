/** What `sshim log` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";
import { host, since } from "../../options.ts";

export const log: CommandRow = {
  name: "log",
  summary: "what was done, line by line, from the journal",
  usage: "[--since TIME] [--host PATTERN] [--outcome WORD] [--follow]",
  operands: 0,
  options: [
    since,
    host,
    { name: "outcome", value: "WORD", meaning: "only these, comma-separated: exit, lost, pass, …, or 255, nonzero, broken" },
    {
      name: "event",
      value: "WORD",
      meaning: "only these, comma-separated: session, dial, retire, quarantine, heal, sweep, config",
    },
    { name: "lines", value: "N", meaning: "only the last N of them" },
    { name: "follow", meaning: "go on as it grows, through rotations" },
  ],
  explanation: [
    "The journal names destinations, keys, lanes, codes and times; never a command. With --json: one object a line, as in the journal.",
  ],
  examples: [
    ["sshim log --since 1h --outcome broken", "what went wrong in the last hour"],
    ["sshim log --follow --host '*.example.com'", "watch"],
  ],
  exits: [
    [0, "shown"],
    [1, "nothing matches"],
  ],
  load: () => import("./log.ts"),
};
