/** Finds out what became of a master whose session was lost, and what its last words were. */
import { lastWords } from "../openssh/messages.ts";
import { askAlive } from "../openssh/mux/client.ts";
import { now, sleep } from "../sys/clock.ts";
import { exists, listFolder, tryRead } from "../sys/files.ts";
import { decodeLatin1 } from "../sys/text.ts";
import { isSame } from "./control-path.ts";
import type { Shard } from "./drain.ts";
import { type MasterRecord, readRecord } from "./record.ts";

export interface Loss {
  /** lives = only the command died, of a signal; died = the connection is gone. */
  readonly master: "lives" | "died" | "unknown";
  /** What the real ssh would have written on stderr when it lost its connection. */
  readonly words: string;
  /** For the journal: what this rests on. */
  readonly evidence: string;
  readonly pid: number;
}

/** How long a process may take from closing its sockets to its end (milliseconds). */
const LEAVING = 300;

/**
 * What became of the master of this shard.
 * @param pid of the master that carried the session, 0 where it is not known: then the last one
 * that died
 */
export async function explainLoss(shard: Shard, poolDir: string, pid: number): Promise<Loss> {
  const found = findRecord(shard, poolDir, pid);
  if (found === undefined) return { master: "unknown", words: "", evidence: "no record", pid };
  const { record, retired } = found;
  const about = { pid: record.pid };
  if (!(await isGone(record, retired))) return { ...about, master: "lives", words: "", evidence: "it answers" };
  const words = lastWords(readFrom(record.log, Number(record.attributes.said ?? 0)));
  if (words !== "") return { ...about, master: "died", words, evidence: words.trimEnd().split(/\r?\n/).at(-1) ?? "" };
  // In good order it takes its path away; its words then go to /dev/null (clientloop.c).
  const orderly = !retired && record.log !== undefined && record.attributes.wedged === undefined && tookItsPath(record);
  if (!orderly) return { ...about, master: "died", words: "", evidence: retired ? "retired, and gone" : "gone without a word" };
  const host = record.attributes.host ?? record.destination.replace(/^.*@/, "").replace(/:\d+$/, "");
  return { ...about, master: "died", words: `Connection to ${host} closed by remote host.\r\n`, evidence: "it took its path away" };
}

interface FoundRecord {
  readonly record: MasterRecord;
  readonly retired: boolean;
}

function findRecord(shard: Shard, poolDir: string, pid: number): FoundRecord | undefined {
  const all = [shard.record, ...retiredRecords(shard, poolDir)]
    .map((path) => ({ record: readRecord(path), retired: path !== shard.record }))
    .filter((found): found is FoundRecord => found.record !== undefined)
    .map((found) => ({ ...found, retired: found.retired && found.record.attributes.died === undefined }));
  if (pid > 0) return all.find(({ record }) => record.pid === pid);
  const dead = all.filter(({ record }) => !isSame(record)).sort((one, other) => other.record.created - one.record.created);
  return dead[0] ?? all[0];
}

function retiredRecords(shard: Shard, poolDir: string): string[] {
  return listFolder(poolDir)
    .filter((name) => name.startsWith(`${shard.number}.m.`))
    .map((name) => `${poolDir}/${name}`);
}

/** A process closes its sockets a moment before it is gone, so a live one is asked. */
async function isGone(record: MasterRecord, retired: boolean): Promise<boolean> {
  if (!isSame(record)) return true;
  if (!retired && (await askAlive(record.socket)).ok) return false;
  for (const until = now() + LEAVING; now() < until; ) {
    if (!isSame(record)) return true;
    await sleep(5);
  }
  return !isSame(record);
}

/** Whoever made the next master noted whether the path was still there. */
function tookItsPath(record: MasterRecord): boolean {
  return record.attributes.orderly !== undefined ? record.attributes.orderly === "1" : !exists(record.socket);
}

function readFrom(path: string | undefined, offset: number): string {
  const bytes = path === undefined ? undefined : tryRead(path);
  return bytes === undefined ? "" : decodeLatin1(bytes.subarray(offset));
}
