/** What `sshim why` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const why: CommandRow = {
  name: "why",
  summary: "the verdict on one session: started or not, and the evidence",
  usage: "[ID]",
  operands: 1,
  options: [],
  explanation: ["ID is what `sshim log` shows first; its beginning is enough. Without one: the last session that ended with 255 or broke."],
  examples: [
    ["sshim why", "the last one that broke"],
    ["sshim why 3f9a", "this one"],
  ],
  exits: [
    [0, "found"],
    [1, "no such session in the journal"],
  ],
  load: () => import("./why.ts"),
};
