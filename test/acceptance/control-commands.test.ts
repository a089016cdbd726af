/** -O: messages and codes as OpenSSH's, draining instead of cutting, and bounded on a master that does not answer. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { expectSame } from "../support/compare.ts";
import {
  fixture,
  freePort,
  freshPath,
  freshRun,
  isAlive,
  makeGate,
  mastersOf,
  poll,
  type Result,
  runReal,
  runShim,
  sharedAt,
  signal,
  start,
  visible,
} from "../support/index.ts";

const { sshd, words } = await fixture();

const withoutPid = (result: Result) => {
  const shown = visible(result);
  return { ...shown, stderr: shown.stderr.replace(/pid=\d+/, "pid=N") };
};

/** The same steps through the real ssh and through the shim, at the same path one after the other. */
async function expectSameSteps(steps: (path: string) => string[][]): Promise<Result[]> {
  const path = freshPath();
  const all: Record<string, Result[]> = {};
  for (const [side, run] of [
    ["real", runReal],
    ["shim", runShim],
  ] as const) {
    const results: Result[] = [];
    for (const step of steps(path)) {
      // A killed or drained master may still be on its way out; a step that needs the path free waits for that.
      if (step[0] === "gone") await poll(() => !existsSync(path), "the end of the master's socket");
      else results.push(await run(step));
    }
    await runReal(["-S", path, "-O", "exit", "x"]);
    await poll(() => !existsSync(path), "the end of the master's socket");
    all[side] = results;
  }
  expect(all.shim?.map(withoutPid)).toEqual(all.real?.map(withoutPid));
  return all.shim as Result[];
}

describe("on a caller's own ControlPath", () => {
  const make = (path: string) => ["-fN", ...sharedAt(path), ...words];

  it("check, stop and exit without a master", async () => {
    for (const word of ["check", "stop", "exit", "proxy"]) {
      await expectSameSteps((path) => [
        ["-O", word, "-o", `ControlPath=${path}`, "nobody@localhost"],
        ["-q", "-O", word, "-S", path, "localhost"],
      ]);
    }
  });
  it("check with a master, quiet or not, and its pid is genuine", async () => {
    const results = await expectSameSteps((path) => [
      make(path),
      ["-O", "check", "-o", `ControlPath=${path}`, sshd.host],
      ["-q", "-O", "check", "-S", path, "another-name"],
      ["-Ocheck", "-S", path, "-v", "x"].filter((word) => word !== "-v"),
    ]);
    expect(results[1]?.stderr.toString()).toMatch(/^Master running \(pid=\d+\)\r\n$/);
  });
  it("the pid that check prints is the master's", async () => {
    const path = freshPath();
    expect((await runShim(make(path))).exitCode).toBe(0);
    const { stderr } = await runShim(["-O", "check", "-S", path, "x"]);
    const pid = Number(/pid=(\d+)/.exec(stderr.toString())?.[1]);
    expect(isAlive(pid)).toBe(true);
    expect((await runShim(["-O", "exit", "-S", path, "x"])).exitCode).toBe(0);
    await poll(() => !isAlive(pid), "the end of the master");
  });
  it("exit and stop with a master, quiet or not", async () => {
    for (const options of [[], ["-q"]])
      for (const word of ["exit", "stop"])
        await expectSameSteps((path) => [
          make(path),
          [...options, "-O", word, "-S", path, "x"],
          ["gone"],
          ["-O", "check", "-S", path, "x"],
        ]);
  });
  it("forward and cancel go to the real ssh with the same path", async () => {
    const forward = `127.0.0.1:${await freePort()}:localhost:1`;
    await expectSameSteps((path) => [
      make(path),
      ["-O", "forward", "-L", forward, "-S", path, "x"],
      ["-O", "cancel", "-L", forward, "-S", path, "x"],
    ]);
  });
  it("a word that does not exist, and two words", async () => {
    await expectSameSteps((path) => [
      ["-O", "nonsense", "-S", path, "x"],
      ["-O", "check", "-O", "exit", "-S", path, "x"],
      ["-O", "check"],
    ]);
  });
  it("without any path", async () => {
    for (const word of ["check", "forward"]) await expectSame(["-F", "none", "-O", word, "-S", "none", "localhost"]);
  });
});

describe("-O exit and -O stop drain", () => {
  for (const word of ["exit", "stop"])
    for (const own of [true, false])
      it(`${word} on ${own ? "a caller's path" : "our own key"}: a running session finishes, the next call has a new master`, async () => {
        const run = freshRun();
        const path = freshPath();
        const options = own ? sharedAt(path) : [];
        const gate = makeGate("echo finished; exit 5");
        const running = start("shim", [...options, ...words, gate.command], { run });
        await poll(gate.begun, "the remote command");
        const old = mastersOf(run);
        expect(old.length).toBe(1);
        const asked = await runShim([...options, "-O", word, ...words], { run });
        expect(visible(asked)).toEqual({
          stdout: "",
          stderr: word === "exit" ? "Exit request sent.\r\n" : "Stop listening request sent.\r\n",
          exitCode: 0,
          signal: undefined,
        });
        expect((await runShim([...options, ...words, "exit 6"], { run })).exitCode).toBe(6);
        expect(mastersOf(run).filter((pid) => !old.includes(pid)).length).toBe(1);
        expect(old.every(isAlive)).toBe(true);
        gate.open();
        const result = await running;
        expect([Buffer.from(result.stdout as Uint8Array).toString(), result.exitCode]).toEqual(["finished\n", 5]);
        await poll(() => !old.some(isAlive), "the end of the old master");
        expect((await runShim([...options, ...words, "exit 7"], { run })).exitCode).toBe(7);
      });

  it("SSHIM_EXIT=hard cuts, as OpenSSH does", async () => {
    const [path, run] = [freshPath(), freshRun()];
    const options = sharedAt(path);
    const gate = makeGate();
    const running = start("shim", [...options, ...words, gate.command], { run });
    await poll(gate.begun, "the remote command");
    const asked = await runShim(["-O", "exit", "-S", path, "x"], { run, env: { SSHIM_EXIT: "hard" } });
    expect([asked.exitCode, asked.stderr.toString()]).toEqual([0, "Exit request sent.\r\n"]);
    expect((await running).exitCode).toBe(255);
    gate.open();
  });

  it("twice in a row, and with nothing running, is no error worse than OpenSSH's", async () => {
    const run = freshRun();
    expect((await runShim([...words, "true"], { run })).exitCode).toBe(0);
    expect((await runShim(["-O", "exit", ...words], { run })).exitCode).toBe(0);
    await poll(() => mastersOf(run).length === 0, "the end of the master");
    expect((await runShim(["-O", "check", ...words], { run })).exitCode).toBe(255);
    expect((await runShim(["-O", "exit", ...words], { run })).exitCode).toBe(255);
  });
});

describe("a master that does not answer (SIGSTOP)", () => {
  it("-O check, stop and exit say so within their bound, 255", async () => {
    const [path, run] = [freshPath(), freshRun()];
    const options = sharedAt(path);
    expect((await runShim([...options, ...words, "true"], { run })).exitCode).toBe(0);
    const masters = mastersOf(run);
    for (const pid of masters) signal(pid, "SIGSTOP");
    for (const word of ["check", "stop", "exit"]) {
      const result = await runShim(["-O", word, "-S", path, "x"], { run });
      expect([word, result.timedOut, result.exitCode]).toEqual([word, false, 255]);
    }
    for (const pid of masters) signal(pid, "SIGCONT");
  });

  it("the next session has another one, and the stopped one's session goes on", async () => {
    const run = freshRun();
    const gate = makeGate("echo finished; exit 5");
    const running = start("shim", [...words, gate.command], { run });
    await poll(gate.begun, "the remote command");
    const masters = mastersOf(run);
    for (const pid of masters) signal(pid, "SIGSTOP");
    const result = await runShim([...words, "echo new; exit 6"], { run });
    expect([result.stdout.toString(), result.exitCode]).toEqual(["new\n", 6]);
    for (const pid of masters) signal(pid, "SIGCONT");
    gate.open();
    expect((await running).exitCode).toBe(5);
  });
});
