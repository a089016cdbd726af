/**
 * The table of all settings. Reading, `sshim config`, the man page and the documentation are made
 * from it, so a setting that is not here does not exist.
 */
import { limits, marks, shellMarks } from "../protocol/contract.ts";
import type { Kind } from "./values.ts";

/** The values in force for one host. Durations are seconds, sizes bytes. */
export interface Settings {
  enabled: boolean;
  persist: number;
  max_age: number;
  /** An idle master is no longer used after this many seconds; undefined: after `persist`. */
  idle: number | undefined;
  retries: number;
  retry_delay: number;
  dial_timeout: number;
  max_shards: number;
  max_sessions: number;
  max_dials: number;
  server_alive: number;
  drain_timeout: number;
  dir: string | undefined;
  scope: string | undefined;
  /** Path of the journal, "off" for none, undefined for RUN/journal.jsonl. */
  journal: string | undefined;
  journal_size: number;
  exit: "drain" | "hard";
  real_ssh: string | undefined;
  debug: boolean;
}

export type SettingName = keyof Settings;

export interface SettingRow {
  name: SettingName;
  kind: Kind;
  fallback: Settings[SettingName];
  variable: string;
  range?: readonly [number, number];
  /** Where it may be set besides the environment: in `[[host]]` too, only globally, or nowhere. */
  where: "host" | "global" | "environment";
  meaning: string;
}

export const settingRows: readonly SettingRow[] = [
  row("enabled", "boolean", true, "SSHIM", "host", "off: the real ssh does everything"),
  row(
    "persist",
    "duration",
    600,
    "SSHIM_PERSIST",
    "host",
    "how long a master without sessions is kept (0: no bound); a caller's own ControlPersist wins",
  ),
  row("max_age", "duration", 1800, "SSHIM_MAX_AGE", "host", "a master older than this takes no new session (0: no bound)"),
  row("idle", "duration", undefined, "SSHIM_IDLE", "host", "a master idle for longer is not used again (default: persist)"),
  row("retries", "count", 1, "SSHIM_RETRIES", "host", "how often a failed dial is repeated where that is proven safe", [0, 10]),
  row("retry_delay", "fraction", 0.5, "SSHIM_RETRY_DELAY", "host", "mean pause before a dial is repeated", [0, 60]),
  row(
    "dial_timeout",
    "duration",
    30,
    "SSHIM_DIAL_TIMEOUT",
    "host",
    "how long a dial may take where ConnectTimeout says nothing",
    [1, 3600],
  ),
  row("max_shards", "count", 8, "SSHIM_MAX_SHARDS", "host", "how many masters one key may have", [1, limits.shards]),
  row(
    "max_sessions",
    "count",
    10,
    "SSHIM_MAX_SESSIONS",
    "host",
    "sessions a master takes until the server is known to allow fewer or more",
    [1, limits.slots],
  ),
  row("max_dials", "count", 4, "SSHIM_MAX_DIALS", "host", "unauthenticated connections to one server at a time", [1, 4]),
  row(
    "server_alive",
    "duration",
    5,
    "SSHIM_SERVER_ALIVE",
    "host",
    "ServerAliveInterval of a master where the caller set none (0: leave it)",
  ),
  row(
    "drain_timeout",
    "duration",
    0,
    "SSHIM_DRAIN_TIMEOUT",
    "host",
    "how long sshim drain waits for sessions to finish where --wait does not say (0: not at all)",
  ),
  row("dir", "path", undefined, "SSHIM_DIR", "host", "where sockets, records and logs lie; SSHIM_DIR moves the whole runtime directory"),
  row("scope", "word", undefined, "SSHIM_SCOPE", "host", "callers of different scopes share no connection (default in CI: the job)"),
  row(
    "journal",
    "path",
    undefined,
    "SSHIM_JOURNAL",
    "host",
    'path of the journal, or "off" (default: journal.jsonl in the runtime directory)',
  ),
  row("journal_size", "size", 10 * 1024 * 1024, "SSHIM_JOURNAL_SIZE", "host", "size at which the journal is rotated", [65_536, 2 ** 40]),
  row("exit", "exit", "drain", "SSHIM_EXIT", "host", "what -O exit does: drain, or hard as OpenSSH does it"),
  row("real_ssh", "path", undefined, "SSHIM_REAL_SSH", "environment", "the ssh to use instead of the next one on PATH"),
  row("debug", "boolean", false, "SSHIM_DEBUG", "environment", "say on stderr what is done and why"),
];

export const settingNames: readonly SettingName[] = settingRows.map(({ name }) => name);

/** Variables of ours that are not settings; the last two lines are for the scripts in install/. */
export const otherVariables: readonly string[] = [
  "SSHIM_CONFIG",
  "SSHIM_CONTROL",
  "SSHIM_DEPTH",
  ...marks,
  ...shellMarks,
  ...["SSHIM_SOURCE", "SSHIM_PREFIX", "SSHIM_ARCHIVE", "SSHIM_VERSION", "SSHIM_SHA256"],
  ...["SSHIM_CI", "SSHIM_DRAIN", "SSHIM_REPORT"],
];

function row<Name extends SettingName>(
  name: Name,
  kind: Kind,
  fallback: Settings[Name],
  variable: string,
  where: SettingRow["where"],
  meaning: string,
  range?: readonly [number, number],
): SettingRow {
  return { name, kind, fallback, variable, where, meaning, ...(range ? { range } : {}) };
}
