/** What a run left behind, for the tests of masters: the records below it, and its journal. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type MasterRecord, readRecord } from "../../src/master/record.ts";

export interface Found {
  path: string;
  record: MasterRecord;
}

/** Records below a RUN, those of retired masters too. */
export function records(run: string): Found[] {
  return readdirSync(run, { recursive: true, encoding: "utf8" })
    .filter((name) => /\/\d\.m(\.\d+)?$/.test(name))
    .map((name) => ({ path: join(run, name), record: readRecord(join(run, name)) }))
    .filter((found): found is Found => found.record !== undefined);
}

export const journal = (run: string) =>
  readFileSync(join(run, "journal.jsonl"), "utf8")
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
