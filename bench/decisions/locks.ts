// What a lock costs when nobody wants it, and how long it stays lost after its holder was killed. It judges nothing.
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { median } from "../support/statistics.ts";

export interface LockFigures {
  kind: string;
  /** microseconds for opening, locking and freeing */
  cost: number;
  /** milliseconds from SIGKILL of the holder to the waiter's having it; one figure a run */
  takeOver: number[];
}

interface Kind {
  name: string;
  words(mode: "hold" | "wait" | "cost", file: string, count: number): string[];
  runs: number;
  costRounds: number;
}

/** Measures every kind of lock in `directory`, where proper-lockfile is installed. */
export async function measureLocks(kernelLock: string, directory: string): Promise<LockFigures[]> {
  const properLock = join(directory, "proper-lock.mjs");
  await copyFile(join(import.meta.dirname, "proper-lock.mjs"), properLock);
  const kernel = (name: string, kind: string): Kind => ({
    name,
    runs: 20,
    costRounds: 20_000,
    words: (mode, file, count) => [kernelLock, kind, mode, file, String(count)],
  });
  const proper = (name: string, stale: number, runs: number): Kind => ({
    name,
    runs,
    costRounds: 500,
    words: (mode, file, count) => [process.execPath, properLock, mode, file, String(count), String(stale)],
  });
  const kinds = [
    kernel("fcntl, open file description", "ofd"),
    kernel("flock(2)", "flock"),
    proper("proper-lockfile, stale 2 s (its least)", 2000, 5),
    proper("proper-lockfile, stale 10 s (its default)", 10_000, 3),
  ];
  const figures: LockFigures[] = [];
  for (const [index, kind] of kinds.entries()) {
    const file = join(directory, `lock-${index}`);
    writeFileSync(file, "");
    const takeOver: number[] = [];
    for (let i = 0; i < kind.runs; i++) takeOver.push(await measureTakeOver(kind, file));
    figures.push({ kind: kind.name, cost: await measureCost(kind, file), takeOver });
  }
  return figures;
}

async function measureCost(kind: Kind, file: string): Promise<number> {
  const rounds: number[] = [];
  for (let i = 0; i < 3; i++) {
    const [command = "", ...words] = kind.words("cost", file, kind.costRounds);
    rounds.push(Number((await promisify(execFile)(command, words)).stdout) / 1000);
  }
  return median(rounds);
}

async function measureTakeOver(kind: Kind, file: string): Promise<number> {
  const holder = start(kind.words("hold", file, 1));
  await nextLine(holder);
  const waiter = start(kind.words("wait", file, 1));
  await untilWaiting(waiter, kind.name);
  const answer = nextLine(waiter);
  const killed = process.hrtime.bigint();
  holder.kill("SIGKILL");
  const taken = BigInt((await answer).trim());
  await once(waiter, "close");
  return Number(taken - killed) / 1e6;
}

function start(words: string[]): ChildProcess {
  const [command = "", ...rest] = words;
  return spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
}

async function nextLine(child: ChildProcess): Promise<string> {
  const [bytes] = child.stdout ? await once(child.stdout, "data") : [""];
  return String(bytes);
}

// A script says that it waits; a process in the kernel's queue shows it in /proc.
async function untilWaiting(child: ChildProcess, name: string): Promise<void> {
  if (name.startsWith("proper")) {
    await nextLine(child);
    return;
  }
  for (;;) {
    const state = readFileSync(`/proc/${child.pid}/syscall`, "utf8").split(" ")[0];
    if (state === "72" || state === "73" || state === "25" || state === "32") return; // fcntl and flock, x86-64 and arm64
    await new Promise((resolve) => setImmediate(resolve));
  }
}
