/**
 * Finds and ends the processes that a test started, masters included, by the temporary directory they belong to.
 * It ends nothing that has no such tie, and always by pid.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { poll } from "./temporary.ts";

export interface FoundProcess {
  pid: number;
  /** the command line, for a report */
  command: string;
}

/**
 * Every live process, other than this one and those above it, that names `directory` in its command line, its environment,
 * its working directory or an open descriptor. (A master that set its title has no environment to read any more.)
 */
export function processesOf(directory: string): FoundProcess[] {
  const above = ancestors(process.pid);
  return allPids()
    .filter((pid) => !above.has(pid) && belongsTo(pid, directory))
    .map((pid) => ({ pid, command: commandOf(pid) }));
}

/** `pid` and everything below it, children before grandchildren. */
export function processTree(pid: number): number[] {
  const children = new Map<number, number[]>();
  for (const candidate of allPids()) {
    const parent = parentOf(candidate);
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), candidate]);
  }
  const tree = [pid];
  for (let index = 0; index < tree.length; index++) tree.push(...(children.get(tree[index] as number) ?? []));
  return tree;
}

/** True while the process exists and is no zombie. */
export function isAlive(pid: number): boolean {
  const state = statusFields(pid)?.[0];
  return state !== undefined && state !== "Z" && state !== "X";
}

/** Sends a signal; a process that is gone already is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/**
 * Ends processes: SIGTERM (and SIGCONT, for a stopped one), then SIGKILL for those still there after `patience` ms.
 * Returns the pids that needed SIGKILL.
 */
export async function endProcesses(pids: readonly number[], patience = 3000): Promise<number[]> {
  for (const pid of pids) {
    signal(pid, "SIGTERM");
    signal(pid, "SIGCONT");
  }
  const remaining = () => pids.filter(isAlive);
  await poll(() => remaining().length === 0, "their end", patience).catch(() => undefined);
  const stubborn = remaining();
  for (const pid of stubborn) signal(pid, "SIGKILL");
  await poll(() => remaining().length === 0, `the end of ${stubborn.join(", ")}`, 3000);
  return stubborn;
}

/** Ends everything of `directory` at once with SIGKILL, without waiting: for a process that is about to exit itself. */
export function killProcessesOf(directory: string): void {
  for (const { pid } of processesOf(directory)) signal(pid, "SIGKILL");
}

function allPids(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
}

function ancestors(pid: number): Set<number> {
  const above = new Set<number>();
  for (let current: number | undefined = pid; current !== undefined && current > 0 && !above.has(current); current = parentOf(current)) {
    above.add(current);
  }
  return above;
}

function belongsTo(pid: number, directory: string): boolean {
  const names = (text: string | undefined) => {
    for (let at = text?.indexOf(directory) ?? -1; text !== undefined && at >= 0; at = text.indexOf(directory, at + 1)) {
      if (!/[\w-]/.test(text.charAt(at + directory.length))) return true;
    }
    return false;
  };
  if (!isAlive(pid)) return false;
  if (names(readText(`/proc/${pid}/cmdline`)) || names(readText(`/proc/${pid}/environ`)) || names(readLink(`/proc/${pid}/cwd`)))
    return true;
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => names(readLink(`/proc/${pid}/fd/${descriptor}`)));
  } catch {
    return false;
  }
}

function parentOf(pid: number): number | undefined {
  const parent = statusFields(pid)?.[1];
  return parent === undefined ? undefined : Number(parent);
}

/** The fields of /proc/PID/stat from the state on; the name before them may hold anything. */
function statusFields(pid: number): string[] | undefined {
  const text = readText(`/proc/${pid}/stat`);
  return text
    ?.slice(text.lastIndexOf(")") + 2)
    .trim()
    .split(" ");
}

function commandOf(pid: number): string {
  return (readText(`/proc/${pid}/cmdline`) ?? "").replaceAll("\0", " ").trim();
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, "latin1");
  } catch {
    return undefined;
  }
}

function readLink(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch {
    return undefined;
  }
}
