/** Masters that callers ask for themselves: -fN and -fNM on a free path and on one that is taken already. */
import { existsSync, readdirSync, readlinkSync, realpathSync } from "node:fs";
import { dirname } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import {
  fixture,
  freshPath,
  freshRun,
  isAlive,
  mastersOf,
  poll,
  processesOf,
  realProgram,
  runReal,
  runShim,
  sharedAt,
  start,
  startSshd,
  visible,
} from "../support/index.ts";

const { sshd, words } = await fixture();
let run: string;
let path: string;
let auto: string[];
beforeEach(() => {
  run = freshRun();
  path = freshPath();
  auto = [...sharedAt(path), ...words];
});

const silent = { stdout: "", stderr: "", exitCode: 0, signal: undefined };
/** Every ssh of this runtime directory or path that holds a connection. */
const connections = () =>
  new Set([...processesOf(run), ...processesOf(path)].filter(({ command }) => /ssh/.test(command)).map(({ pid }) => pid));

describe("on a free path", () => {
  for (const letters of [["-fN"], ["-fNM"], ["-f", "-N", "-M"], ["-N", "-f"]])
    it(`${letters.join(" ")} makes the master exactly there, and says nothing`, async () => {
      const before = sshd.authentications();
      expect(visible(await runShim([...letters, ...auto], { run }))).toEqual(silent);
      expect(existsSync(path)).toBe(true);
      await poll(() => sshd.authentications() > before, "the server's line, which it writes after its answer");
      expect(sshd.authentications() - before).toBe(1);
      expect(visible(await runShim([...auto, "exit 4"], { run }))).toEqual({ ...silent, exitCode: 4 });
      expect(sshd.authentications() - before).toBe(1);
      expect((await runReal(["-O", "check", "-S", path, "x"])).exitCode).toBe(0);
      expect(readdirSync(dirname(path)), "nothing of ours lies beside the caller's socket").toEqual(["s"]);
    });

  it("a first command makes the master there, too, and no master holds the caller's descriptors", async () => {
    expect(visible(await runShim([...auto, "echo x"], { run }))).toEqual({ ...silent, stdout: "x\n" });
    expect((await runReal(["-S", path, ...sshd.options, sshd.host, "exit 3"])).exitCode).toBe(3);
    expect(readdirSync(dirname(path))).toEqual(["s"]);
  });

  it("a server that is not there: the real ssh's words and 255", async () => {
    const gone = await startSshd();
    await gone.stop();
    const args = ["-fN", "-o", "ControlMaster=auto", "-o", `ControlPath=${path}`, ...gone.options, gone.host];
    expect(visible(await runShim(args, { run }))).toEqual(visible(await runReal(args)));
    expect(existsSync(path)).toBe(false);
  });
});

describe("on a live path", () => {
  for (const letters of ["-fN", "-fNM"])
    for (const maker of ["real", "shim"] as const)
      it(`${letters} after a master made by the ${maker === "real" ? "real ssh" : "shim"}: success, no second connection, no orphan`, async () => {
        const make = ["-fNM", ...auto];
        expect((await (maker === "real" ? runReal(make) : runShim(make, { run }))).exitCode).toBe(0);
        const [before, held] = [sshd.authentications(), connections()];
        for (let times = 0; times < 3; times++) expect(visible(await runShim([letters, ...auto], { run }))).toEqual(silent);
        expect(sshd.authentications()).toBe(before);
        await poll(() => [...connections()].filter((pid) => !held.has(pid) && isAlive(pid)).length === 0, "no further ssh");
        expect(visible(await runShim([...auto, "exit 9"], { run }))).toEqual({ ...silent, exitCode: 9 });
        await runReal(["-O", "exit", "-S", path, "x"]);
      });

  it("ten at once on a free path: one connection", async () => {
    const before = sshd.authentications();
    const results = await Promise.all(Array.from({ length: 10 }, (_, index) => runShim([index % 2 ? "-fN" : "-fNM", ...auto], { run })));
    expect(results.map(visible)).toEqual(results.map(() => silent));
    expect((await runShim([...auto, "true"], { run })).exitCode).toBe(0);
    expect(sshd.authentications() - before).toBe(1);
  });

  it("a socket whose process is gone is replaced", async () => {
    expect((await runShim(["-fN", ...auto], { run })).exitCode).toBe(0);
    const pids = mastersOf(run);
    expect(pids.length).toBe(1);
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await poll(() => !pids.some(isAlive));
    expect(existsSync(path)).toBe(true);
    expect(visible(await runShim(["-fN", ...auto], { run }))).toEqual(silent);
    expect(visible(await runShim([...auto, "exit 2"], { run }))).toEqual({ ...silent, exitCode: 2 });
  });
});

describe("where sharing is not for the shim to change", () => {
  it("-N in the foreground stays the caller's own process", async () => {
    for (const letters of [["-N"], ["-M", "-N"]]) {
      const before = sshd.authentications();
      const child = start("shim", [...letters, "-S", path, ...words], { run });
      const pid = child.pid as number;
      await poll(() => sshd.authentications() > before, "the connection");
      expect(readlinkSync(`/proc/${pid}/exe`)).toBe(realpathSync(realProgram));
      if (letters.includes("-M")) await poll(() => existsSync(path), "the caller's socket");
      expect(mastersOf(run)).toEqual([]);
      child.kill("SIGTERM");
      await child;
      expect(isAlive(pid)).toBe(false);
    }
  });
});
