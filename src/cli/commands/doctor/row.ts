/** What `sshim doctor` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const doctor: CommandRow = {
  name: "doctor",
  summary: "finds by experiment what keeps sshim from working here",
  usage: "[--host HOST] [--control-path DIR] [--fix] [-- SSH-OPTIONS]",
  operands: 0,
  takesSshOptions: true,
  options: [
    {
      name: "host",
      value: "HOST",
      meaning: "also dial this host: handshake, a shared command, sessions allowed at once",
      completes: "host",
    },
    { name: "control-path", value: "DIR", meaning: "also try the directory where a caller keeps its control sockets", completes: "file" },
    { name: "idle", value: "TIME", meaning: "with --host: watch an idle connection for so long, to see who closes it" },
    { name: "fix", meaning: "end orphaned and wedged masters without sessions, remove what they left, make the runtime directory right" },
  ],
  explanation: [
    "Each finding says what is so, what follows from it, and what to do. Nothing is changed without --fix, and no master with a session is ever touched.",
  ],
  examples: [
    ["sshim doctor", "this machine"],
    ["sshim doctor --host root@web1 -- -i key -p 2222", "and a real dial, with the options that a caller uses"],
    ["sshim doctor --control-path /data/coolify/ssh/mux --fix", "a caller's own folder, and put right what can be"],
  ],
  exits: [
    [0, "nothing wrong"],
    [1, "at least one problem"],
  ],
  load: () => import("./doctor.ts"),
};
