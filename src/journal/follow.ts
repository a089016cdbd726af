/** Follows a journal as it grows, through rotations. It polls (inotify does not see a bind-mounted folder's other side) and writes nothing. */
import { sleep } from "../sys/clock.ts";
import { close, read, statusOf } from "../sys/files.ts";
import { decodeUtf8, joinBytes } from "../sys/text.ts";
import type { JournalEvent } from "./events.ts";
import { openJournal, parseEvent } from "./journal.ts";

interface Tail {
  fd: number;
  inode: string;
  position: number;
  rest: Uint8Array;
  /** Polls without a new byte since it was rotated away. */
  quiet: number;
}

/** A writer that opened the file just before its rotation still writes into it: so many polls it stays open. */
const LINGER = 10;

/**
 * Calls `take` for every event written from now on (or, with `fromStart`, for those already there too). Ends when `until`
 * does. `interval` is in milliseconds.
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
      tails = tails.filter((tail) => {
        if (tail.quiet <= LINGER) return true;
        close(tail.fd);
        tail.fd = -1;
        return true;
      });
      await Promise.race([sleep(options.interval ?? 200), end]);
    }
    for (const tail of tails) drainTail(tail, take);
  } finally {
    for (const tail of tails) if (tail.fd >= 0) close(tail.fd);
  }
}

/** Adds the files that are new since the last look. Closed tails stay in the list, so that `.1` is not read again. */
function openTails(path: string, tails: Tail[], fromStart: boolean): Tail[] {
  const present = openJournal(path);
  const known = tails.filter((tail) => tail.fd >= 0 || present.some(({ inode }) => inode === tail.inode));
  for (const { fd, inode } of present) {
    if (known.some((tail) => tail.inode === inode)) close(fd);
    else known.push({ fd, inode, position: fromStart ? 0 : Number(statusOf(fd).size), rest: new Uint8Array(0), quiet: 0 });
  }
  return known;
}

function drainTail(tail: Tail, take: (event: JournalEvent) => void): boolean {
  if (tail.fd < 0) return false;
  const chunk = new Uint8Array(65_536);
  let grew = false;
  for (;;) {
    const length = read(tail.fd, chunk, tail.position);
    if (length === 0) return grew;
    grew = true;
    tail.position += length;
    const bytes = joinBytes(tail.rest, chunk.subarray(0, length));
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      const event = parseEvent(decodeUtf8(bytes.subarray(start, end)));
      if (event) take(event);
      start = end + 1;
    }
    tail.rest = bytes.slice(start);
  }
}
