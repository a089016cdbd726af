/** Follows a journal as it grows. It polls: inotify does not see a bind mount's other side. */
import { sleep } from "../sys/clock.ts";
import { close, statusOf } from "../sys/files.ts";
import type { JournalEvent } from "./events.ts";
import { openJournal, parseEvent, readLines } from "./journal.ts";

interface Tail {
  fd: number;
  inode: string;
  position: number;
  /** Polls without a new line since it was rotated away. */
  quiet: number;
}

/** A writer may have opened the file just before its rotation: so many polls it stays open. */
const LINGER = 10;

/**
 * Calls `take` for every event written from now on (or, with `fromStart`, for those already there
 * too). Ends when `until` does. `interval` is in milliseconds.
 */
export async function followJournal(
  path: string,
  take: (event: JournalEvent) => void,
  options: { until: Promise<void>; interval?: number; fromStart?: boolean },
): Promise<void> {
  let tails = openTails(path, [], options.fromStart === true);
  let over = false;
  const end = options.until.then(() => {
    over = true;
  });
  try {
    while (!over) {
      tails = openTails(path, tails, true);
      tails.forEach((tail, index) => {
        const grew = drainTail(tail, take);
        tail.quiet = grew || index === tails.length - 1 ? 0 : tail.quiet + 1;
      });
      for (const tail of tails.filter(({ fd, quiet }) => fd >= 0 && quiet > LINGER)) {
        close(tail.fd);
        tail.fd = -1;
      }
      await Promise.race([sleep(options.interval ?? 200), end]);
    }
    for (const tail of tails) drainTail(tail, take);
  } finally {
    for (const tail of tails) if (tail.fd >= 0) close(tail.fd);
  }
}

/** Adds the files that are new. Closed tails stay in the list, so that `.1` is not read again. */
function openTails(path: string, tails: Tail[], fromStart: boolean): Tail[] {
  const present = openJournal(path);
  const known = tails.filter((tail) => tail.fd >= 0 || present.some(({ inode }) => inode === tail.inode));
  for (const { fd, inode } of present) {
    if (known.some((tail) => tail.inode === inode)) close(fd);
    else known.push({ fd, inode, position: fromStart ? 0 : Number(statusOf(fd).size), quiet: 0 });
  }
  return known;
}

function drainTail(tail: Tail, take: (event: JournalEvent) => void): boolean {
  if (tail.fd < 0) return false;
  const before = tail.position;
  for (const { line, end } of readLines(tail.fd, tail.position)) {
    const event = parseEvent(line);
    if (event) take(event);
    tail.position = end;
  }
  return tail.position > before;
}
