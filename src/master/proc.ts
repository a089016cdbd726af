/** Finds masters by the titles that OpenSSH gives them (mux.c: `ssh: <path> [mux]`), whoever made them. It asks and ends none. */
import { readlinkSync, statSync } from "node:fs";
import { listFolder, readText } from "../sys/folder.ts";

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
      (name) => link(`/proc/${pid}/fd/${name}`).startsWith("/") && identity(`/proc/${pid}/fd/${name}`) === wanted,
    );
    return holds ? [{ pid, since: startOf(pid) }] : [];
  });
}

function processes(uid: number): number[] {
  return listFolder("/proc").flatMap((name) =>
    /^\d+$/.test(name) && ownerOf(`/proc/${name}`) === uid && Number(name) !== process.pid ? [Number(name)] : [],
  );
}

function startOf(pid: number): number {
  try {
    return Math.round(statSync(`/proc/${pid}`).ctimeMs);
  } catch {
    return Date.now();
  }
}

function identity(path: string): string | undefined {
  try {
    const { dev, ino } = statSync(path);
    return `${dev}:${ino}`;
  } catch {
    return undefined;
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return statSync(path).uid;
  } catch {
    return undefined;
  }
}

function link(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
