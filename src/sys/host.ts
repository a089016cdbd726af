/**
 * What the operating system does for the control plane, by Node: the only file that knows Node's modules and globals.
 * Whatever is written on top of it (the other files here) sees system calls, bytes and numbers; what fails throws an Error
 * whose `code` is the errno's name.
 */
import { Buffer } from "node:buffer";
import { spawn, spawnSync } from "node:child_process";
import * as fs from "node:fs";
import type { Beside, Child, Environment, FileStatus, Finished, Program, Talk } from "./types.ts";

export const { O_RDONLY, O_WRONLY, O_RDWR, O_APPEND, O_CREAT, O_EXCL, O_TRUNC, O_NOCTTY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
export const { R_OK, W_OK, X_OK } = fs.constants;

// Files and descriptors.

export const open = (path: string, flags: number, mode = 0o600): number => fs.openSync(path, flags, mode);
export const close = (file: number): void => fs.closeSync(file);
/** How many bytes came, 0 at the end; from a position, or from where the descriptor stands. */
export const read = (file: number, into: Uint8Array, position?: number): number =>
  fs.readSync(file, into, 0, into.length, position ?? null);
export const write = (file: number, bytes: Uint8Array, position?: number): number =>
  fs.writeSync(file, bytes, 0, bytes.length, position ?? null);
export const truncate = (file: number, size: number): void => fs.ftruncateSync(file, size);
export const changeModeOf = (file: number, mode: number): void => fs.fchmodSync(file, mode);
export const statusOf = (file: number): FileStatus => readStatus(fs.fstatSync(file, { bigint: true }));
export const status = (path: string): FileStatus => readStatus(fs.statSync(path, { bigint: true }));
export const linkStatus = (path: string): FileStatus => readStatus(fs.lstatSync(path, { bigint: true }));
export const list = (folder: string): string[] => fs.readdirSync(folder);
export const readLink = (path: string): string => fs.readlinkSync(path);
export const realPath = (path: string): string => fs.realpathSync(path);
export const access = (path: string, mode: number): void => fs.accessSync(path, mode);
export const rename = (from: string, to: string): void => fs.renameSync(from, to);
export const link = (from: string, to: string): void => fs.linkSync(from, to);
export const unlink = (path: string): void => fs.unlinkSync(path);
export const makeFolder = (path: string, mode: number): void => void fs.mkdirSync(path, { mode });
export const removeFolder = (path: string): void => fs.rmdirSync(path);
export const changeMode = (path: string, mode: number): void => fs.chmodSync(path, mode);
export const changeOwner = (path: string, uid: number, gid: number): void => fs.chownSync(path, uid, gid);
/** Sets atime and mtime, in seconds of the epoch. */
export const setTimes = (path: string, seconds: number): void => fs.utimesSync(path, seconds, seconds);

/** Bytes that an ordinary user may still write on the file system of a path. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = fs.statfsSync(path);
  return bavail * bsize;
}

const KINDS: Readonly<Record<number, FileStatus["kind"]>> = {
  32768: "file",
  16384: "directory",
  40960: "link",
  49152: "socket",
  4096: "pipe",
  8192: "character",
  24576: "block",
};

function readStatus(found: fs.BigIntStats): FileStatus {
  const mode = Number(found.mode);
  // Rounded down, as struct timespec is before 1970 too.
  const nanoseconds = ((found.mtimeNs % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  return {
    kind: KINDS[mode & 0o170000] ?? "other",
    mode: mode & 0o7777,
    uid: Number(found.uid),
    gid: Number(found.gid),
    device: found.dev,
    inode: found.ino,
    size: found.size,
    seconds: (found.mtimeNs - nanoseconds) / 1_000_000_000n,
    nanoseconds,
  };
}

// Texts and digests.

export const encodeUtf8 = (text: string): Uint8Array => Buffer.from(text, "utf8");
/** Bytes that are not UTF-8 become U+FFFD. */
export const decodeUtf8 = (bytes: Uint8Array): string => view(bytes).toString("utf8");
export const encodeLatin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");
export const decodeLatin1 = (bytes: Uint8Array): string => view(bytes).toString("latin1");

/** Undefined where the bytes are not UTF-8. */
export function decodeStrictUtf8(bytes: Uint8Array): string | undefined {
  try {
    return STRICT.decode(bytes);
  } catch {
    return undefined;
  }
}

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Hasher {
  update(bytes: Uint8Array): Hasher;
  digest(): Uint8Array;
}

export function sha256(bytes: Uint8Array): Uint8Array {
  // Under Bun by its own global: node:crypto costs 1.4 ms at start-up.
  const { Bun: bun } = globalThis as { Bun?: { CryptoHasher: new (name: string) => Hasher } };
  const hasher = bun ? new bun.CryptoHasher("sha256") : process.getBuiltinModule("node:crypto").createHash("sha256");
  return hasher.update(bytes).digest();
}

// This process.

export const args = (): string[] => process.argv.slice(2);
/** The program that runs: the front lies beside it. */
export const programPath = (): string => process.execPath;
export const environment = (): Environment => process.env;
export const uid = (): number => process.geteuid?.() ?? 0;
export const pid = (): number => process.pid;
/** Throws where it was deleted. */
export const currentFolder = (): string => process.cwd();
export function exit(code: number): never {
  process.exit(code);
}
export const isTerminal = (file: number): boolean => process.getBuiltinModule("node:tty").isatty(file);
export const windowSize = (): { rows: number; columns: number } => ({
  rows: process.stdout.rows || 24,
  columns: process.stdout.columns || 80,
});

/** Calls once, at the first of these signals; without it they end the process. */
export function onSignal(names: readonly ("SIGINT" | "SIGTERM" | "SIGHUP")[], take: () => void): void {
  for (const name of names) process.once(name, take);
}

// Time.

/** Milliseconds of the epoch. */
export const now = (): number => Date.now();
/** Milliseconds since some moment, which no setting of the clock changes. */
export const elapsed = (): number => performance.now();
export const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export function sleepNow(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

// Other processes.

export const kill = (other: number, signal: "SIGKILL" | "SIGTERM"): void => void process.kill(other, signal);

/** Runs a program to its end, and gives what it wrote where that was to be caught. Never throws. */
export function run(program: Program, milliseconds?: number): Finished {
  const catches = (where: Program["stdout"]) => (where === "catch" ? "pipe" : (where ?? "ignore"));
  const done = spawnSync(program.path, [...program.words], {
    argv0: program.name ?? program.path,
    env: { ...(program.environment ?? process.env) },
    stdio: [program.stdin ?? "ignore", catches(program.stdout), catches(program.stderr)],
    maxBuffer: 4 * 1024 * 1024,
    killSignal: "SIGKILL",
    ...(program.folder === undefined ? {} : { cwd: program.folder }),
    ...(milliseconds === undefined ? {} : { timeout: milliseconds }),
  });
  const code = (done.error as { code?: string } | undefined)?.code;
  return {
    code: done.error === undefined ? (done.status ?? undefined) : undefined,
    stdout: done.stdout ?? new Uint8Array(0),
    stderr: done.stderr ?? new Uint8Array(0),
    late: code === "ETIMEDOUT",
    error: code,
  };
}

/** Starts a program and goes on; it does not keep us from ending. Never throws: what cannot be started has ended. */
export function start(program: Beside): Child {
  const none: Child = { pid: 0, ended: Promise.resolve(undefined), spoke: Promise.resolve(false), hangUp() {}, kill() {} };
  try {
    const child = spawn(program.path, [...program.words], {
      argv0: program.name ?? program.path,
      env: { ...(program.environment ?? process.env) },
      stdio: [program.stdin ?? "ignore", program.stdout ?? "ignore", program.stderr ?? "ignore"],
      ...(program.folder === undefined ? {} : { cwd: program.folder }),
    });
    const ended = new Promise<{ code: number | undefined } | undefined>((resolve) => {
      child.once("error", () => resolve(undefined));
      child.once("exit", (code) => resolve({ code: code ?? undefined }));
    });
    const spoke = new Promise<boolean>((resolve) => {
      child.stdout?.once("data", () => resolve(true));
      void ended.then(() => resolve(false));
    });
    const hangUp = () => void child.stdin?.end();
    return { pid: child.pid ?? 0, ended, spoke, hangUp, kill: (signal) => void child.kill(signal) };
  } catch {
    return none;
  }
}

// Unix sockets.

/** Connects, writes, and hands on what comes until `take` has enough, the other side ends, or time is over. Never rejects. */
export function talk(path: string, bytes: Uint8Array, milliseconds: number, take: (bytes: Uint8Array) => boolean): Promise<Talk> {
  return new Promise((resolve) => {
    let connected = false;
    const socket = process.getBuiltinModule("node:net").connect({ path });
    const timer = setTimeout(() => end("late"), milliseconds);
    function end(why: Talk["end"], error?: string): void {
      clearTimeout(timer);
      socket.destroy();
      resolve({ connected, end: why, error });
    }
    socket.on("connect", () => {
      connected = true;
      socket.write(bytes);
    });
    socket.on("data", (chunk: Uint8Array) => {
      if (take(chunk)) end("enough");
    });
    socket.on("end", () => end("eof"));
    socket.on("close", () => end("eof"));
    socket.on("error", (error: { code?: string; message: string }) => end("error", error.code ?? error.message));
  });
}

/** Binds a socket, calls, and takes it away; the errno's name where it cannot be bound. */
export function bindSocket(path: string, whileBound: () => void): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = process.getBuiltinModule("node:net").createServer();
    server.once("error", (error: { code?: string; message: string }) => resolve(error.code ?? error.message));
    server.listen(path, () => {
      whileBound();
      server.close(() => resolve(undefined));
    });
  });
}
