/** The harness itself, with the real ssh: a sshd of our own, clean runs, and nothing left afterwards. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  endProcesses,
  leftovers,
  poll,
  processesOf,
  runDirectory,
  runReal,
  type Sshd,
  start,
  startSshd,
  tearDown,
  temporary,
} from "./index.ts";

describe("the harness", () => {
  let sshd: Sshd;
  beforeAll(async () => {
    sshd = await startSshd({ maxSessions: 3 });
  });

  it("runs a command on its own sshd as the user that it is", async () => {
    const result = await runReal([...sshd.options, sshd.host, "echo to-stdout; echo to-stderr >&2; exit 7"]);
    expect({ ...result, milliseconds: 0 }).toEqual({
      stdout: Buffer.from("to-stdout\n"),
      stderr: Buffer.from("to-stderr\n"),
      exitCode: 7,
      signal: undefined,
      timedOut: false,
      milliseconds: 0,
    });
  });

  it("counts authentications in the server's log", async () => {
    const before = sshd.authentications();
    await runReal([...sshd.options, sshd.host, "true"]);
    await runReal([...sshd.plainOptions, "127.0.0.1", "true"]);
    expect(sshd.authentications() - before).toBe(2);
  });

  it("gives remote commands its own HOME and hands stdin on", async () => {
    const result = await runReal([...sshd.options, sshd.host, "echo $HOME; cat"], { input: "from stdin" });
    expect(result.stdout.toString()).toBe(`${sshd.home}\nfrom stdin`);
  });

  it("comes back on the same port after a restart", async () => {
    await sshd.stop();
    expect((await runReal([...sshd.options, sshd.host, "true"])).exitCode).toBe(255);
    await sshd.restart();
    expect((await runReal([...sshd.options, sshd.host, "true"])).exitCode).toBe(0);
  });

  it("finds a master in the background by its socket's path and ends it", async () => {
    const socket = join(runDirectory(), "s");
    const made = await runReal([...sshd.options, "-fNM", "-oControlPersist=60", "-S", socket, sshd.host]);
    expect(made.exitCode).toBe(0);
    const found = processesOf(runDirectory());
    expect(found.map(({ command }) => command).join()).toContain(socket);
    expect(await endProcesses(found.map(({ pid }) => pid))).toEqual([]);
    expect(existsSync(socket)).toBe(false);
  });

  it("finds remote commands that outlive their session", async () => {
    const marker = temporary();
    const child = start("real", [...sshd.options, sshd.host, `cd ${marker} && exec sleep 300`]);
    await poll(() => processesOf(marker).some(({ command }) => command === "sleep 300"), "the remote sleep");
    child.kill("SIGKILL");
    await child;
    expect(leftovers().join()).toContain("sleep 300");
  });

  afterAll(async () => {
    const { directory } = sshd;
    await tearDown();
    expect(processesOf(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });
});
