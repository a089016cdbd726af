// Finds the connections that outlive their callers, by what /proc says. It ends nothing.
import { readdirSync, readFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import type { Side } from "../support/sides.ts";

/**
 * Pids of processes that name this side (and the host, when one is given) and are nobody's child here: masters, retired or not, and connections
 * that were meant to be one. A command line names both; a master's own title names the path.
 */
export function mastersOf(side: Side, host: string): number[] {
  const parents = new Map<number, number>();
  const named: number[] = [];
  for (const entry of readdirSync("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const stat = read(`/proc/${entry}/stat`);
    const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    parents.set(Number(entry), Number(parent));
    if (state === "Z") continue;
    const line = read(`/proc/${entry}/cmdline`);
    if (line.includes(`${side.directory}/`) && line.includes(host)) named.push(Number(entry));
  }
  const isOurs = (pid: number): boolean => pid === process.pid || (pid > 1 && isOurs(parents.get(pid) ?? 0));
  return named.filter((pid) => !isOurs(pid)).sort((a, b) => a - b);
}

/** How many sockets of this side answer a connect: the connections that a next caller would find. */
export async function countReachable(side: Side): Promise<number> {
  const paths = readdirSync(side.directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isSocket())
    .map((entry) => join(entry.parentPath, entry.name));
  const answers = await Promise.all(paths.map(accepts));
  return answers.filter(Boolean).length;
}

/** What a process waits for, and what it has started: for the report of one that hangs. */
export function describeProcess(pid: number): string {
  const children = read(`/proc/${pid}/task/${pid}/children`).trim();
  const below = children === "" ? "" : `; started: ${children.split(" ").map((child) => `[${describeProcess(Number(child))}]`)}`;
  const words = read(`/proc/${pid}/cmdline`).split("\0").slice(0, 3).join(" ");
  return `hangs in system call ${read(`/proc/${pid}/syscall`).trim().split(" ").slice(0, 3).join(" ")} (${words})${below}`;
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => socket.end(() => resolve(true))).once("error", () => resolve(false));
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return "";
  }
}
