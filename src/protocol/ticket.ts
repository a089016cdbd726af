/** What a ticket says (docs/protocol.md, "The ticket"). Types only: write.ts and read.ts turn it into text and back. */
import type { Dependency } from "./dependencies.ts";

export interface Session {
  readonly tty: "no" | "auto" | "yes" | "force";
  /** A byte, or 0xffffffff for none. */
  readonly escape: number;
  readonly agent: boolean;
  readonly subsystem: boolean;
  readonly stdinNull: boolean;
  /** log.h's number. */
  readonly logLevel: number;
  /** -W; a port of -2 stands for a socket path. */
  readonly stdio: { readonly host: string; readonly port: number } | undefined;
  /** RemoteCommand, where the caller gave no command. */
  readonly command: string | undefined;
  readonly sendEnv: readonly string[];
  readonly setEnv: readonly string[];
}

export type Action = "pass" | "attach" | "establish" | "control";

/** The line of the journal that the front writes: where, how big it may grow, and what it says besides the front's own fields. */
export interface JournalLine {
  readonly path: string;
  /** Bytes. */
  readonly limit: number;
  /** JSON without braces. */
  readonly fragment: string;
}

/** Where a session goes; all that a `pass` has none of. */
export interface Target {
  readonly poolKey: string;
  readonly poolDir: string;
  readonly socket: string;
  readonly accept: readonly string[];
  readonly shards: number;
  readonly limit: number;
  /** Seconds; 0 = no bound. */
  readonly persist: number;
  readonly maxAge: number;
  readonly connectTimeout: number;
  readonly session: Session;
  readonly closing: string;
  readonly control: "check" | "other" | undefined;
}

/** Whether a judgement may be kept for the next calls: never (`Match exec` …), or not just now (a file that it rests on is too young). */
export type Cache = { readonly rule: "keep" } | { readonly rule: "never" | "notYet"; readonly reason: string };

export interface Ticket {
  readonly callId: string;
  readonly forThisCallOnly: boolean;
  readonly dependencies: readonly Dependency[];
  readonly action: Action;
  readonly reason: string;
  readonly journal: JournalLine | undefined;
  /** For action pass: `-S path` goes before argv[1]. */
  readonly socketOption: string | undefined;
  readonly target: Target | undefined;
}
