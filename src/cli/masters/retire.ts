/** Retires (or ends) one master under its lock, and writes it down. It decides nothing. */
import { journalEvent } from "../../journal/journal.ts";
import { isSame } from "../../master/control-path.ts";
import { retireShard } from "../../master/drain.ts";
import { readRecord } from "../../master/record.ts";
import { endAtOnce } from "../../sys/processes.ts";
import { type Context, needRun } from "../command.ts";
import type { DrainResult, Master } from "../interface.ts";
import { holdLock } from "../lock.ts";
import { findFront } from "../place.ts";

/** How long a dial in progress is waited for. */
const LOCK_SECONDS = 10;

export async function retireMaster(
  context: Context,
  master: Master,
  now: boolean,
  reason: "drain" | "fresh" = "drain",
): Promise<DrainResult> {
  const { destination, key, shard, pid, sessions } = master;
  const about = { destination, key, shard, pid, sessions };
  if (master.state === "draining" || master.state === "orphan") {
    if (!now) return { ...about, result: "draining" };
    endProcess(master);
    journalRetirement(context, master, "ended", reason);
    return { ...about, result: "ended" };
  }
  const lock = await holdLock(findFront(), `key/${key}/${shard}`, LOCK_SECONDS);
  if (!lock) return { ...about, result: "busy" };
  try {
    const place = { number: shard, socket: master.socket ?? "", record: master.record.replace(/\.m\.\d+$/, ".m") };
    const retired = await retireShard(place, reason);
    const ends = now && retired !== "refused" && retired !== "odd";
    if (ends) endProcess({ ...master, record: `${place.record}.${pid}` });
    const result = ends ? "ended" : retired;
    journalRetirement(context, master, result, reason);
    return { ...about, result };
  } finally {
    lock.release();
  }
}

/** By the record's pid, while it is that master; a retired one has no path to take away. */
function endProcess(master: Pick<Master, "record" | "pid">): void {
  const record = readRecord(master.record);
  if (record !== undefined && record.pid === master.pid && isSame(record)) endAtOnce(record.pid);
}

function journalRetirement(context: Context, master: Master, outcome: string, reason: string): void {
  const { destination, key, shard, pid, sessions } = master;
  journalEvent(needRun(context), { event: "retire", ...(destination ? { destination } : {}), key, shard, pid, sessions, reason, outcome });
}
