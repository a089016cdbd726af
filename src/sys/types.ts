/** What passes between the control plane and the operating system: plain numbers, texts and bytes, and nothing of any runtime's. */

/** Names and values of variables; one that is not set is not there. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A file as stat(2) has it; the time is that of its last change. */
export interface FileStatus {
  readonly kind: "file" | "directory" | "link" | "socket" | "pipe" | "character" | "block" | "other";
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly seconds: bigint;
  readonly nanoseconds: bigint;
}

/** A program to start. What is not said: its path as argv[0], our environment and folder, /dev/null for each descriptor. */
export interface Program {
  /** Looked for on PATH where it has no slash. */
  readonly path: string;
  /** argv[0] */
  readonly name?: string;
  /** argv[1] and on. */
  readonly words: readonly string[];
  readonly environment?: Environment;
  readonly folder?: string;
  /** A descriptor of ours. */
  readonly stdin?: number;
  readonly stdout?: number | "catch";
  readonly stderr?: number | "catch";
}

/** A program to start beside us; a pipe is its own. */
export interface Beside extends Omit<Program, "stdin" | "stdout" | "stderr"> {
  readonly stdin?: number | "pipe";
  readonly stdout?: number | "pipe";
  readonly stderr?: number;
}

/** How a program ended that was waited for. */
export interface Finished {
  /** Undefined where it could not be started, or a signal ended it. */
  readonly code: number | undefined;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  /** It was ended because its time was over. */
  readonly late: boolean;
  /** Why it could not be started or heard out: the name of an errno. */
  readonly error: string | undefined;
}

/** A program that runs beside us. */
export interface Child {
  /** 0 where it could not be started. */
  readonly pid: number;
  /** Its exit code, none where a signal ended it; undefined where it could not be started. */
  readonly ended: Promise<{ readonly code: number | undefined } | undefined>;
  /** True at the first byte in the pipe that is its stdout, false when it ends without. */
  readonly spoke: Promise<boolean>;
  /** The end of the pipe that is its stdin. */
  hangUp(): void;
  kill(signal: "SIGTERM" | "SIGKILL"): void;
}

/** How a talk over a socket ended. */
export interface Talk {
  readonly connected: boolean;
  readonly end: "enough" | "eof" | "late" | "error";
  /** The errno's name. */
  readonly error: string | undefined;
}
