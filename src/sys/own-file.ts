/**
 * Files of ours in the runtime directory, whole or not at all: read only where nobody else could have written them, replaced by a rename.
 * It knows nothing of what they say.
 */
import { closeSync, constants, fstatSync, mkdirSync, openSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";

/** The bytes of a regular file that is this user's, that nobody else may write and that has at most so many bytes; else undefined. */
export function readOwnFile(path: string, most: number): Uint8Array | undefined {
  let file: number;
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    const found = fstatSync(file);
    const ours = found.isFile() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0 && found.size <= most;
    return ours ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  } finally {
    closeSync(file);
  }
}

/** Writes a file (0600) under a temporary name and renames it; its folder (0700) is made where it is missing. Gives whether it is there now; never throws. */
export function replaceFile(path: string, text: string): boolean {
  const temporary = `${dirname(path)}/.${basename(path)}.${process.pid}`;
  try {
    writeNew(temporary, text);
    renameSync(temporary, path);
    return true;
  } catch {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never there.
    }
    return false;
  }
}

/** Opens the folder on the way where it is not there yet: the first file in a fresh RUN. */
function writeNew(path: string, text: string): void {
  try {
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOENT") {
      throw error;
    }
    mkdirSync(dirname(path), { mode: 0o700 });
    writeFileSync(path, text, { mode: 0o600, flag: "wx" });
  }
}
