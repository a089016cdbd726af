/**
 * Takes the front's locks for an operator's command (docs/protocol.md, "with-lock"): the front holds it around a child that lives as
 * long as we hold its stdin, so the lock is free again when we are gone, however we went.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lives } from "../master/process.ts";

/** A held lock. */
export interface HeldLock {
  release: () => void;
}

/** Says one line, then waits for the end of its stdin. */
const HOLDER = ["sh", "-c", "echo; exec cat >/dev/null"];

/** Takes the lock, waiting at most so many seconds; undefined when it was not to be had. */
export function holdLock(front: string, name: string, seconds: number): Promise<HeldLock | undefined> {
  return new Promise((resolve) => {
    const child = startHolder(front, name, seconds, "pipe");
    child.once("error", () => resolve(undefined));
    child.once("exit", () => resolve(undefined));
    child.stdout?.once("data", () => resolve(heldBy(child)));
  });
}

/** The same without giving the event loop a turn, for code that has to go on at once. */
export function holdLockNow(front: string, name: string, seconds: number): HeldLock | undefined {
  const folder = mkdtempSync(join(tmpdir(), "sshim-lock-"));
  const file = openSync(join(folder, "said"), "w");
  try {
    const child = startHolder(front, name, seconds, file);
    const until = Date.now() + (seconds + 1) * 1000;
    const asleep = new Int32Array(new SharedArrayBuffer(4));
    while (child.pid !== undefined && lives(child.pid) && Date.now() < until) {
      if (fstatSync(file).size > 0) return heldBy(child);
      Atomics.wait(asleep, 0, 0, 2);
    }
    child.stdin?.end();
    return undefined;
  } finally {
    closeSync(file);
    rmSync(folder, { recursive: true, force: true });
  }
}

function startHolder(front: string, name: string, seconds: number, stdout: "pipe" | number): ChildProcess {
  return spawn(front, [name, String(seconds), ...HOLDER], {
    stdio: ["pipe", stdout, "ignore"],
    env: { ...process.env, SSHIM_AS: "with-lock" },
  });
}

function heldBy(child: ChildProcess): HeldLock {
  child.unref();
  return { release: () => void child.stdin?.end() };
}
