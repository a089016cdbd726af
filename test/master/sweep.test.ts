/** Sweeping: what nobody needs goes, what somebody needs stays, and ten thousand hosts leave no heap behind. */
import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { lookAtProcess } from "../../src/master/proc.ts";
import { writeRecord } from "../../src/master/record.ts";
import { isSweepDue, sweep, usualLimits } from "../../src/master/sweep.ts";
import { runShim, startSshd, temporary } from "../support/index.ts";

const old = Date.now() / 1000 - 30 * 86_400;
const limits = { ...usualLimits, budget: 60_000 };

function put(path: string, seconds = old): string {
  writeFileSync(path, "");
  utimesSync(path, seconds, seconds);
  return path;
}

function makeRun(): { run: string; key: (n: number) => string } {
  const run = temporary();
  for (const folder of ["t", "d", "k"]) mkdirSync(join(run, folder));
  return {
    run,
    key: (n) => {
      const directory = join(run, "k", n.toString(16).padStart(32, "0"));
      mkdirSync(directory);
      return directory;
    },
  };
}

const record = (pid: number, log: string) => ({
  ...{
    connectionKey: "00112233445566778899aabbccddeeff",
    pid,
    created: 1,
    limit: 10,
    listener: 0,
    persist: 600,
    socket: "/nowhere",
    destination: "x@y:22",
    log,
  },
  attributes: { started: `${lookAtProcess(pid)?.started ?? ""}` },
});

test("ten thousand hosts that were used once leave nothing after a month, and at most two thousand tickets at any time", () => {
  const { run, key } = makeRun();
  for (let n = 0; n < 10_000; n++) {
    for (const folder of ["t", "d"]) put(join(run, folder, n.toString(16).padStart(16, "0")), Date.now() / 1000 - n);
    if (n >= 1000) continue;
    const directory = key(n);
    for (const name of ["0.m", "0.1.log", "failed", "limit"]) put(join(directory, name));
    utimesSync(directory, old, old);
  }
  expect(sweep(run, limits)).toEqual({ tickets: 8000, keys: 1000, logs: 1000 });
  expect(readdirSync(join(run, "k"))).toEqual([]);
  expect(readdirSync(join(run, "t")).sort()[0]).toBe("0".repeat(16));
  // What was kept for dials goes with the tickets.
  expect(readdirSync(join(run, "d")).sort()).toEqual(readdirSync(join(run, "t")).sort());
});

test("a sweep ends when its time is up, and the next one goes on", () => {
  const { run, key } = makeRun();
  for (let n = 0; n < 50; n++) utimesSync(key(n), old, old);
  sweep(run, { ...limits, budget: -1 });
  expect(readdirSync(join(run, "k"))).toHaveLength(50);
  sweep(run, limits);
  expect(readdirSync(join(run, "k"))).toEqual([]);
});

test("a live master keeps its record, its log and its folder; a dead one's record under its pid goes after an hour", () => {
  const { run, key } = makeRun();
  const directory = key(1);
  const log = put(join(directory, "0.5.log"));
  writeRecord(join(directory, "0.m"), record(process.pid, log));
  writeRecord(join(directory, "0.m.999999"), record(999_999, "/nowhere.log"));
  writeRecord(join(directory, `1.m.${process.ppid}`), record(process.ppid, "/nowhere.log"));
  for (const name of ["0.m", "0.m.999999", `1.m.${process.ppid}`]) utimesSync(join(directory, name), old, old);
  put(join(directory, "0.4.log"));
  utimesSync(directory, old, old);
  sweep(run, limits);
  expect(readdirSync(directory).sort()).toEqual(["0.5.log", "0.m", `1.m.${process.ppid}`].sort());
});

test("what is young is evidence, and stays", () => {
  const { run, key } = makeRun();
  const directory = key(1);
  for (const name of ["0.m.999999", "0.1.log", "failed"]) put(join(directory, name), Date.now() / 1000);
  expect(sweep(run, limits)).toEqual({ tickets: 0, keys: 0, logs: 0 });
  expect(readdirSync(directory)).toHaveLength(3);
});

test("a sweep is due once in five minutes, for one of those who ask", () => {
  const run = temporary();
  expect(isSweepDue(run)).toBe(false);
  const later = Date.now() + 301_000;
  expect(isSweepDue(run, later)).toBe(true);
  expect(isSweepDue(run, later)).toBe(false);
  // The clock was set back by a year.
  expect(isSweepDue(run, later - 365 * 86_400_000)).toBe(true);
});

test("a dial sweeps while it waits for the server", async () => {
  const sshd = await startSshd();
  const run = temporary();
  mkdirSync(join(run, "t"), { mode: 0o700 });
  put(join(run, "swept"));
  const ticket = put(join(run, "t", "0123456789abcdef"));
  const result = await runShim([...sshd.options, sshd.host, "true"], { home: sshd.home, run });
  expect(result.exitCode).toBe(0);
  expect(() => statSync(ticket)).toThrow(/ENOENT/);
  expect(statSync(join(run, "swept")).mtimeMs).toBeGreaterThan(Date.now() - 60_000);
});
