/** What a run of the shim left in its runtime directory: records of masters, slots, the journal. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { countOpened, countSessions, type MasterRecord, readRecord } from "../../src/master/record.ts";
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

/** The journal's lines. */
export function journalOf(run: string): Record<string, unknown>[] {
  const path = join(run, "journal.jsonl");
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** The lines of a file that remote commands write to; none where it is not there. */
export const linesOf = (path: string): string[] => (existsSync(path) ? readFileSync(path, "utf8").split("\n").filter(Boolean) : []);
