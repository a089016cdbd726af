/** The masters of a runtime directory, by their answers and the kernel's locks. Takes no lock. */
import { loadConfig } from "../../config/config.ts";
import { isSame } from "../../master/control-path.ts";
import { findMuxProcesses } from "../../master/proc.ts";
import { countSessions, type MasterRecord, readLocks, readRecord } from "../../master/record.ts";
import { askAlive } from "../../openssh/mux/client.ts";
import { poolKeyOf } from "../../plan/key.ts";
import { poolDirectory, poolsDirectory } from "../../protocol/paths.ts";
import { now as clock } from "../../sys/clock.ts";
import { listFolder, modifiedAt } from "../../sys/files.ts";
import { type Context, needRun } from "../command.ts";
import type { Master } from "../interface.ts";
import { inspectRun } from "../place.ts";

/** Every master, by destination, key and shard. Takes a second where one is wedged. */
export async function listMasters(context: Context): Promise<Master[]> {
  const locks = readLocks();
  const bases = await listBases(context);
  const found = bases.flatMap((base) => listRecords(base)).map((place) => inspectRecord(place, locks));
  const known = (await Promise.all(found)).filter((master) => master !== undefined);
  const masters = [...known, ...(await findOthers(bases, context.uid, locks, known))];
  return masters.sort(
    (left, right) => compare(left.destination ?? "", right.destination ?? "") || compare(left.key, right.key) || left.shard - right.shard,
  );
}

/** Where folders of keys lie: RUN, and what the setting `dir` names for some host. */
export async function listBases(context: Context): Promise<string[]> {
  const config = await loadConfig(context.env);
  const named = config.read.flatMap(({ sections }) => sections.map(({ values }) => values.dir?.value));
  const others = named.filter((value): value is string => typeof value === "string" && value.startsWith("/"));
  return [...new Set([needRun(context), ...others.filter((base) => inspectRun(base, context.uid) === undefined)])];
}

interface RecordPlace {
  folder: string;
  key: string;
  shard: number;
  path: string;
  retired: boolean;
}

function listRecords(base: string): RecordPlace[] {
  return listFolder(poolsDirectory(base)).flatMap((key) => {
    const folder = poolDirectory(base, key);
    return listFolder(folder).flatMap((name) => {
      const parts = /^(\d+)\.m(\.\d+)?$/.exec(name);
      return parts ? [{ folder, key, shard: Number(parts[1]), path: `${folder}/${name}`, retired: parts[2] !== undefined }] : [];
    });
  });
}

async function inspectRecord(place: RecordPlace, locks: string): Promise<Master | undefined> {
  const record = readRecord(place.path);
  if (record === undefined) return undefined;
  const sessions = countSessions(place.path, locks);
  const gone = place.retired && sessions === 0 && !isSame(record);
  if (gone) return undefined;
  const state = place.retired ? (record.attributes.wedged === undefined ? "draining" : "wedged") : await inspectLive(record);
  const now = clock();
  return {
    destination: record.destination || null,
    key: place.key,
    shard: place.shard,
    pid: record.pid,
    state,
    sessions,
    limit: record.limit || null,
    created: record.created > 0 ? new Date(record.created * 1000).toISOString() : null,
    age_seconds: record.created > 0 ? Math.max(0, Math.round(now / 1000 - record.created)) : null,
    idle_seconds: sessions > 0 ? null : Math.max(0, Math.round((now - (modifiedAt(place.path) ?? now)) / 1000)),
    socket: record.socket || null,
    owner: record.socket.startsWith(`${place.folder}/`) ? "ours" : "caller",
    reason: reasonFor(place, record),
    record: place.path,
    log: record.log ?? null,
  };
}

/** The socket is asked first: in another container /proc does not show the process. */
async function inspectLive(record: MasterRecord): Promise<Master["state"]> {
  const asked = record.socket === "" ? undefined : await askAlive(record.socket);
  if (asked?.ok && asked.reply.type === "alive" && (record.pid === 0 || asked.reply.pid === record.pid)) return "live";
  const lives = isSame(record);
  if (asked && !asked.ok && asked.failure === "timeout") return "wedged";
  return lives ? "orphan" : "dead";
}

function reasonFor(place: RecordPlace, record: MasterRecord): string | null {
  if (record.attributes.wedged !== undefined) return "wedged";
  return record.attributes.why ?? (place.retired ? "drain" : null);
}

/** Masters without a record: on a known path of a caller (foreign), or in our folder (orphans). */
async function findOthers(bases: readonly string[], uid: number, locks: string, known: readonly Master[]): Promise<Master[]> {
  const others: Master[] = [];
  for (const { pid, path } of findMuxProcesses(uid)) {
    if (path === undefined || known.some((master) => master.pid === pid)) continue;
    const home = bases.find((base) => path.startsWith(`${poolsDirectory(base)}/`));
    const own = home === undefined ? undefined : /\/k\/([0-9a-f]{32})\/(\d+)$/.exec(path);
    const key = own?.[1] ?? poolKeyOf(path);
    const folder = bases.map((base) => poolDirectory(base, key)).find((path) => modifiedAt(path) !== undefined);
    if (folder === undefined) continue;
    const record = `${folder}/${own?.[2] ?? 0}.m`;
    const asked = await askAlive(path);
    const answers = asked.ok && asked.reply.type === "alive" && asked.reply.pid === pid;
    const wedged = !asked.ok && asked.failure === "timeout";
    others.push({
      destination: null,
      key,
      shard: Number(own?.[2] ?? 0),
      pid,
      state: wedged ? "wedged" : answers ? "live" : "orphan",
      sessions: countSessions(record, locks),
      limit: null,
      created: null,
      age_seconds: null,
      idle_seconds: null,
      socket: path,
      owner: own ? "ours" : "foreign",
      reason: null,
      record,
      log: null,
    });
  }
  return others;
}

function compare(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
