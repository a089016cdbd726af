/**
 * What /proc knows of masters and of the processes around them. A process is known by its command
 * line and its start, never by a pid alone.
 */
import { now } from "../sys/clock.ts";
import { pid as ownPid } from "../sys/environment.ts";
import { listFolder, lookThrough, modifiedAt, readLink, tryRead } from "../sys/files.ts";
import { decodeLatin1, decodeUtf8 } from "../sys/text.ts";

/** `started` is in clock ticks since the boot: with the pid it names one process for ever. */
export interface Process {
  readonly pid: number;
  readonly session: number;
  readonly started: number;
}

/** Looks a process up; undefined when it is gone, or a zombie. */
export function lookAtProcess(pid: number): Process | undefined {
  const text = read(`/proc/${pid}/stat`);
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" ");
  if (fields === undefined || fields.length < 20 || fields[0] === "Z" || fields[0] === "X") {
    return undefined;
  }
  return { pid, session: Number(fields[3]), started: Number(fields[19]) };
}

/** True while a process of this pid lives. */
export function lives(pid: number): boolean {
  return pid > 0 && lookAtProcess(pid) !== undefined;
}

/**
 * Finds the process that `ssh -f` left behind: daemon(3) forks it from the one that was started, so
 * it has the same command line.
 * @param parent the pid that was started; the child's is as a rule the next one
 * @param words argv of the parent, from argv[1] on
 */
export function findDaemon(parent: number, words: readonly string[]): Process | undefined {
  // A script in between (`exec /usr/bin/ssh "$@"`) changes what stands before them.
  const ending = `\0${words.join("\0")}\0`;
  const fits = (pid: number) => (readCommand(pid)?.endsWith(ending) ? lookAtProcess(pid) : undefined);
  for (let pid = parent + 1; pid <= parent + 4; pid++) {
    const found = fits(pid);
    if (found) return found;
  }
  // A busy machine: the next pids that are taken, then, where they wrapped, all others.
  const pids = allPids();
  const later = pids.filter((pid) => pid > parent).sort((one, other) => one - other);
  let newest: Process | undefined;
  for (const pid of later) {
    const found = fits(pid);
    if (found) return found;
  }
  for (const pid of pids.filter((each) => each < parent)) {
    const found = fits(pid);
    if (found && found.started >= (newest?.started ?? 0)) newest = found;
  }
  return newest;
}

/** True when the process has a listening Unix socket: a master that lost its path has none. */
export function listens(pid: number): boolean {
  return unixSockets(pid).some(({ listening }) => listening);
}

/** Clients connected to this master, through us or not; undefined where that cannot be seen. */
export function countClients(pid: number): number | undefined {
  const sockets = unixSockets(pid);
  return sockets.length === 0 && listFolder(`/proc/${pid}/fd`).length === 0
    ? undefined
    : sockets.filter(({ connected }) => connected).length;
}

/** True when this process is an ssh that serves, served or was started for this control path. */
export function isMasterOf(pid: number, socket: string): boolean {
  const command = readCommand(pid) ?? "";
  return command.split("\0").includes(socket.replaceAll("%", "%%")) || command.startsWith(`ssh: ${socket} [mux]`);
}

export interface MuxProcess {
  pid: number;
  /** The control path; undefined for `ssh: [stopped mux]`. */
  path: string | undefined;
}

/** Every master process of this uid that /proc shows. */
export function findMuxProcesses(uid: number): MuxProcess[] {
  return processes(uid).flatMap((pid): MuxProcess[] => {
    const title = (readCommand(pid) ?? "").replace(/\0+$/, "");
    if (title === "ssh: [stopped mux]") return [{ pid, path: undefined }];
    const path = /^ssh: (\/.*) \[mux\]$/.exec(title)?.[1];
    return path === undefined ? [] : [{ pid, path }];
  });
}

export interface Holder {
  pid: number;
  /** When it began, in milliseconds of the epoch. */
  since: number;
}

/** Who has a file open, by inode: a record is renamed while its sessions hold it. */
export function findHolders(uid: number, path: string): Holder[] {
  const wanted = identity(path);
  if (wanted === undefined) return [];
  return processes(uid).flatMap((pid) => {
    const holds = listFolder(`/proc/${pid}/fd`).some(
      (name) => readLink(`/proc/${pid}/fd/${name}`).startsWith("/") && identity(`/proc/${pid}/fd/${name}`) === wanted,
    );
    return holds ? [{ pid, since: Math.round(modifiedAt(`/proc/${pid}`) ?? now()) }] : [];
  });
}

function unixSockets(pid: number): { listening: boolean; connected: boolean }[] {
  const sockets = new Map<string, { listening: boolean; connected: boolean }>();
  for (const line of (read("/proc/net/unix") ?? "").split("\n")) {
    // Num RefCount Protocol Flags Type St Inode Path; __SO_ACCEPTCON is 0x10000.
    const fields = line.trim().split(/\s+/);
    if (fields[6] === undefined) continue;
    const listening = fields[3] === "00010000";
    // The third reference is a live peer's; one that is gone, unseen yet, has none.
    sockets.set(`socket:[${fields[6]}]`, { listening, connected: !listening && Number.parseInt(fields[1] ?? "", 16) >= 3 });
  }
  return listFolder(`/proc/${pid}/fd`)
    .map((name) => sockets.get(readLink(`/proc/${pid}/fd/${name}`)))
    .filter((socket) => socket !== undefined);
}

function readCommand(pid: number): string | undefined {
  const bytes = tryRead(`/proc/${pid}/cmdline`);
  return bytes && decodeUtf8(bytes);
}

function read(path: string): string | undefined {
  const bytes = tryRead(path);
  return bytes && decodeLatin1(bytes);
}

function processes(uid: number): number[] {
  return allPids().filter((pid) => pid !== ownPid() && lookThrough(`/proc/${pid}`)?.uid === uid);
}

function allPids(): number[] {
  return listFolder("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function identity(path: string): string | undefined {
  const found = lookThrough(path);
  return found && `${found.device}:${found.inode}`;
}
