/**
 * Clears away what nobody needs any more: old tickets, logs, records of masters that are gone,
 * empty pools. A live master, its socket and its record are never touched.
 */
import { dialsDirectory, poolsDirectory, ticketDirectory } from "../protocol/paths.ts";
import { elapsed, now } from "../sys/clock.ts";
import { listFolder, lookAt, millisecondsOf, modifiedAt, remove, removeFolder, setTimes, writeNewFile } from "../sys/files.ts";
import { isSame } from "./control-path.ts";
import { countSessions, readLocks, readRecord } from "./record.ts";

export interface SweepCounts {
  tickets: number;
  keys: number;
  logs: number;
}

export interface SweepLimits {
  /** Milliseconds that one may take. */
  readonly budget: number;
  /** Tickets older than so many seconds go, and the oldest beyond so many. */
  readonly ticketAge: number;
  readonly tickets: number;
  /** Logs, records and folders without a master are kept so many seconds, as evidence. */
  readonly keep: number;
}

export const usualLimits: SweepLimits = { budget: 150, ticketAge: 7 * 86_400, tickets: 2000, keep: 3600 };

/** Seconds between two sweeps. */
const EVERY = 300;

/** True once in a while: whoever gets it has to sweep. Never throws. */
export function isSweepDue(run: string, moment = now()): boolean {
  const mark = `${run}/swept`;
  const before = modifiedAt(mark);
  // A clock that jumped back must not put it off for ever.
  if (before !== undefined && Math.abs(moment - before) < EVERY * 1000) return false;
  try {
    if (before === undefined) writeNewFile(mark, "");
    else setTimes(mark, moment / 1000);
    return before !== undefined;
  } catch {
    // Somebody else was first, or nothing can be written: then there is nothing to sweep either.
    return false;
  }
}

/** Sweeps RUN now. Never throws. */
export function sweep(run: string, limits = usualLimits): SweepCounts {
  const swept: SweepCounts = { tickets: 0, keys: 0, logs: 0 };
  const until = elapsed() + limits.budget;
  swept.tickets = sweepTickets(ticketDirectory(run), limits);
  // Of the same age and number: each was kept for a ticket.
  sweepTickets(dialsDirectory(run), limits);
  const keys = listFolder(poolsDirectory(run));
  const locks = readLocks();
  // From a random place on: one that runs out of time should not always end at the same.
  const start = Math.floor(Math.random() * keys.length);
  for (let n = 0; n < keys.length && elapsed() < until; n++) {
    sweepKey(`${poolsDirectory(run)}/${keys[(start + n) % keys.length]}`, limits, locks, swept);
  }
  return swept;
}

function sweepTickets(directory: string, limits: SweepLimits): number {
  const tickets = listFolder(directory).map((name) => ({ path: `${directory}/${name}`, age: ageOf(`${directory}/${name}`) }));
  tickets.sort((one, other) => one.age - other.age);
  return tickets.filter(({ path, age }, index) => (age > limits.ticketAge || index >= limits.tickets) && remove(path)).length;
}

/** One key: first what its dead masters left, then, when nothing is left of it, the folder. */
function sweepKey(directory: string, limits: SweepLimits, locks: string, swept: SweepCounts): void {
  if (ageOf(directory) < limits.keep) return;
  const names = listFolder(directory);
  const kept = new Set<string>();
  let inUse = false;
  for (const name of names.filter((each) => RECORD.test(each))) {
    const path = `${directory}/${name}`;
    const record = readRecord(path);
    if (countSessions(path, locks) > 0 || (record !== undefined && isSame(record))) {
      inUse = true;
      if (record?.log !== undefined) kept.add(record.log);
    } else if (ageOf(path) < limits.keep) {
      if (record?.log !== undefined) kept.add(record.log);
      inUse = true;
    } else if (RETIRED.test(name)) {
      remove(path);
    }
  }
  for (const name of names) {
    const path = `${directory}/${name}`;
    if (name.endsWith(".log") && !kept.has(path) && ageOf(path) > limits.keep && remove(path)) swept.logs++;
  }
  if (inUse || names.some((name) => /^\d$/.test(name) && ageOf(`${directory}/${name}`) < limits.keep)) return;
  for (const name of names) remove(`${directory}/${name}`);
  try {
    removeFolder(directory);
    swept.keys++;
  } catch {
    // Somebody came meanwhile.
  }
}

const RECORD = /^\d\.m(?:\.\d+)?$/;
const RETIRED = /^\d\.m\.\d+$/;

/** Seconds since the last change. A clock that jumped makes things older, not younger. */
function ageOf(path: string): number {
  const found = lookAt(path);
  return found === undefined ? 0 : Math.abs(now() - millisecondsOf(found)) / 1000;
}
