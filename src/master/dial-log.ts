/**
 * A dial's log: the file in which everything is caught that ssh says, and what becomes of it afterwards. It judges no word of it.
 */
import { closeSync, constants, fstatSync, openSync, readSync, renameSync, unlinkSync, writeFileSync, writeSync } from "node:fs";
import type { MasterSpec } from "./spec.ts";

/** A log file, open for appending. */
export interface Log {
  readonly path: string;
  readonly file: number;
}

/** Makes a log of its own for this dial; undefined where the disk does not let us. */
export function openLog(spec: MasterSpec, shard: number): Log | undefined {
  const path = `${spec.poolDir}/${shard}.${Date.now()}${`${process.pid}`.padStart(7, "0")}.log`;
  try {
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL | constants.O_APPEND;
    return { path, file: openSync(path, flags, 0o600) };
  } catch {
    return undefined;
  }
}

/** Every byte in it so far. */
export function readLog(log: Log): Uint8Array {
  const bytes = new Uint8Array(fstatSync(log.file).size);
  for (let at = 0; at < bytes.length; ) {
    const count = readSync(log.file, bytes, at, bytes.length - at, at);
    if (count === 0) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}

/** Keeps the file: a master goes on writing there. */
export function closeLog(log: Log | undefined): void {
  if (log !== undefined) closeSync(log.file);
}

/** Removes it. */
export function discard(log: Log | undefined): void {
  if (log === undefined) return;
  closeSync(log.file);
  remove(log.path);
}

/** Whoever waits for this very connection says the same: each failure is a new inode. On a caller's path others dial with other options. */
export function shareFailure(spec: MasterSpec, bytes: Uint8Array): void {
  const path = `${spec.poolDir}/failed.${spec.connectionKey}`;
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, bytes, { mode: 0o600 });
    renameSync(draft, path);
  } catch {
    remove(draft);
  }
}

/** Writes all of it; a stderr that nobody reads any more is no reason to fail. */
export function writeAll(file: number, bytes: Uint8Array): void {
  try {
    for (let sent = 0; sent < bytes.length; ) sent += writeSync(file, bytes, sent);
  } catch {
    // EPIPE, EBADF: the caller does not want to know.
  }
}

/** Unlinks, where there is something to unlink. */
export function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there.
  }
}

/** Makes an empty file, where it can be made. */
export function writeMark(path: string): void {
  try {
    writeFileSync(path, "", { mode: 0o600 });
  } catch {
    // Then it is found out once more.
  }
}
