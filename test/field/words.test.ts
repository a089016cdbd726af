/** What is said on a caller's stderr when his session ends before its command does: what OpenSSH says there, and not a word that is not proven. */
import { existsSync } from "node:fs";
import { beforeAll, describe } from "vitest";
import { makeGate } from "../support/gate.ts";
import { poll, realProgram, signal } from "../support/index.ts";
import { startProxy } from "../support/tcp-proxy.ts";
import { beside, endOf, type Field, line, type Side, startField, toBox } from "./scene.ts";

let field: Field;
beforeAll(async () => {
  field = await startField();
});

/** A session that is open at the caller's path when `work` is done; what its caller sees. */
async function during(side: Side, words: readonly string[], work: () => Promise<unknown>): Promise<string> {
  const gate = makeGate("exit 0");
  const session = side.start([...words, gate.command]);
  await poll(() => gate.begun() > 0, "the session", 15_000);
  await work();
  const end = await endOf(session);
  gate.open();
  return end;
}

describe("the end of a connection that is shared at the caller's path", () => {
  const play = async (side: Side, work: (path: string, pid: number) => Promise<unknown>) => {
    const path = side.path("s");
    const words = ["-oControlMaster=auto", "-oControlPersist=60", `-oControlPath=${path}`, ...toBox(side, field)];
    const made = line(await side.ssh([...words, "echo made"]));
    await poll(() => existsSync(path), "the socket", 5000);
    const { stderr } = await side.call(realProgram, ["-O", "check", "-S", path, "x"]);
    return [made, await during(side, words, () => work(path, Number(/pid=(\d+)/.exec(stderr)?.[1])))];
  };
  const told = ["0: made", "255:"];
  beside(
    "-O exit by somebody who does not come through sshim: 255, and no word",
    (side) => play(side, (path) => side.call(realProgram, ["-O", "exit", "-S", path, "x"])),
    told,
  );
  for (const [name, how] of [
    ["SIGTERM to the master: 255, and no word", "SIGTERM"],
    ["SIGKILL to the master: 255, and no word", "SIGKILL"],
  ] as const)
    beside(name, (side) => play(side, async (_, pid) => signal(pid, how)), told);
});

describe("silence", () => {
  beside(
    "a server that falls silent under LogLevel ERROR: 255, and no word",
    async (side) => {
      const proxy = await startProxy(field.one.port);
      try {
        const lines = [`Port ${proxy.port}`, "ServerAliveInterval 1", "ServerAliveCountMax 1", "LogLevel ERROR"];
        return await during(side, toBox(side, field, lines), async () => proxy.cut());
      } finally {
        await proxy.close();
      }
    },
    "255:",
  );
});
