/** What `sshim drain` takes, and what help, manual and completions say of it. */
import type { CommandRow } from "../../command.ts";

export const drain: CommandRow = {
  name: "drain",
  summary: "retires masters: their sessions finish, new ones get a new master",
  usage: "[HOST|KEY|--all] [--wait TIME] [--now]",
  operands: 1,
  options: [
    { name: "all", meaning: "every master of this runtime directory" },
    { name: "wait", value: "TIME", meaning: "wait until they are gone, at most so long" },
    { name: "now", meaning: "end them at once, with their sessions" },
  ],
  explanation: [
    "The same that `ssh -O exit` does through sshim. Without --now no session is cut. Naming a host drains every connection to it, whatever its options; its name in ssh_config means the user, host and port that `ssh NAME` goes to.",
  ],
  examples: [
    ["sshim drain web1", "after a change in its sshd"],
    ["sshim drain --all --wait 60s", "the last step of a CI job"],
    ["sshim drain --all --now", "cut everything"],
  ],
  exits: [
    [0, "all of them drain, or are gone (--wait)"],
    [1, "no master matches, or one could not be drained"],
    [75, "not gone within --wait, or its lock was not to be had"],
  ],
  load: () => import("./drain.ts"),
};
