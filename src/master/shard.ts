/**
 * Learns how many sessions a server allows on one connection, when it refuses one. It opens no session to find out, and leaves the choice
 * of a shard to the front, which reads the limit in the record.
 */
import { readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { countClients } from "./process.ts";
import { readRecord, writeRecord } from "./record.ts";

/**
 * again = ask this master once more, it looks like a session that the server had not yet put away; learned = the limit is now `limit`;
 * closed = the server allows none.
 */
export type Learned = { outcome: "again" | "closed" } | { outcome: "learned"; limit: number };

/** A limit that was met is believed for a day: servers are reconfigured. */
const BELIEVED_SECONDS = 86_400;

/**
 * The server refused a session on this shard: learns its limit from how many it carries. The caller holds the shard's lock.
 * @param attempt how often this caller came back before
 */
export async function learnLimit(keydir: string, recordFile: string, attempt: number): Promise<Learned> {
  const record = readRecord(recordFile);
  if (record === undefined || record.pid === 0) return { outcome: attempt === 0 ? "again" : "closed" };
  const carried = await countCarried(record.pid);
  if (carried === 0) return { outcome: attempt < 2 ? "again" : "closed" };
  // As many as it is known to carry: sshd reads our close and the next open in one go, and counts before it clears away.
  if (carried !== undefined && carried >= record.limit - 1 && attempt === 0) return { outcome: "again" };
  // Short sessions come and go faster than they can be counted: then by halves.
  const limit = Math.max(1, Math.min(carried ?? Math.ceil(record.limit / 2), Math.max(record.limit - 1, 1)));
  writeRecord(recordFile, { ...record, limit });
  rememberLimit(keydir, limit);
  return { outcome: "learned", limit };
}

/** The limit that an earlier master of this key met; undefined where none was met lately. */
export function recallLimit(keydir: string): number | undefined {
  const path = limitPath(keydir);
  try {
    const limit = Number(readFileSync(path, "utf8"));
    const age = Date.now() / 1000 - statSync(path).mtimeMs / 1000;
    return Number.isInteger(limit) && limit > 0 && age < BELIEVED_SECONDS ? limit : undefined;
  } catch {
    return undefined;
  }
}

function rememberLimit(keydir: string, limit: number): void {
  try {
    const draft = `${limitPath(keydir)}.${process.pid}`;
    writeFileSync(draft, `${limit}\n`, { mode: 0o600 });
    renameSync(draft, limitPath(keydir));
  } catch {
    // It will be met again.
  }
}

function limitPath(keydir: string): string {
  return `${keydir}/limit`;
}

/** Connected clients of a master, once the number has held still for a moment; undefined while it does not. */
async function countCarried(pid: number): Promise<number | undefined> {
  let last = countClients(pid);
  for (let looks = 0, still = 0; looks < 10; looks++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    const now = countClients(pid);
    still = now === last ? still + 1 : 0;
    last = now;
    if (still === 2) return now;
  }
  return undefined;
}
