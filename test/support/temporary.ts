/**
 * Short-lived directories for tests, the demo and the benchmarks, and waiting by polling.
 * Paths are kept short, because OpenSSH can use 90 bytes of a socket's path. It never removes what it did not make.
 */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const made: string[] = [];

export type Truthy<T> = Exclude<T, false | null | undefined | 0 | "">;

/** The directory under which everything of this run is made: SSHIM_TEST_ROOT when the test runner set one, else a new one. */
export function testRoot(): string {
  const given = process.env.SSHIM_TEST_ROOT;
  if (given) {
    mkdirSync(given, { recursive: true, mode: 0o700 });
    return given;
  }
  return realpathSync(tmpdir());
}

/** Makes a directory (mode 0700) with a short path, removed by `removeTemporary`. */
export function temporary(prefix = "st-"): string {
  const directory = mkdtempSync(join(testRoot(), prefix));
  made.push(directory);
  return directory;
}

let ownRoot: string | undefined;

/** A new folder in one temporary directory of this process: looking for what is left behind takes a while for each of those. */
export function scratch(prefix = "s"): string {
  ownRoot ??= temporary();
  return mkdtempSync(join(ownRoot, prefix));
}

/** Makes files look an hour old: on one that changed in the last 20 ms no ticket is stored (src/protocol/dependencies.ts), and then it is luck how often a test asks. */
export function backdate(...paths: string[]): void {
  const then = Date.now() / 1000 - 3600;
  for (const path of paths) utimesSync(path, then, then);
}

/** All directories that this process made and did not remove yet. */
export function temporaryDirectories(): readonly string[] {
  return made;
}

/** Removes every directory made here. */
export function removeTemporary(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
}

/** How long a test waits for what must come: far longer than any machine takes, because it is no measurement. */
export const PATIENCE = 60_000;

/**
 * Calls `probe` until it gives something truthy and returns that; throws after `milliseconds`.
 * An exception of the probe counts as "not yet", and is named when time is up.
 */
export async function poll<T>(probe: () => T | Promise<T>, what = "the condition", milliseconds = PATIENCE): Promise<Truthy<T>> {
  const deadline = performance.now() + milliseconds;
  let last: unknown;
  for (let pause = 2; ; pause = Math.min(pause * 1.5, 50)) {
    try {
      const value = await probe();
      if (value) return value as Truthy<T>;
      last = undefined;
    } catch (error) {
      last = error;
    }
    if (performance.now() > deadline) {
      throw new Error(`waited ${milliseconds} ms in vain for ${what}${last === undefined ? "" : `: ${last}`}`);
    }
    await new Promise((resume) => setTimeout(resume, pause));
  }
}
