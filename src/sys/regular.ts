/** Opens files that a person names in a setting: a pipe there must never keep a call waiting. It reads nothing. */
import { closeSync, constants, fstatSync, openSync } from "node:fs";

/**
 * Opens a file for reading; undefined where it is a device (/dev/null), in which nothing is kept. Throws open(2)'s error, or one with the code
 * EFTYPE ("inappropriate file type") for what is neither: a pipe, a directory, a socket.
 */
export function openToRead(path: string): number | undefined {
  // Without O_NONBLOCK a pipe opens when somebody writes to it: perhaps never.
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = fstatSync(fd);
  if (found.isFile()) return fd;
  closeSync(fd);
  if (found.isCharacterDevice()) return undefined;
  throw Object.assign(new Error(`${path} is no regular file`), { code: "EFTYPE" });
}

/** Opens a file for one more line, as the front does (open_journal in src/front/journal.c). Throws open(2)'s error: ENXIO for a pipe that nobody reads. */
export function openToAppend(path: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;
  return openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
}

/** Why a file cannot be opened, in a few words. */
export function whyNot(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  return code === "EFTYPE" ? "it is no regular file" : (code ?? String(error));
}
