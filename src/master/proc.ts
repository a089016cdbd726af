/** Finds masters by the titles that OpenSSH gives them (mux.c: `ssh: <path> [mux]`), whoever made them. It asks and ends none. */
import { now } from "../sys/clock.ts";
import { pid as ownPid } from "../sys/environment.ts";
import { listFolder, lookThrough, modifiedAt, readLink, readText } from "../sys/files.ts";

export interface Titled {
  pid: number;
  /** The control path; undefined for `ssh: [stopped mux]`. */
  path: string | undefined;
}

/** Every master process of this uid that /proc shows. */
export function findTitled(uid: number): Titled[] {
  return processes(uid).flatMap((pid): Titled[] => {
    const title = readText(`/proc/${pid}/cmdline`).replace(/\0+$/, "");
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

/** The processes that have a file open (a record: its sessions), found by inode because records are renamed while they are held. */
export function findHolders(uid: number, path: string): Holder[] {
  const wanted = identity(path);
  if (wanted === undefined) return [];
  return processes(uid).flatMap((pid) => {
    const holds = listFolder(`/proc/${pid}/fd`).some(
      (name) => readLink(`/proc/${pid}/fd/${name}`).startsWith("/") && identity(`/proc/${pid}/fd/${name}`) === wanted,
    );
    return holds ? [{ pid, since: startOf(pid) }] : [];
  });
}

function processes(uid: number): number[] {
  return listFolder("/proc").flatMap((name) =>
    /^\d+$/.test(name) && ownerOf(`/proc/${name}`) === uid && Number(name) !== ownPid() ? [Number(name)] : [],
  );
}

function startOf(pid: number): number {
  return Math.round(modifiedAt(`/proc/${pid}`) ?? now());
}

function identity(path: string): string | undefined {
  const found = lookThrough(path);
  return found && `${found.device}:${found.inode}`;
}

function ownerOf(path: string): number | undefined {
  return lookThrough(path)?.uid;
}
