/** What a run of the shim left in its runtime directory: records of masters, slots, the journal. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { countOpened, countSessions, type MasterRecord, readRecord } from "../../src/master/record.ts";
import { linesOf } from "./files.ts";
import { isAlive } from "./processes.ts";

export interface FoundRecord {
  path: string;
  record: MasterRecord;
}

/** Records below a runtime directory, those of retired masters too. */
export function recordsOf(run: string): FoundRecord[] {
  return readdirSync(run, { recursive: true, encoding: "utf8" })
    .filter((name) => /\/\d\.m(\.\d+)?$/.test(name))
    .map((name) => ({ path: join(run, name), record: readRecord(join(run, name)) }))
    .filter((found): found is FoundRecord => found.record !== undefined);
}

/** Masters that records name and that live, at their place (not retired). */
export const mastersAt = (run: string): FoundRecord[] =>
  recordsOf(run).filter(({ path, record }) => path.endsWith(".m") && isAlive(record.pid));

/** Sessions that a server has opened, on all masters of a runtime directory. */
export const countOpenedIn = (run: string): number => recordsOf(run).reduce((sum, { path }) => sum + countOpened(path), 0);

/** Slots that callers hold, in session or waiting for one. */
export const countSlotsIn = (run: string): number => recordsOf(run).reduce((sum, { path }) => sum + countSessions(path), 0);

/** The journal's lines: sessions, and the control plane's events. */
export const journalOf = (run: string): Record<string, unknown>[] =>
  linesOf(join(run, "journal.jsonl")).map((line) => JSON.parse(line) as Record<string, unknown>);
