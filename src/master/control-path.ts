/**
 * Makes room at a control path before a dial: a stale socket goes, a wedged master is put out of
 * the way, one that answers stays. No process that may carry a session is ended, and nothing but a
 * socket is removed.
 */
import { askAlive } from "../openssh/mux/client.ts";
import { now, nowSeconds, sleep } from "../sys/clock.ts";
import { exists, isSocket, remove, rename } from "../sys/files.ts";
import { endAtOnce } from "../sys/processes.ts";
import { countClients, isMasterOf, lives, lookAtProcess } from "./proc.ts";
import { clearRecord, type MasterRecord, readRecord, retireRecord, writeRecord } from "./record.ts";
import type { MasterSpec } from "./spec.ts";

/** live = a master answers, and its record says so; odd = something that is not ours to touch. */
export type PathState = "clear" | "live" | "odd";

/**
 * Looks at what is on the path and makes room where that is right. The caller holds the shard's
 * lock. Takes a second at most.
 */
export async function clearPath(spec: MasterSpec, socket: string, record: string): Promise<PathState> {
  const until = now() + 1000;
  for (;;) {
    if (!isSocket(socket)) return exists(socket) ? "odd" : "clear";
    const asked = await askAlive(socket, Math.max(until - now(), 50));
    if (asked.ok) {
      return asked.reply.type === "alive" && adopt(spec, socket, record, asked.reply.pid) ? "live" : "odd";
    }
    switch (asked.failure) {
      case "none":
        return "clear";
      case "refused":
        removeStale(socket);
        return "clear";
      case "timeout":
        quarantine(socket, record);
        return "clear";
      case "eof":
        // It is just leaving: its socket goes within a moment, or stays behind refused.
        if (now() >= until) return "odd";
        await sleep(10);
        break;
      default:
        return "odd";
    }
  }
}

/**
 * Puts a wedged master's path out of the way, so that the next one can be made. Its sessions are
 * left alone; where it carries none of anybody, it is ended: it would unlink its successor's socket
 * if it ever went on.
 */
export function quarantine(socket: string, recordFile: string): void {
  const record = readRecord(recordFile);
  const aside = `${recordFile.slice(0, -".m".length)}.wedged`;
  try {
    rename(socket, aside);
  } catch {
    // Another file system: nothing of ours may lie beside a caller's path, so the name goes.
    remove(socket);
  }
  if (record === undefined) return;
  if (endUnused(record)) {
    remove(aside);
    clearRecord(recordFile);
    return;
  }
  writeRecord(recordFile, { ...record, attributes: { ...record.attributes, wedged: `${nowSeconds()}` } });
  retireRecord(recordFile, record.pid);
}

/**
 * Leaves the record of a master that is not on its path any more: kept under its pid while it
 * lives, cleared otherwise.
 * @param orderly its path was gone already: it took it away itself
 */
export function leaveRecord(recordFile: string, orderly: boolean): void {
  const record = readRecord(recordFile);
  if (record !== undefined && !endUnused(record) && isSame(record)) {
    retireRecord(recordFile, record.pid);
    return;
  }
  if (record?.log !== undefined) keepPostmortem(recordFile, record, orderly);
  clearRecord(recordFile);
}

/** A copy of a dead master's record, so that whoever lost a session on it still finds its log. */
function keepPostmortem(recordFile: string, record: MasterRecord, orderly: boolean): void {
  try {
    const attributes = { ...record.attributes, died: `${nowSeconds()}`, orderly: orderly ? "1" : "0" };
    writeRecord(`${recordFile}.${record.pid}`, { ...record, attributes: attributes });
  } catch {
    // A full disk: then there is none.
  }
}

/**
 * Ends a master that nobody can reach any more and that nobody is connected to: at its end it would
 * unlink its successor's socket by name (cleanup_exit in clientloop.c), which SIGKILL does not let
 * it do. False when it is not that master, or may carry a session.
 */
function endUnused(record: MasterRecord): boolean {
  // Slots do not tell: whoever asks for the next master holds one already.
  if (!isSame(record) || countClients(record.pid) !== 0) return false;
  endAtOnce(record.pid);
  return true;
}

/** True while the process of a record is that master still, not another of the same pid. */
export function isSame(record: MasterRecord): boolean {
  const found = record.pid > 0 ? lookAtProcess(record.pid) : undefined;
  if (found === undefined) return false;
  return record.attributes.started !== undefined ? record.attributes.started === `${found.started}` : isMasterOf(record.pid, record.socket);
}

/**
 * A master answers whose record is not (or no longer) there: on our own path it is written anew,
 * since only we make masters there; on a caller's path it is somebody else's, and has no record.
 * False where it can be neither.
 */
function adopt(spec: MasterSpec, socket: string, recordFile: string, pid: number): boolean {
  const record = readRecord(recordFile);
  if (record?.pid === pid) return true;
  if (record !== undefined) leaveRecord(recordFile, false);
  if (!socket.startsWith(`${spec.pool.dir}/`)) {
    clearRecord(recordFile);
    return true;
  }
  if (spec.pool.key !== spec.connectionKey) return false;
  writeRecord(recordFile, {
    connectionKey: spec.connectionKey,
    pid,
    created: nowSeconds(),
    limit: spec.settings.max_sessions,
    listener: 0,
    persist: spec.persist,
    socket,
    destination: spec.destination,
    log: undefined,
    attributes: lives(pid) ? { started: `${lookAtProcess(pid)?.started ?? ""}` } : {},
  });
  return true;
}

/** Somebody may have put a live one there since we looked: look again right before. */
function removeStale(socket: string): void {
  if (isSocket(socket)) remove(socket);
}
