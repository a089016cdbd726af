/** What `sshim explain` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const explain: CommandRow = {
  name: "explain",
  summary: "what would happen to an ssh command line, and why",
  usage: "-- SSH-ARGUMENTS",
  operands: 0,
  takesSsh: true,
  options: [],
  explanation: [
    "Made by the very code that decides: the lane, the rule that chose it, the key and what went into it, the socket, the real ssh, the dial, and the ticket: fresh, or which dependency makes it stale. It starts nothing on the host. As ssh itself does, it runs the commands of Match exec.",
  ],
  examples: [
    ["sshim explain -- web1 uptime", "would this share a connection?"],
    ["sshim explain --json -- -i key -o ControlMaster=auto -o ControlPath=/tmp/cp root@web1 true", "the same, for scripts"],
  ],
  exits: [
    [0, "explained"],
    [1, "the real ssh refuses these arguments"],
  ],
  load: () => import("./explain.ts"),
};
