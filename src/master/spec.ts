/**
 * What the life of a master needs of a plan (src/plan/plan.ts makes one that has it all), so that this folder depends on no rule of the plan.
 */

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

/** A plan, as far as a master is concerned. */
export interface MasterSpec {
  /** Where the folders of keys and the journal lie. */
  readonly run: string;
  /** The key of the folder: the connection key, or the hash of a caller's own ControlPath. */
  readonly poolKey: string;
  /** The connection key itself: what a master may be shared by. */
  readonly connectionKey: string;
  /** The folder of the key: sockets, records, logs. */
  readonly poolDir: string;
  /** Socket of shard 0. */
  readonly socket: string;
  /** user@host:port */
  readonly destination: string;
  /** Seconds that an idle master is used; 0 = no bound. */
  readonly persist: number;
  readonly settings: MasterSettings;
  /** `ssh -G`: the first value of an option by its lower-case name, undefined where it is not printed. */
  option(name: string): string | undefined;
  /** What the master is made with, for the record: name → value. */
  readonly attributes: Readonly<Record<string, string>>;
  /** The caller's own options for the connection, without those of one session. */
  readonly connection: readonly string[];
  /** The host as the caller wrote it. */
  readonly host: string;
  /** A relative path is involved: ssh has to run where the caller is. */
  readonly dependsOnCwd: boolean;
  /** The caller's argv[0], the real ssh, and the front that starts it. */
  readonly argv0: string;
  readonly real: string;
  readonly front: string;
}
