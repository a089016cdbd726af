/**
 * Learns how many sessions a server allows on one connection, when it refuses one. The front reads
 * the limit in the record, and chooses the shard.
 */
import { now, sleep } from "../sys/clock.ts";
import { modifiedAt, readText, replaceOwnFile } from "../sys/files.ts";
import { countOpened, readRecord, writeRecord } from "./record.ts";

/**
 * again = ask this master once more, it looks like a session that the server had not yet put away;
 * learned = the limit is now `limit`; closed = the server allows none.
 */
export type LimitLesson = { outcome: "again" | "closed" } | { outcome: "learned"; limit: number };

/** A limit that was met is believed for a day: servers are reconfigured. */
const BELIEVED_SECONDS = 86_400;

/** So often a caller comes back to a master that carries no session and still refuses one. */
const PATIENCE = 4;

/**
 * The server refused a session on this shard: learns its limit from how many it carries. The caller
 * holds the shard's lock.
 * @param attempt how often this caller came back before
 */
export async function learnLimit(poolDir: string, recordFile: string, attempt: number): Promise<LimitLesson> {
  const record = readRecord(recordFile);
  if (record === undefined) return { outcome: attempt === 0 ? "again" : "closed" };
  const believed = record.limit;
  const carried = countOpened(recordFile);
  // Somebody learned it meanwhile; or sshd read the end of a session and our request in one go, and
  // counted before it cleared away.
  if (carried >= believed || (carried === believed - 1 && attempt === 0)) return { outcome: "again" };
  if (carried === 0 && attempt > 0) return { outcome: attempt < PATIENCE ? "again" : "closed" };
  // Short sessions come and go faster than they can be counted: then by halves, which never falls
  // far below the truth.
  const limit = (await holdsStill(recordFile, carried)) ? carried : Math.max(carried, Math.ceil(believed / 2));
  writeRecord(recordFile, { ...record, limit });
  // Where it cannot be kept it will be met again.
  replaceOwnFile(limitPath(poolDir), `${limit}\n`);
  return { outcome: "learned", limit };
}

/** The limit that an earlier master of this key met; undefined where none was met lately. */
export function recallLimit(poolDir: string): number | undefined {
  const path = limitPath(poolDir);
  const limit = Number(readText(path));
  const age = (now() - (modifiedAt(path) ?? 0)) / 1000;
  return Number.isInteger(limit) && limit > 0 && age < BELIEVED_SECONDS ? limit : undefined;
}

function limitPath(poolDir: string): string {
  return `${poolDir}/limit`;
}

/** True when the number of open sessions does not change for a moment, and there are any. */
async function holdsStill(recordFile: string, carried: number): Promise<boolean> {
  for (let looks = 0; looks < 3 && carried > 0; looks++) {
    await sleep(15);
    if (countOpened(recordFile) !== carried) return false;
  }
  return carried > 0;
}
