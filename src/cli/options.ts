/** The options that several commands have. */
import type { OptionRow } from "./command.ts";

/** Every command has these. */
export const commonOptions: readonly OptionRow[] = [
  { name: "json", meaning: "one JSON value instead of text; its fields are stable (docs/interface.md)" },
  { name: "help", meaning: "what the command does, with examples" },
];

export const since: OptionRow = {
  name: "since",
  value: "TIME",
  meaning: 'only what happened since then: "90s", "24h", "7d", or "2026-11-22T01:00:00Z"',
};

export const host: OptionRow = {
  name: "host",
  value: "PATTERN",
  meaning: "only destinations that match: a host (also its name in ssh_config), user@host:port, or a pattern with * and ?",
  completes: "host",
};
