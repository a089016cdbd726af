/** Follows a journal as it grows, through rotations. It polls (inotify does not see a bind-mounted folder's other side) and writes nothing. */
import { closeSync, fstatSync, readSync } from "node:fs";
import type { JournalEvent } from "./events.ts";
import { openJournal, parseEvent } from "./journal.ts";

interface Tail {
  fd: number;
  inode: number;
  position: number;
  rest: Buffer;
  /** Polls without a new byte since it was rotated away. */
  quiet: number;
}

/** A writer that opened the file just before its rotation still writes into it: so many polls it stays open. */
const LINGER = 10;

/**
 * Calls `take` for every event written from now on (or, with `fromStart`, for those already there too). Ends when `signal`
 * does. `interval` is in milliseconds.
 */
export async function followJournal(
  path: string,
  take: (event: JournalEvent) => void,
  options: { signal: AbortSignal; interval?: number; fromStart?: boolean },
): Promise<void> {
  let tails = openTails(path, [], options.fromStart === true);
  try {
    while (!options.signal.aborted) {
      tails = openTails(path, tails, true);
      tails.forEach((tail, index) => {
        const grew = drainTail(tail, take);
        tail.quiet = grew || index === tails.length - 1 ? 0 : tail.quiet + 1;
      });
      tails = tails.filter((tail) => {
        if (tail.quiet <= LINGER) return true;
        closeSync(tail.fd);
        tail.fd = -1;
        return true;
      });
      await pause(options.interval ?? 200, options.signal);
    }
    for (const tail of tails) drainTail(tail, take);
  } finally {
    for (const tail of tails) if (tail.fd >= 0) closeSync(tail.fd);
  }
}

/** Adds the files that are new since the last look. Closed tails stay in the list, so that `.1` is not read again. */
function openTails(path: string, tails: Tail[], fromStart: boolean): Tail[] {
  const present = openJournal(path);
  const known = tails.filter((tail) => tail.fd >= 0 || present.some(({ inode }) => inode === tail.inode));
  for (const { fd, inode } of present) {
    if (known.some((tail) => tail.inode === inode)) closeSync(fd);
    else known.push({ fd, inode, position: fromStart ? 0 : fstatSync(fd).size, rest: Buffer.alloc(0), quiet: 0 });
  }
  return known;
}

function drainTail(tail: Tail, take: (event: JournalEvent) => void): boolean {
  if (tail.fd < 0) return false;
  const chunk = Buffer.alloc(65_536);
  let grew = false;
  for (;;) {
    const length = readSync(tail.fd, chunk, 0, chunk.length, tail.position);
    if (length === 0) return grew;
    grew = true;
    tail.position += length;
    const bytes = Buffer.concat([tail.rest, chunk.subarray(0, length)]);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const event = parseEvent(bytes.toString("utf8", start, end));
      if (event) take(event);
      start = end + 1;
    }
    tail.rest = Buffer.from(bytes.subarray(start));
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
