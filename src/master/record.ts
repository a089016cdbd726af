/** The record of a master (docs/protocol.md), and how many sessions hold a slot of it. */
import { limits, openings } from "../protocol/contract.ts";
import { decodeWord, encodeWord } from "../protocol/paths.ts";
import {
  changeModeOf,
  close,
  exists,
  lookThrough,
  O_CREAT,
  O_NOFOLLOW,
  O_RDWR,
  open,
  rename,
  truncate,
  tryRead,
  writeAll,
} from "../sys/files.ts";
import { decodeLatin1, decodeUtf8, encodeUtf8 } from "../sys/text.ts";

export interface MasterRecord {
  /** The connection key of what it was dialled with. */
  readonly connectionKey: string;
  /** What the alive check answers; 0 when it is not known. */
  readonly pid: number;
  /** Epoch seconds. */
  readonly created: number;
  /** Sessions that the server allows on it, as far as known. */
  readonly limit: number;
  /** The process that called listen(2), as SO_PEERCRED tells it; 0 when it is not known. */
  readonly listener: number;
  /** Seconds; 0 = no bound. */
  readonly persist: number;
  readonly socket: string;
  readonly destination: string;
  readonly log: string | undefined;
  /** Further lines, the control plane's own: name → value. */
  readonly attributes: Readonly<Record<string, string>>;
}

/** Undefined when there is none, or it is empty (a shard that is being waited for) or damaged. */
export function readRecord(path: string): MasterRecord | undefined {
  const bytes = tryRead(path);
  if (bytes === undefined) {
    return undefined;
  }
  const lines = decodeUtf8(bytes.subarray(0, limits.recordBytes)).split("\n");
  const end = lines.indexOf("end");
  if (lines[0] !== openings.record || end < 0) {
    return undefined;
  }
  const said = new Map(lines.slice(1, end).map((line) => splitLine(line)));
  const word = (name: string) => said.get(name) ?? "";
  if (!/^[0-9a-f]{32}$/.test(word("character"))) {
    return undefined;
  }
  try {
    const log = word("log");
    return {
      connectionKey: word("character"),
      pid: readNumber(word("pid")),
      created: readNumber(word("created")),
      limit: readNumber(word("limit")),
      listener: readNumber(word("listener")),
      persist: readNumber(word("persist")),
      socket: word("socket") === "" ? "" : decodeWord(word("socket")),
      destination: word("destination") === "" ? "" : decodeWord(word("destination")),
      log: log === "" || log === "-" ? undefined : decodeWord(log),
      attributes: Object.fromEntries(
        [...said].filter(([name]) => !OWN_LINES.includes(name)).map(([name, value]) => [name, decodeAttribute(value)]),
      ),
    };
  } catch {
    return undefined;
  }
}

/**
 * Writes a record in place, made where it is not there: slots are locks on its inode, so it is
 * never replaced. The caller holds the key's lock. Throws what the file system throws.
 */
export function writeRecord(path: string, record: MasterRecord): void {
  const lines = [
    openings.record,
    `character ${record.connectionKey}`,
    `pid ${record.pid}`,
    `created ${record.created}`,
    `limit ${record.limit}`,
    `listener ${record.listener}`,
    `persist ${record.persist}`,
    `socket ${encodeWord(record.socket)}`,
    `destination ${encodeWord(record.destination)}`,
    `log ${record.log === undefined ? "-" : encodeWord(record.log)}`,
    ...Object.entries(record.attributes).map(([name, value]) => `${name} ${encodeWord(value)}`),
    "end",
    "",
  ];
  writeInPlace(path, lines.join("\n"));
}

/** Makes a record say that nobody is there; its inode, and with it the slots, stays. */
export function clearRecord(path: string): void {
  if (exists(path)) writeInPlace(path, "");
}

/** Renames the record of a master that takes no more sessions; those that run keep their slots. */
export function retireRecord(path: string, pid: number): string | undefined {
  const retired = `${path}.${pid}`;
  try {
    rename(path, retired);
    return retired;
  } catch {
    return undefined;
  }
}

/**
 * How many callers hold a slot of this record file: exact, and right after a SIGKILL too, since the
 * kernel frees locks.
 * @param locks the text of /proc/locks, where several records are counted at once
 */
export function countSessions(path: string, locks = readLocks()): number {
  return countSlots(path, locks, () => true);
}

/** How many of them have a session that the server opened. */
export function countOpened(path: string, locks = readLocks()): number {
  return countSlots(path, locks, ({ opened }) => opened);
}

function countSlots(path: string, locks: string, counts: (slots: Slots) => boolean): number {
  const file = lookThrough(path);
  if (file === undefined) return 0;
  const inode = `${file.inode}`;
  const here = readSlots(locks).filter((slots) => slots.inode === inode);
  const device = `${hex(major(file.device))}:${hex(minor(file.device))}`;
  const exact = here.filter((slots) => slots.device === device);
  // Overlay and btrfs tell stat(2) another device than /proc/locks: the inode has to do.
  return (exact.length > 0 ? exact : here).filter(counts).reduce((sum, slots) => sum + slots.count, 0);
}

/** The kernel's list of locks, or nothing where there is no /proc. */
export function readLocks(): string {
  const bytes = tryRead("/proc/locks");
  return bytes === undefined ? "" : decodeLatin1(bytes);
}

interface Slots {
  device: string;
  inode: string;
  opened: boolean;
  count: number;
}

const OWN_LINES: readonly string[] = ["character", "pid", "created", "limit", "listener", "persist", "socket", "destination", "log"];

function splitLine(line: string): [string, string] {
  const space = line.indexOf(" ");
  return space < 0 ? [line, ""] : [line.slice(0, space), line.slice(space + 1)];
}

/** A claim is a word of ours; what somebody else wrote there is kept as it stands. */
function decodeAttribute(value: string): string {
  try {
    return decodeWord(value);
  } catch {
    return value;
  }
}

function readNumber(text: string): number {
  return /^\d{1,15}$/.test(text) ? Number(text) : 0;
}

function writeInPlace(path: string, text: string): void {
  const bytes = encodeUtf8(text);
  if (bytes.length >= limits.recordBytes) {
    throw new RangeError(`cannot write ${path}: the record is longer than ${limits.recordBytes} bytes`);
  }
  const file = open(path, O_RDWR | O_CREAT | O_NOFOLLOW);
  try {
    changeModeOf(file, 0o600);
    // One write: a front sees the old text or the new one, with what is left after `end`.
    writeAll(file, bytes);
    truncate(file, bytes.length);
  } finally {
    close(file);
  }
}

/** `1: OFDLCK ADVISORY  WRITE -1 fe:00:2146375 4096 4096`; a line with `->` is one who waits. */
function readSlots(locks: string): Slots[] {
  const slots: Slots[] = [];
  for (const line of locks.split("\n")) {
    const found = /^\d+: OFDLCK +\S+ +(READ|WRITE) +-?\d+ ([0-9a-f]+:[0-9a-f]+):(\d+) (\d+) (\d+|EOF)$/.exec(line.trim());
    if (!found || found[5] === "EOF") continue;
    const start = Math.max(Number(found[4]), limits.recordBytes);
    const count = Number(found[5]) - start + 1;
    // Locks of one open file that lie side by side are shown as one range.
    if (count > 0) slots.push({ device: found[2] as string, inode: found[3] as string, opened: found[1] === "READ", count });
  }
  return slots;
}

function major(device: bigint): bigint {
  return ((device >> 8n) & 0xfffn) + ((device >> 32n) & 0xfffff000n);
}

function minor(device: bigint): bigint {
  return (device & 0xffn) + ((device >> 12n) & 0xffffff00n);
}

function hex(value: bigint): string {
  return value.toString(16).padStart(2, "0");
}
