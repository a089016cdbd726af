/** What the life of a master needs of a plan, so that this folder depends on no rule of the plan. */
import type { Launcher, Resolved } from "../openssh/ssh-g.ts";

/** The settings that concern a master; seconds and counts (src/config/settings.ts). */
export interface MasterSettings {
  readonly retries: number;
  readonly retry_delay: number;
  readonly dial_timeout: number;
  readonly max_shards: number;
  readonly max_sessions: number;
  readonly max_dials: number;
  readonly server_alive: number;
  readonly journal?: string | undefined;
}

/** Masters that callers find at one place. */
export interface Pool {
  /** The connection key, or the hash of a caller's own ControlPath. */
  readonly key: string;
  /** The folder of sockets, records and logs. */
  readonly dir: string;
  /** Of shard 0. */
  readonly socket: string;
}

export interface MasterSpec {
  /** Where the pools and the journal lie. */
  readonly run: string;
  readonly pool: Pool;
  /** What a master may be shared by. */
  readonly connectionKey: string;
  /** user@host:port */
  readonly destination: string;
  /** Seconds that an idle master is used; 0 = no bound. */
  readonly persist: number;
  readonly settings: MasterSettings;
  readonly resolved: Resolved;
  /** What it is made with, for the record: name → value. Hashes of eighty lines, which only a dial needs. */
  attributes(): Readonly<Record<string, string>>;
  /** The caller's own options for the connection, without those of one session. */
  readonly connection: readonly string[];
  /** The host as the caller wrote it. */
  readonly host: string;
  /** A relative path is involved: ssh has to run where the caller is. */
  readonly dependsOnCwd: boolean;
  readonly launcher: Launcher;
}
