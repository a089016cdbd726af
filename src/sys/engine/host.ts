/**
 * What the operating system does for the control plane, by the host functions of the engine (the C files here): it stands in the
 * place of ../host.ts when the program is put together.
 */
import "./polyfills.ts";
import type { FileStatus, Talk } from "../types.ts";
import { type Status, system } from "./system.ts";
import { readable } from "./waiting.ts";

export { environment } from "./environment.ts";
export { kill, run, start } from "./processes.ts";
export { onSignal, sleep } from "./waiting.ts";

export const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_TRUNC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = system;
export const { R_OK, W_OK, X_OK } = system;

// Files and descriptors.

export const { access, changeMode, changeModeOf, changeOwner, close, freeBytes, link, list, makeFolder, readLink, realPath } = system;
export const { removeFolder, rename, setTimes, truncate, unlink } = system;

export const open = (path: string, flags: number, mode = 0o600): number => system.open(path, flags, mode);
export const read = (file: number, into: Uint8Array, position = -1): number => system.read(file, into, position);
export const write = (file: number, bytes: Uint8Array, position = -1): number => system.write(file, bytes, position);
export const statusOf = (file: number): FileStatus => readStatus(system.statusOf(file));
export const status = (path: string): FileStatus => readStatus(system.status(path));
export const linkStatus = (path: string): FileStatus => readStatus(system.linkStatus(path));

const KINDS: Readonly<Record<number, FileStatus["kind"]>> = {
  32768: "file",
  16384: "directory",
  40960: "link",
  49152: "socket",
  4096: "pipe",
  8192: "character",
  24576: "block",
};

function readStatus([mode, uid, gid, device, inode, size, seconds, nanoseconds]: Status): FileStatus {
  return { kind: KINDS[mode & 0o170000] ?? "other", mode: mode & 0o7777, uid, gid, device, inode, size, seconds, nanoseconds };
}

// Texts and digests.

export const { decodeLatin1, encodeLatin1, encodeUtf8, sha256 } = system;
export const decodeUtf8 = (bytes: Uint8Array): string => system.decodeUtf8(bytes);
export const decodeStrictUtf8 = (bytes: Uint8Array): string | undefined => system.decodeUtf8(bytes, true);

// This process.

export const { currentFolder, isTerminal, pid, uid } = system;
export const args = (): string[] => system.words;
export const programPath = (): string => system.readLink("/proc/self/exe");

export function exit(code: number): never {
  return system.exit(code);
}

export function windowSize(): { rows: number; columns: number } {
  const [rows, columns] = system.windowSize();
  return { rows: rows || 24, columns: columns || 80 };
}

// Time.

export const { elapsed, now } = system;

export function sleepNow(milliseconds: number): void {
  const until = elapsed() + milliseconds;
  for (let left = milliseconds; left > 0; left = until - elapsed()) system.poll([], left);
}

// Unix sockets.

export async function talk(path: string, bytes: Uint8Array, milliseconds: number, take: (bytes: Uint8Array) => boolean): Promise<Talk> {
  const until = elapsed() + milliseconds;
  let socket: number | undefined;
  try {
    socket = system.connect(path);
    // It is short: a socket has room for it at once.
    write(socket, bytes);
    const chunk = new Uint8Array(4096);
    for (;;) {
      if (!(await readable(socket, until))) return { connected: true, end: "late", error: undefined };
      const count = read(socket, chunk);
      if (count === 0) return { connected: true, end: "eof", error: undefined };
      if (take(chunk.subarray(0, count))) return { connected: true, end: "enough", error: undefined };
    }
  } catch (error) {
    return { connected: socket !== undefined, end: "error", error: (error as { code: string }).code };
  } finally {
    if (socket !== undefined) close(socket);
  }
}

export async function bindSocket(path: string, whileBound: () => void): Promise<string | undefined> {
  let socket: number;
  try {
    socket = system.bind(path);
  } catch (error) {
    return (error as { code: string }).code;
  }
  whileBound();
  close(socket);
  try {
    unlink(path);
  } catch {
    // Gone already.
  }
  return undefined;
}
