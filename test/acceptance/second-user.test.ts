/** What somebody else owns is refused: a runtime directory, a ticket, a socket. As root, with a second user. */
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { expectSame } from "../support/compare.ts";
import {
  endProcesses,
  fixture,
  mastersOf,
  poll,
  realProgram,
  runReal,
  runShim,
  run as runSide,
  start,
  temporary,
  textOf,
  visible,
} from "../support/index.ts";
import { asNobody, hasSecondUser, NOBODY, openFolder, openShim } from "../support/rights.ts";

const { sshd, words } = await fixture();
let folder: string;
let run: string;
beforeEach(() => {
  folder = temporary();
  run = join(folder, "r");
});

/** A master of the second user that would run whatever it is sent: what it logs shows whether anything reached it. */
async function startForeignMaster(path: string) {
  const open = openFolder();
  chmodSync(open, 0o777);
  const program = join(open, "master");
  copyFileSync(buildFake("fake-master"), program);
  chmodSync(program, 0o755);
  const log = join(open, "log");
  const script = "hello,read-hello,read-alive,alive,read-session,read-fds,run,opened,exit:0,close";
  const words = [...asNobody, program, path, log, script];
  const child = start("real", words, { program: "setpriv" });
  await poll(() => existsSync(path), "the foreign master's socket");
  return { log: () => textOf(log), stop: () => child.kill("SIGKILL"), ended: child };
}

describe.runIf(hasSecondUser)("as root, with a second user", () => {
  it("a runtime directory of somebody else is not used, and nothing is written there", async () => {
    mkdirSync(run, { mode: 0o700 });
    chownSync(run, NOBODY, NOBODY);
    const before = sshd.authentications();
    await expectSame([...words, "echo x; exit 3"], { run });
    expect(sshd.authentications() - before).toBe(3);
    expect(readdirSync(run)).toEqual([]);
  });

  it("a runtime directory that others may write to is not used", async () => {
    for (const mode of [0o770, 0o707, 0o755, 0o1777]) {
      const place = join(folder, mode.toString(8));
      mkdirSync(place);
      chmodSync(place, mode);
      const before = sshd.authentications();
      await expectSame([...words, "exit 3"], { run: place });
      expect([sshd.authentications() - before, readdirSync(place)]).toEqual([3, []]);
    }
  });

  it("a ticket of somebody else is not followed", async () => {
    expect((await runShim([...words, "true"], { run })).exitCode).toBe(0);
    const [name] = readdirSync(join(run, "t"));
    const ticket = join(run, "t", name as string);
    const text = readFileSync(ticket, "utf8");
    writeFileSync(ticket, text.replace(/^lane .*$/m, "lane pass"));
    chownSync(ticket, NOBODY, NOBODY);
    const before = sshd.authentications();
    expect((await runShim([...words, "exit 3"], { run })).exitCode).toBe(3);
    expect(sshd.authentications()).toBe(before);
  });

  it("a socket of somebody else in the place of our master's gets no session", async () => {
    expect((await runShim([...words, "true"], { run })).exitCode).toBe(0);
    const [key] = readdirSync(join(run, "k"));
    const keydir = join(run, "k", key as string);
    const masters = mastersOf(run);
    for (const pid of masters) process.kill(pid, "SIGKILL");
    await endProcesses(masters);
    rmSync(join(keydir, "0"), { force: true });
    for (const place of [folder, run, join(run, "k"), keydir]) chmodSync(place, 0o777);
    const foreign = await startForeignMaster(join(keydir, "0"));
    for (const place of [folder, run, join(run, "k"), keydir]) chmodSync(place, 0o700);
    const result = await runShim([...words, "echo mine; exit 3"], { run });
    expect(visible(result)).toEqual({ stdout: "mine\n", stderr: "", exitCode: 3, signal: undefined });
    expect(foreign.log()).not.toContain("session");
    foreign.stop();
    await foreign.ended;
  });

  it("a socket of somebody else at a caller's ControlPath gets no session, which goes by itself", async () => {
    chmodSync(folder, 0o777);
    const path = join(folder, "s");
    const foreign = await startForeignMaster(path);
    const args = ["-o", "ControlMaster=auto", "-o", `ControlPath=${path}`, ...words];
    const command = "echo ran as $(id -u)";
    // What it is spared: OpenSSH's own client gives it the command and the caller's descriptors.
    expect((await runReal([...args, command])).stdout.toString()).toBe(`ran as ${NOBODY}\n`);
    const before = foreign.log();
    const shim = await runShim([...args, command], { run });
    expect(visible(shim)).toEqual({ stdout: "ran as 0\n", stderr: "", exitCode: 0, signal: undefined });
    expect(foreign.log().slice(before.length)).not.toContain("session");
    foreign.stop();
    await foreign.ended;
  });

  it("the second user shares nothing with root, in one runtime directory or in two", async () => {
    // A configuration that needs no key of root's.
    mkdirSync(run, { mode: 0o700 });
    const args = [
      "-F",
      "none",
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
      "-o",
      "BatchMode=yes",
      "-o",
      "LogLevel=ERROR",
      "-p",
      String(sshd.port),
      "127.0.0.1",
      "true",
    ];
    const call = (program: string) => runSide("real", [...asNobody, program, ...args], { program: "setpriv", run, home: "/nonexistent" });
    const before = readdirSync(run);
    expect(visible(await call(join(openShim(), "ssh")))).toEqual(visible(await call(realProgram)));
    expect(readdirSync(run)).toEqual(before);
  });
});
