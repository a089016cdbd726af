/**
 * Files, as the control plane uses them. What may be gone at any moment is looked at by functions that never throw; files of ours
 * are read only where nobody else could have written them, and replaced by a rename, so that nobody reads half of one.
 */
import * as host from "./host.ts";
import { decodeUtf8, encodeUtf8 } from "./text.ts";
import type { FileStatus } from "./types.ts";

export {
  access,
  changeMode,
  changeModeOf,
  changeOwner,
  close,
  freeBytes,
  link,
  linkStatus,
  makeFolder,
  O_APPEND,
  O_CREAT,
  O_EXCL,
  O_NOCTTY,
  O_NOFOLLOW,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  open,
  R_OK,
  read,
  realPath,
  removeFolder,
  rename,
  setTimes,
  status,
  statusOf,
  truncate,
  unlink,
  W_OK,
  write,
  X_OK,
} from "./host.ts";
export type { FileStatus } from "./types.ts";

/** The name of an errno, or the error's own words. */
export function errorCode(error: unknown): string {
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? code : String(error);
}

// Looking; nothing here throws.

/** lstat(2): what cannot be looked at is not there. */
export function lookAt(path: string): FileStatus | undefined {
  return attempt(() => host.linkStatus(path));
}

/** stat(2), which follows links: what cannot be looked at is not there. */
export function lookThrough(path: string): FileStatus | undefined {
  return attempt(() => host.status(path));
}

/** Whether a name is taken, also by a link that leads nowhere. */
export function exists(path: string): boolean {
  return lookAt(path) !== undefined;
}

export function isSocket(path: string): boolean {
  return lookAt(path)?.kind === "socket";
}

/** The names in a folder. */
export function listFolder(path: string): string[] {
  return attempt(() => host.list(path)) ?? [];
}

/** Where a link leads; empty where it is none. */
export function readLink(path: string): string {
  return attempt(() => host.readLink(path)) ?? "";
}

/** A file's text; empty where it cannot be read. */
export function readText(path: string): string {
  const bytes = tryRead(path);
  return bytes === undefined ? "" : decodeUtf8(bytes);
}

/** A file's bytes; undefined where it cannot be read. */
export function tryRead(path: string): Uint8Array | undefined {
  return attempt(() => readFile(path));
}

/** mtime in milliseconds of the epoch. */
export function modifiedAt(path: string): number | undefined {
  const found = lookThrough(path);
  return found && millisecondsOf(found);
}

/** Its mtime in milliseconds of the epoch. */
export function millisecondsOf(found: FileStatus): number {
  return Number(found.seconds) * 1000 + Number(found.nanoseconds) / 1e6;
}

function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch {
    return undefined;
  }
}

// Reading and writing whole files.

/** A file's bytes. Throws. */
export function readFile(path: string): Uint8Array {
  const file = host.open(path, host.O_RDONLY);
  try {
    return readAll(file);
  } finally {
    host.close(file);
  }
}

/** What is left to read of an open file. Throws. */
export function readAll(file: number): Uint8Array {
  // In /proc a file says that it is empty: so until a read brings nothing.
  let bytes = new Uint8Array(Number(host.statusOf(file).size) + 1);
  let length = 0;
  for (;;) {
    const count = host.read(file, bytes.subarray(length));
    if (count === 0) return bytes.subarray(0, length);
    length += count;
    if (length === bytes.length) {
      const wider = new Uint8Array(Math.max(4096, length * 2));
      wider.set(bytes);
      bytes = wider;
    }
  }
}

/** Writes all of it, a text as UTF-8. Throws. */
export function writeAll(file: number, what: Uint8Array | string): void {
  const bytes = typeof what === "string" ? encodeUtf8(what) : what;
  for (let sent = 0; sent < bytes.length; ) sent += host.write(file, bytes.subarray(sent));
}

/** Makes a file that was not there (0600). Throws. */
export function writeNewFile(path: string, what: Uint8Array | string): void {
  writeTo(host.open(path, host.O_WRONLY | host.O_CREAT | host.O_EXCL), what);
}

/** Writes a file over what was there, not by a rename. Throws. */
export function writeFile(path: string, what: Uint8Array | string, mode = 0o600): void {
  writeTo(host.open(path, host.O_WRONLY | host.O_CREAT | host.O_TRUNC, mode), what);
}

function writeTo(file: number, what: Uint8Array | string): void {
  try {
    writeAll(file, what);
  } finally {
    host.close(file);
  }
}

/** Writes a file of somebody's own under a temporary name and renames it. Throws. */
export function replaceFile(path: string, what: Uint8Array | string, mode: number): void {
  const temporary = `${path}.${host.pid()}.tmp`;
  writeFile(temporary, what, mode);
  host.rename(temporary, path);
}

// Files of ours in the runtime directory.

/** The bytes of a regular file that is this user's, that nobody else may write and that has at most so many bytes; else undefined. */
export function readOwnFile(path: string, most: number): Uint8Array | undefined {
  return attempt(() => {
    const file = host.open(path, host.O_RDONLY | host.O_NOFOLLOW | host.O_NONBLOCK);
    try {
      const { kind, uid, mode, size } = host.statusOf(file);
      const ours = kind === "file" && uid === host.uid() && (mode & 0o022) === 0 && size <= most;
      return ours ? readAll(file) : undefined;
    } finally {
      host.close(file);
    }
  });
}

/** Replaces a file of ours (0600); its folder (0700) is made where it is missing. Returns whether it is there now; never throws. */
export function replaceOwnFile(path: string, what: Uint8Array | string): boolean {
  const temporary = `${dirname(path)}/.${basename(path)}.${host.pid()}`;
  try {
    try {
      writeNewFile(temporary, what);
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
      // The first file in a fresh RUN.
      host.makeFolder(dirname(path), 0o700);
      writeNewFile(temporary, what);
    }
    host.rename(temporary, path);
    return true;
  } catch {
    remove(temporary);
    return false;
  }
}

/** Makes an empty file, where it can be made. */
export function writeMark(path: string): void {
  attempt(() => writeFile(path, ""));
}

/** Unlinks. Returns whether there was something to unlink; never throws. */
export function remove(path: string): boolean {
  return attempt(() => host.unlink(path) ?? true) ?? false;
}

/** Removes a folder and what is in it, as far as that can be done; follows no link, never throws. */
export function removeTree(path: string): void {
  if (lookAt(path)?.kind !== "directory") {
    remove(path);
    return;
  }
  for (const name of listFolder(path)) removeTree(`${path}/${name}`);
  attempt(() => host.removeFolder(path));
}

/** Makes a folder and those above it. Throws where one is neither there nor to be made. */
export function makeFolders(path: string, mode: number): void {
  try {
    host.makeFolder(path, mode);
  } catch (error) {
    const code = errorCode(error);
    if (code === "EEXIST" && lookThrough(path)?.kind === "directory") return;
    if (code !== "ENOENT" || dirname(path) === path) throw error;
    makeFolders(dirname(path), mode);
    makeFolders(path, mode);
  }
}

/** Makes a folder (0700) with a name of its own that begins so. Throws. */
export function makeTemporaryFolder(beginning: string): string {
  for (let tries = 0; ; tries++) {
    const path = `${beginning}${Math.floor(Math.random() * 2 ** 40).toString(36)}`;
    try {
      host.makeFolder(path, 0o700);
      return path;
    } catch (error) {
      if (errorCode(error) !== "EEXIST" || tries > 9) throw error;
    }
  }
}

// Files that a person names in a setting: a pipe there must never keep a call waiting.

/**
 * Opens a file for reading; undefined where it is a device (/dev/null), in which nothing is kept. Throws open(2)'s error, or one with the code
 * EFTYPE ("inappropriate file type") for what is neither: a pipe, a directory, a socket.
 */
export function openToRead(path: string): number | undefined {
  // Without O_NONBLOCK a pipe opens when somebody writes to it: perhaps never.
  const file = host.open(path, host.O_RDONLY | host.O_NONBLOCK);
  const { kind } = host.statusOf(file);
  if (kind === "file") return file;
  host.close(file);
  if (kind === "character") return undefined;
  throw Object.assign(new Error(`${path} is not a regular file`), { code: "EFTYPE" });
}

/** Opens a file for one more line, as the front does (open_journal in src/front/journal.c). Throws open(2)'s error: ENXIO for a pipe that nobody reads. */
export function openToAppend(path: string): number {
  return host.open(path, host.O_WRONLY | host.O_APPEND | host.O_CREAT | host.O_NOFOLLOW | host.O_NONBLOCK);
}

/** Why a file cannot be opened, in a few words. */
export function whyNot(error: unknown): string {
  const code = errorCode(error);
  return code === "EFTYPE" ? "it is not a regular file" : code;
}

// Names.

/** The folder of a path. */
export function dirname(path: string): string {
  const end = path.replace(/(?<=.)\/+$/, "").lastIndexOf("/");
  return end < 0 ? "." : path.slice(0, end).replace(/(?<=.)\/+$/, "") || "/";
}

/** The last part of a path. */
export function basename(path: string): string {
  const whole = path.replace(/(?<=.)\/+$/, "");
  return whole.slice(whole.lastIndexOf("/") + 1);
}

/** Puts names together; `..` takes the one before away. */
export function join(...names: string[]): string {
  const parts: string[] = [];
  for (const part of names.join("/").split("/")) {
    if (part === ".." && parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `${names.find((name) => name !== "")?.startsWith("/") ? "/" : ""}${parts.join("/")}`;
}
