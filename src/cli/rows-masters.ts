/** The commands that look at masters and at this machine, or act on them. */
import type { CommandRow } from "./command.ts";

export const masterRows: readonly CommandRow[] = [
  {
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
    load: () => import("./commands/status/status.ts"),
  },
  {
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
    load: () => import("./commands/explain/explain.ts"),
  },
  {
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
    load: () => import("./commands/doctor/doctor.ts"),
  },
  {
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
    load: () => import("./commands/drain/drain.ts"),
  },
  {
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
    load: () => import("./commands/fresh/fresh.ts"),
  },
];
