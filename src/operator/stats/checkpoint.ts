/**
 * Sums that only grow, although the journal is rotated: a file beside it keeps how far was counted and what came out. Without
 * it a rotation would look to Prometheus like a restart, and every session left in the journal would be counted again.
 */
import { closeSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { type JournalEvent, openJournal, parseEvent, readLines } from "../../state/journal.ts";
import { isSession } from "../../state/journal-events.ts";
import { controlsOf, isBroken, relatedTo } from "../sessions.ts";
import { addEvent, bounds, emptyTally, type Tally } from "./tally.ts";

interface Checkpoint {
  version: 1;
  inode: number;
  /** Everything before this byte of that file is in the tally. */
  position: number;
  tally: Tally;
}

/** Counts what is new since the last time, keeps it, and gives the sums since the beginning. Two at once keep the same sums. */
export function countOn(journal: string): Tally {
  const place = `${journal}.counted`;
  const before = readCheckpoint(place);
  const tally = before?.tally ?? emptyTally();
  const files = openJournal(journal);
  try {
    const known = before ? files.findIndex((file) => file.inode === before.inode) : -1;
    const fresh: JournalEvent[] = [];
    let last = before ? { inode: before.inode, position: before.position } : undefined;
    files.slice(Math.max(0, known)).forEach((file, index) => {
      let position = index === 0 && known >= 0 && before ? before.position : 0;
      for (const { line, end } of readLines(file.fd, position)) {
        position = end;
        const event = parseEvent(line);
        if (event) fresh.push(event);
      }
      last = { inode: file.inode, position };
    });
    const controls = controlsOf(fresh);
    for (const event of fresh) addEvent(tally, event, isSession(event) && isBroken(event) ? relatedTo(event, controls) : []);
    if (last) keepCheckpoint(place, { version: 1, ...last, tally });
  } finally {
    for (const { fd } of files) closeSync(fd);
  }
  return tally;
}

function readCheckpoint(path: string): Checkpoint | undefined {
  try {
    const kept = JSON.parse(readFileSync(path, "utf8")) as Checkpoint;
    const whole = kept.version === 1 && kept.tally.attach.buckets.length === bounds.length + 1;
    return whole ? { ...kept, tally: { ...emptyTally(), ...kept.tally } } : undefined;
  } catch {
    return undefined;
  }
}

function keepCheckpoint(path: string, checkpoint: Checkpoint): void {
  const temporary = `${path}.${process.pid}`;
  writeFileSync(temporary, JSON.stringify(checkpoint), { mode: 0o600 });
  renameSync(temporary, path);
}
