/**
 * At most once: a scripted master dies, stalls, refuses or answers nonsense at each step of the protocol, and every command appends its
 * id to a ledger. Over all steps: no id twice, no hang, no stack trace, and what was not sent runs after all.
 */
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startFakeMaster } from "../fakes/index.ts";
import {
  endProcesses,
  fixture,
  freshPath,
  freshRun,
  mastersOf,
  poll,
  type Result,
  type RunOptions,
  runReal,
  runShim,
  sharedAt,
  start,
  temporary,
  textOf,
} from "../support/index.ts";
import { given, nothingSent, ran, refused, started, unknown } from "./at-most-once-scripts.ts";

const { words } = await fixture();
let ledger: string;
let next = 0;
beforeAll(async () => {
  ledger = join(temporary(), "ledger");
});

interface Outcome {
  result: Result;
  times: number;
  output: string;
}

/** One command through one script at a caller's own ControlPath. */
async function callAt(path: string, script: string, options: RunOptions = {}): Promise<Outcome & { log: string[] }> {
  const id = `id-${next++}`;
  const shared = sharedAt(path);
  rmSync(path, { force: true });
  const master = await startFakeMaster(path, [script]);
  try {
    const result = await runShim([...shared, ...words, commandOf(id)], options);
    return { ...outcomeOf(id, result), log: master.log() };
  } finally {
    await master.stop();
  }
}

const commandOf = (id: string) => `echo ${id} >> ${ledger}; echo output of ${id}`;
function outcomeOf(id: string, result: Result): Outcome {
  const output = result.stdout.toString().replace(`output of ${id}\n`, "once;");
  expect([result.timedOut, result.signal], result.stderr.toString()).toEqual([false, undefined]);
  expect(result.stderr.toString()).not.toMatch(/^\s+at |panic|Bun v|node:internal|AddressSanitizer|runtime error/m);
  return {
    result,
    output,
    times: textOf(ledger)
      .split("\n")
      .filter((line) => line === id).length,
  };
}
const seen = ({ result, times, output }: Outcome) => ({ times, output, stderr: result.stderr.toString(), exitCode: result.exitCode });
const good = { times: 1, output: "once;", stderr: "", exitCode: 0 };

describe("a master at the caller's ControlPath", () => {
  let folder: string;
  beforeAll(() => {
    folder = temporary("cp-");
  });
  const path = () => join(folder, `s${next}`);

  describe("nothing sent yet: the command runs, once, and the caller sees nothing of it", () => {
    for (const [name, script] of Object.entries(nothingSent))
      it.concurrent(name, async () => {
        const outcome = await callAt(path(), script);
        expect(seen(outcome)).toEqual(good);
        expect(outcome.log.join("\n")).not.toMatch(/session|descriptor/);
      });
  });

  describe("refused: the command runs elsewhere, once", () => {
    for (const [name, script] of Object.entries(refused))
      it.concurrent(name, async () => {
        expect(seen(await callAt(path(), script))).toEqual(good);
      });
  });

  describe("sent, and no word of it: 255, and never again", () => {
    for (const [name, { script, runs }] of Object.entries(unknown))
      it.concurrent(name, async () => {
        const { times, output, result } = await callAt(path(), script);
        const ended = { times, output, exitCode: result.exitCode };
        // Where its end came before the last descriptor was sent, nothing can have started: then it ran elsewhere.
        if (!runs && result.exitCode === 0) expect(seen({ times, output, result })).toEqual(good);
        else expect(ended).toEqual({ times: runs ? 1 : 0, output: runs ? "once;" : "", exitCode: 255 });
      });
  });

  describe("opened: the exit code is what OpenSSH's own client gives", () => {
    for (const [name, { script, code }] of Object.entries(started))
      it.concurrent(name, async () => {
        const at = path();
        const shim = await callAt(at, script);
        expect({ times: shim.times, output: shim.output, exitCode: shim.result.exitCode }).toEqual({
          times: 1,
          output: "once;",
          exitCode: code,
        });
        rmSync(at, { force: true });
        const master = await startFakeMaster(at, [script]);
        const real = await runReal(["-S", at, ...words, "true"]);
        await master.stop();
        expect(real.exitCode).toBe(code);
      });
  });

  it("a master that takes the request and says nothing is waited for, and a signal ends that", async () => {
    const id = `id-${next++}`;
    const at = join(folder, "waits");
    const master = await startFakeMaster(at, [`${given},drop-descriptors,stall`]);
    const child = start("shim", ["-o", "ControlMaster=auto", "-S", at, ...words, commandOf(id)]);
    await poll(() => master.log().some((line) => line.endsWith("stalled")), "the request");
    child.kill("SIGTERM");
    const result = await child;
    expect([result.signal, textOf(ledger).includes(id)]).toEqual(["SIGTERM", false]);
    await master.stop();
  });
});

describe("a master that is another one at the second look", () => {
  const turns: Record<string, string[]> = {
    "closes, then runs it and dies before the reply": ["close", `${ran},die`],
    "closes, then runs it and closes before the reply": ["close", `${ran},close`],
    "speaks nonsense, then runs it and closes": ["text,read-to-end", `${ran},close`],
    "is alive for another request, then runs it and closes": ["hello,read-hello,read-alive,alive-wrong-rid,read-to-end", `${ran},close`],
    "refuses, then runs it and closes": [`${given},failure,read-to-end`, `${ran},close`],
    "denies, then runs it and closes": [`${given},denied,read-to-end`, `${ran},close`],
    "runs it and closes, each time": [`${ran},close`],
    "runs it and answers nonsense, each time": [`${ran},text,read-to-end`],
  };
  for (const [name, scripts] of Object.entries(turns))
    it.concurrent(name, async () => {
      const at = freshPath();
      const id = `id-${next++}`;
      const master = await startFakeMaster(at, scripts);
      try {
        // With -S, and as Coolify and Ansible name it: the real ssh may not try that master once more.
        const options = next % 2 ? ["-o", `ControlPath=${at}`] : ["-S", at];
        const result = await runShim(["-o", "ControlMaster=auto", ...options, ...words, commandOf(id)]);
        const outcome = outcomeOf(id, result);
        expect(outcome.times).toBeLessThanOrEqual(1);
        expect([0, 255]).toContain(result.exitCode);
        if (result.exitCode === 0) expect(seen(outcome)).toEqual(good);
      } finally {
        await master.stop();
      }
    });
});

describe("a master in the place of ours", () => {
  const some = (table: Record<string, string | { script: string }>) =>
    Object.entries(table).map(([name, row]) => [name, typeof row === "string" ? row : row.script] as const);
  const cases = [...some(nothingSent), ...some(refused), ...some(unknown)].filter((_, index) => index % 4 === 0);
  for (const [name, script] of cases)
    it.concurrent(name, async () => {
      const run = freshRun();
      expect((await runShim([...words, "true"], { run })).exitCode).toBe(0);
      const [key] = readdirSync(join(run, "k"));
      const socket = join(run, "k", key as string, "0");
      // Killed, so that its record stays; the fake takes its place.
      const masters = mastersOf(run);
      expect(masters.length).toBe(1);
      for (const pid of masters) process.kill(pid, "SIGKILL");
      await endProcesses(masters);
      if (existsSync(socket)) rmSync(socket);
      const id = `id-${next++}`;
      const master = await startFakeMaster(socket, [script]);
      try {
        const outcome = outcomeOf(id, await runShim([...words, commandOf(id)], { run }));
        if (name in unknown) {
          const runs = unknown[name]?.runs;
          // Its word counts for less here: a master that is not the one of the record may be refused before anything is sent.
          expect([outcome.times, outcome.result.exitCode]).toEqual(outcome.result.exitCode === 0 ? [1, 0] : [runs ? 1 : 0, 255]);
        } else expect(seen(outcome)).toEqual(good);
      } finally {
        await master.stop();
      }
    });
});

describe("the ledger of all of this", () => {
  it("holds no id twice", () => {
    const ids = textOf(ledger).split("\n").filter(Boolean);
    expect(ids.length).toBeGreaterThan(50);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });
});
