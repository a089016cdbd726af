/**
 * The journal of one runtime directory: appends the control plane's events (one write(2) each, so
 * that a hundred writers tear no line) and reads them back, rotated files included. It never holds
 * a command or a secret, and never fails a call.
 */
import { UserError } from "../fault.ts";
import { journalPath } from "../protocol/paths.ts";
import { now } from "../sys/clock.ts";
import { close, errorCode, millisecondsOf, openToAppend, openToRead, read, statusOf, whyNot, writeAll } from "../sys/files.ts";
import { byteLength, decodeUtf8, joinBytes } from "../sys/text.ts";
import type { ControlEvent, JournalEvent } from "./events.ts";

/** A line is shorter than this, newline included: one write of so much is never torn. */
export const LINE_BYTES = 4096;
/** `.1` is the youngest of the rotated files; a reader looks for so many. */
export const ROTATED = 9;

/** The journal's path under these settings, or undefined when it is switched off. */
export function journalPathFor(run: string, settings?: { journal?: string | undefined }): string | undefined {
  if (settings?.journal === "off") return undefined;
  return settings?.journal?.startsWith("/") ? settings.journal : journalPath(run);
}

/** Appends one event. Never throws: a full disk costs the line, not the call. */
export function journalEvent(run: string, event: ControlEvent, settings?: { journal?: string | undefined }): void {
  const path = journalPathFor(run, settings);
  if (path) appendLine(path, formatEvent(event, new Date(now())));
}

/** The line of an event, newline included, below LINE_BYTES: the longest texts are cut first. */
export function formatEvent(event: ControlEvent, now: Date): string {
  const { event: name, ...rest } = event;
  const fields: Record<string, unknown> = { time: now.toISOString(), event: name, ...rest };
  for (let room = 1024; ; room = Math.floor(room / 2)) {
    const line = `${JSON.stringify(fields)}\n`;
    if (byteLength(line) < LINE_BYTES) return line;
    for (const [key, value] of Object.entries(fields)) {
      if (typeof value === "string" && value.length > room) fields[key] = `${value.slice(0, room)}…`;
    }
  }
}

/**
 * The files of a journal that exist now, oldest first, each opened: a rotation while they are read
 * loses nothing. Throws a UserError where one cannot be read.
 */
export function openJournal(path: string): Array<{ fd: number; path: string; inode: string }> {
  const files: Array<{ fd: number; path: string; inode: string }> = [];
  // From the youngest on: a file that is renamed meanwhile is met twice instead of never.
  for (let index = 0; index <= ROTATED; index++) {
    const name = index === 0 ? path : `${path}.${index}`;
    const fd = openIfThere(name);
    if (fd === undefined) {
      if (index === 0) continue;
      break;
    }
    const inode = `${statusOf(fd).inode}`;
    if (files.some((file) => file.inode === inode)) close(fd);
    else files.push({ fd, path: name, inode });
  }
  return files.reverse();
}

/**
 * Every event since a moment (ISO time, or all of them), oldest file first. Lines that are no JSON
 * are left out and counted in `damaged`. A journal that does not exist is empty; one that cannot be
 * read is a UserError.
 */
export function* readJournal(path: string, since = "", damaged: { count: number } = { count: 0 }): Generator<JournalEvent> {
  const files = openJournal(path);
  try {
    for (const { fd } of files) {
      if (isLongBefore(fd, since)) continue;
      for (const { line } of readLines(fd)) {
        const event = parseEvent(line);
        if (!event) damaged.count++;
        else if (event.time >= since) yield event;
      }
    }
  } finally {
    for (const { fd } of files) close(fd);
  }
}

/** One line as an event; undefined when it is none. */
export function parseEvent(line: string): JournalEvent | undefined {
  try {
    const event = JSON.parse(line) as Partial<JournalEvent> | null;
    return typeof event?.time === "string" && typeof event.event === "string" ? (event as JournalEvent) : undefined;
  } catch {
    return undefined;
  }
}

/** The whole lines of an open file from a position on, each with where it ends. */
export function* readLines(fd: number, from = 0): Generator<{ line: string; end: number }> {
  const chunk = new Uint8Array(65_536);
  let rest = new Uint8Array(0);
  for (let position = from; ; ) {
    const length = read(fd, chunk, position);
    if (length === 0) return;
    const offset = position - rest.length;
    position += length;
    const bytes = joinBytes(rest, chunk.subarray(0, length));
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      if (end > start) yield { line: decodeUtf8(bytes.subarray(start, end)), end: offset + end + 1 };
      start = end + 1;
    }
    rest = bytes.slice(start);
  }
}

/** Nobody wrote to it since a day before: clocks are put back, but not by so much. */
function isLongBefore(fd: number, since: string): boolean {
  return since !== "" && millisecondsOf(statusOf(fd)) + 86_400_000 < Date.parse(since);
}

function appendLine(path: string, line: string): void {
  let fd: number | undefined;
  try {
    fd = openToAppend(path);
    writeAll(fd, line);
  } catch {
    // The journal is a convenience: without it everything else goes on.
  } finally {
    if (fd !== undefined) close(fd);
  }
}

function openIfThere(path: string): number | undefined {
  try {
    return openToRead(path);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error))) return undefined;
    // Without this a journal of somebody else's would say that nothing ever broke.
    throw new UserError("cannot", `cannot read the journal ${path}: ${whyNot(error)}`);
  }
}
