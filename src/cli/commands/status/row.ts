/** What `sshim status` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const status: CommandRow = {
  name: "status",
  summary: "which masters there are, and what they do",
  usage: "[--watch] [HOST|KEY]",
  operands: 1,
  options: [
    { name: "watch", meaning: "redraw every second until interrupted (with --json: one line a second)" },
    { name: "interval", value: "TIME", meaning: "how often --watch looks (default 1s)" },
  ],
  explanation: [
    "Sessions are counted from the kernel's locks, so the number is exact even after a kill -9. A master is live, draining (it takes no new session and leaves with its last), wedged (it does not answer within a second), dead (its process is gone) or orphan (nobody can reach it any more). Masters that somebody else made, on a ControlPath of a caller's own, are shown as foreign.",
  ],
  examples: [
    ["sshim status", "a table of all masters"],
    ["sshim status --watch web1", "one host, redrawn in place"],
    ["sshim status --json | jq '.masters[].sessions'", "for scripts"],
  ],
  exits: [[0, "shown, also when there is none"]],
  load: () => import("./status.ts"),
};
