/** A dial's log: the file in which everything is caught that ssh says, and what becomes of it. */
import { now } from "../sys/clock.ts";
import { pid } from "../sys/environment.ts";
import { close, O_APPEND, O_CREAT, O_EXCL, O_RDWR, open, read, remove, replaceOwnFile, statusOf, writeAll } from "../sys/files.ts";
import type { MasterSpec } from "./spec.ts";

/** A log file, open for appending. */
export interface Log {
  readonly path: string;
  readonly file: number;
}

/** Makes a log of its own for this dial; undefined where the disk does not let us. */
export function openLog(spec: MasterSpec, shard: number): Log | undefined {
  const path = `${spec.pool.dir}/${shard}.${now()}${`${pid()}`.padStart(7, "0")}.log`;
  try {
    return { path, file: open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND) };
  } catch {
    return undefined;
  }
}

/** Every byte in it so far. */
export function readLog(log: Log): Uint8Array {
  const bytes = new Uint8Array(Number(statusOf(log.file).size));
  for (let at = 0; at < bytes.length; ) {
    const count = read(log.file, bytes.subarray(at), at);
    if (count === 0) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}

/** Keeps the file: a master goes on writing there. */
export function closeLog(log: Log | undefined): void {
  if (log !== undefined) close(log.file);
}

/** Removes it. */
export function discard(log: Log | undefined): void {
  if (log === undefined) return;
  close(log.file);
  remove(log.path);
}

/** Who waits for this very connection says the same: each failure is a new inode. */
export function shareFailure(spec: MasterSpec, bytes: Uint8Array): void {
  replaceOwnFile(`${spec.pool.dir}/failed.${spec.connectionKey}`, bytes);
}

/** Writes all of it; a stderr that nobody reads any more is no reason to fail. */
export function show(file: number, bytes: Uint8Array): void {
  try {
    writeAll(file, bytes);
  } catch {
    // EPIPE, EBADF: the caller does not want to know.
  }
}
