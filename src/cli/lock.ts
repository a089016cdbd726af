/**
 * Takes the front's locks for an operator's command (docs/protocol.md, "with-lock"): the front
 * holds it around a child that lives as long as we hold its stdin, so the lock is free again when
 * we are gone, however we went.
 */
import { lives } from "../master/proc.ts";
import { now, sleepNow } from "../sys/clock.ts";
import { environment, temporaryFolder } from "../sys/environment.ts";
import { close, join, makeTemporaryFolder, O_CREAT, O_WRONLY, open, removeTree, statusOf } from "../sys/files.ts";
import { type Child, start } from "../sys/processes.ts";

/** A held lock. */
export interface HeldLock {
  release: () => void;
}

/** Says one line, then waits for the end of its stdin. */
const HOLDER = ["sh", "-c", "echo; exec cat >/dev/null"];

/** Takes the lock, waiting at most so many seconds; undefined when it was not to be had. */
export async function holdLock(front: string, name: string, seconds: number): Promise<HeldLock | undefined> {
  const child = startHolder(front, name, seconds);
  return (await child.spoke) ? { release: child.hangUp } : undefined;
}

/** The same without giving the event loop a turn, for code that has to go on at once. */
export function holdLockNow(front: string, name: string, seconds: number): HeldLock | undefined {
  const folder = makeTemporaryFolder(join(temporaryFolder(), "sshim-lock-"));
  const file = open(join(folder, "said"), O_WRONLY | O_CREAT);
  try {
    const child = startHolder(front, name, seconds, file);
    const until = now() + (seconds + 1) * 1000;
    while (lives(child.pid) && now() < until) {
      if (statusOf(file).size > 0n) return { release: child.hangUp };
      sleepNow(2);
    }
    child.hangUp();
    return undefined;
  } finally {
    close(file);
    removeTree(folder);
  }
}

function startHolder(front: string, name: string, seconds: number, stdout?: number): Child {
  return start({
    path: front,
    words: [name, String(seconds), ...HOLDER],
    environment: { ...environment(), SSHIM_AS: "with-lock" },
    stdin: "pipe",
    stdout: stdout ?? "pipe",
  });
}
