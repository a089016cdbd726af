/**
 * Sums that only grow, although the journal is rotated, cut off or removed: a file beside it keeps
 * how far each of its files was counted and what came out. Without it a rotation would look to
 * Prometheus like a restart, and every session left in the journal would be counted again.
 */
import type { JournalEvent } from "../../../journal/events.ts";
import { openJournal, parseEvent, readLines } from "../../../journal/journal.ts";
import { hashName } from "../../../protocol/paths.ts";
import { close, readText, replaceOwnFile, statusOf } from "../../../sys/files.ts";
import { addEvents, bounds, emptyTally, type Tally } from "../../history/tally.ts";

interface Counted {
  inode: string;
  /** hashName of its first line: the inode of a file that was removed is given to the next one. */
  first: string;
  /** Everything before this byte of it is in the tally. */
  position: number;
}

interface Checkpoint {
  version: 2;
  files: Counted[];
  tally: Tally;
}

/** Counts what is new, keeps it, and returns all sums. Two at once keep the same ones. */
export function countOn(journal: string): Tally {
  const place = `${journal}.counted`;
  const before = readCheckpoint(place);
  const tally = before?.tally ?? emptyTally();
  const files = openJournal(journal);
  try {
    const fresh: JournalEvent[] = [];
    const counted = files.map(({ fd, inode }): Counted => {
      const first = firstLine(fd);
      const known = before?.files.find((file) => String(file.inode) === inode && file.first === first);
      // Shorter than it was: cut off, and written anew.
      let position = known && known.position <= Number(statusOf(fd).size) ? known.position : 0;
      for (const { line, end } of readLines(fd, position)) {
        position = end;
        const event = parseEvent(line);
        if (event) fresh.push(event);
      }
      return { inode, first, position };
    });
    addEvents(tally, fresh);
    const checkpoint: Checkpoint = { version: 2, files: counted, tally };
    // Where it cannot be kept the sums are right all the same, this once.
    if (counted.length > 0) replaceOwnFile(place, JSON.stringify(checkpoint));
  } finally {
    for (const { fd } of files) close(fd);
  }
  return tally;
}

function firstLine(fd: number): string {
  for (const { line } of readLines(fd)) return hashName(line);
  return "";
}

function readCheckpoint(path: string): Checkpoint | undefined {
  try {
    const kept = JSON.parse(readText(path)) as Checkpoint;
    const whole = kept.version === 2 && kept.tally.attach.buckets.length === bounds.length + 1;
    return whole ? { ...kept, tally: { ...emptyTally(), ...kept.tally } } : undefined;
  } catch {
    return undefined;
  }
}
