/** The commands that read what was written down: the journal and the configuration. */
import type { CommandRow, OptionRow } from "./command.ts";

const since: OptionRow = {
  name: "since",
  value: "TIME",
  meaning: 'only what happened since then: "90s", "24h", "7d", or "2026-11-22T01:00:00Z"',
};
const host: OptionRow = {
  name: "host",
  value: "PATTERN",
  meaning: "only destinations that match: a host (also its name in ssh_config), user@host:port, or a pattern with * and ?",
  completes: "host",
};

export const journalRows: readonly CommandRow[] = [
  {
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
    load: () => import("./commands/log/log.ts"),
  },
  {
    name: "why",
    summary: "the verdict on one session: started or not, and the evidence",
    usage: "[ID]",
    operands: 1,
    options: [],
    explanation: [
      "ID is what `sshim log` shows first; its beginning is enough. Without one: the last session that ended with 255 or broke.",
    ],
    examples: [
      ["sshim why", "the last one that broke"],
      ["sshim why 3f9a", "this one"],
    ],
    exits: [
      [0, "found"],
      [1, "no such session in the journal"],
    ],
    load: () => import("./commands/why/why.ts"),
  },
  {
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
    load: () => import("./commands/stats/stats.ts"),
  },
  {
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
    load: () => import("./commands/report/report.ts"),
  },
  {
    name: "config",
    summary: "every setting, its value, and where it came from; `check` finds mistakes",
    usage: "[check] [--host HOST]",
    operands: 1,
    choices: ["check"],
    options: [{ name: "host", value: "HOST", meaning: "as it is for this host, [[host]] sections included", completes: "host" }],
    explanation: [
      "Files: ~/.config/sshim/config.toml (XDG_CONFIG_HOME honoured; SSHIM_CONFIG names another), then /etc/sshim/config.toml. The environment is stronger than both; the user's file is stronger than the machine's; in one file the first [[host]] section that matches is stronger than its global values.",
    ],
    examples: [
      ["sshim config", "what holds"],
      ["sshim config --host web1.example.com", "for one host"],
      ["sshim config check", "before you rely on it"],
    ],
    exits: [
      [0, "shown; check: nothing wrong"],
      [1, "check: at least one mistake"],
    ],
    load: () => import("./commands/config/config.ts"),
  },
];
