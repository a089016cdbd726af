/** What the steps of a release share: the platforms, places, and running a program or failing with one line. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";

export const architectures = ["x64", "arm64"] as const;
export type Architecture = (typeof architectures)[number];
export type Libc = "glibc" | "musl";

/** Bun's and the compilers' name of an architecture. */
export const machineOf: Readonly<Record<Architecture, string>> = { x64: "x86_64", arm64: "aarch64" };

export const repository = resolve(import.meta.dirname, "../..");
/** Kept from one release to the next: what was downloaded, by version. */
export const cache = resolve(repository, "build/release");

/** The programs of one platform, as they lie on this machine. */
export interface Built {
  architecture: Architecture;
  version: string;
  dist: string;
  /** path of the front */
  front: string;
  /** folders with bin/sshim-control, and lib/sshim for musl */
  glibc: string;
  musl: string;
}

/** Runs a program to its end and gives its stdout. Throws one line, and what the program said, when it fails. */
export function runProgram(command: string, args: readonly string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): string {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 64 << 20, ...options });
  if (done.status !== 0) fail(`cannot run ${command}: ${done.error?.message ?? `${done.stderr}${done.stdout}`.trim()}`);
  return done.stdout;
}

export function fail(message: string): never {
  throw new Error(message);
}

export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
