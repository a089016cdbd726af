/** What `sshim fresh` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const fresh: CommandRow = {
  name: "fresh",
  summary: "makes a new connection for one ssh command line",
  usage: "-- SSH-ARGUMENTS",
  operands: 0,
  takesSsh: true,
  options: [],
  explanation: [
    "For a change that only a new login sees: groups after usermod, limits, a new sshd. The old master drains; the new one is dialled now.",
  ],
  examples: [["sshim fresh -- root@web1", "the next command there sees the new groups"]],
  exits: [
    [0, "a new connection is there"],
    [1, "these arguments are never shared, so every call is fresh anyway"],
    [255, "the host could not be dialled; ssh's own words are on stderr"],
  ],
  load: () => import("./fresh.ts"),
};
