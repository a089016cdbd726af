/**
 * Takes down what a test file (or the demo) started: masters first, as records and processes name them, then sshd, then the directories.
 * Whatever outlives that is killed and reported: `leftovers` is how a run that leaves something behind fails.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { endProcesses, isAlive, killProcessesOf, processesOf } from "./processes.ts";
import { removeTemporary, temporaryDirectories } from "./temporary.ts";

/** The pids of the masters that the records under a runtime directory (SSHIM_DIR) name and that are alive. */
export function mastersOf(run: string): number[] {
  const pids = new Set<number>();
  for (const file of filesBelow(join(run, "k"))) {
    if (!/^\d+\.m(\.\d+)?$/.test(file.slice(file.lastIndexOf("/") + 1))) continue;
    const head = readFileSync(file, "latin1").slice(0, 4096);
    for (const name of ["pid", "listener"]) {
      const pid = Number(new RegExp(`^${name} (\\d+)$`, "m").exec(head)?.[1] ?? 0);
      if (pid > 1 && isAlive(pid)) pids.add(pid);
    }
  }
  return [...pids];
}

/** Ends the masters of one runtime directory, sessions or not, and waits until they are gone. */
export async function endMasters(run: string): Promise<void> {
  const tied = new Set(processesOf(run).map(({ pid }) => pid));
  await endProcesses(mastersOf(run).filter((pid) => tied.has(pid)));
}

/** What is still alive of this process's temporary directories, as "pid command". */
export function leftovers(): string[] {
  return temporaryDirectories().flatMap((directory) => processesOf(directory).map(({ pid, command }) => `${pid} ${command}`));
}

/** Ends everything of this process's temporary directories and removes them. Throws when something had to be killed. */
export async function tearDown(): Promise<void> {
  const stubborn: string[] = [];
  // Twice: the end of a master or of sshd may leave the proxy or the command that it waited for.
  for (let round = 0; round < 2; round++) {
    const found = new Map(temporaryDirectories().flatMap((directory) => processesOf(directory).map(({ pid, command }) => [pid, command])));
    if (found.size === 0) break;
    for (const pid of await endProcesses([...found.keys()])) stubborn.push(`${pid} ${found.get(pid)}`);
  }
  stubborn.push(...leftovers());
  for (const directory of temporaryDirectories()) killProcessesOf(directory);
  removeTemporary();
  if (stubborn.length > 0) throw new Error(`left behind, and killed: ${stubborn.join("; ")}`);
}

/** The last resort, when the process ends without a tear-down. */
process.once("exit", () => {
  for (const directory of temporaryDirectories()) killProcessesOf(directory);
  removeTemporary();
});

function filesBelow(directory: string): string[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
