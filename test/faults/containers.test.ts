/** Two containers share the folder of a ControlPath, and nothing else: each has a runtime directory and locks of its own. They dial at the same moment. */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import {
  freshRun,
  linesOf,
  masterAt,
  outcome,
  poll,
  processesOf,
  type RunOptions,
  runReal,
  runShim,
  run as runSide,
  type Sshd,
  startSshd,
  temporary,
} from "../support/index.ts";
import { canUnsharePids } from "../support/rights.ts";

const CONTAINERS = 2;
const CALLERS = 3;

/** Every process that is a master of this path, on it or lost. */
const mastersOfPath = (path: string) => processesOf(path).filter(({ command }) => command.includes(" -N -f ") || command.includes("[mux]"));

interface Scene {
  sshd: Sshd;
  path: string;
  ledger: string;
  args: string[];
}

async function scene(): Promise<Scene> {
  const sshd = await startSshd({ maxStartups: "100:30:200" });
  const path = join(temporary(), "mux");
  const ledger = join(temporary(), "ledger");
  return { sshd, path, ledger, args: ["-oControlMaster=auto", "-oControlPersist=60", `-oControlPath=${path}`, ...sshd.options, sshd.host] };
}

/** Everybody has exactly what its command wrote, each command ran once, and one master is left: the one on the path. */
async function expectOneMaster(
  { sshd, path, ledger, args }: Scene,
  results: readonly { stdout: string; stderr: string; exitCode: number | undefined }[],
  options: RunOptions,
) {
  expect(results.map(({ stderr }) => stderr)).toEqual(results.map(() => ""));
  expect(results.map(({ exitCode }) => exitCode)).toEqual(results.map((_, id) => id));
  expect(results.map(({ stdout }) => stdout)).toEqual(results.map((_, id) => `${id}\n`));
  expect(linesOf(ledger).sort()).toEqual(results.map((_, id) => `${id}`));
  await poll(() => mastersOfPath(path).length === 1, "the end of the master that lost").catch(() => undefined);
  expect(mastersOfPath(path)).toHaveLength(1);
  expect(await masterAt(path)).toBeGreaterThan(0);
  const before = sshd.authentications();
  expect(outcome(await runShim([...args, "echo more"], options))).toEqual({ stdout: "more\n", stderr: "", exitCode: 0 });
  expect(sshd.authentications()).toBe(before);
  expect((await runReal([...args, "-O", "exit"], options)).exitCode).toBe(0);
  await poll(() => mastersOfPath(path).length === 0, "the end of the master");
}

describe("two runtime directories and one ControlPath", () => {
  it("dial at the same moment, five times: nobody fails, nothing runs twice, one master stays", async () => {
    for (let round = 0; round < 5; round++) {
      const stage = await scene();
      const runs = Array.from({ length: CONTAINERS }, () => freshRun());
      const results = await Promise.all(
        Array.from({ length: CONTAINERS * CALLERS }, async (_, id) =>
          outcome(
            await runShim([...stage.args, `echo ${id} >> ${stage.ledger}; echo ${id}; exit ${id}`], {
              home: stage.sshd.home,
              run: runs[id % CONTAINERS] as string,
            }),
          ),
        ),
      );
      await expectOneMaster(stage, results, { home: stage.sshd.home, run: runs[0] as string });
      await stage.sshd.stop();
    }
  });

  it.runIf(canUnsharePids)("and a process table of its own each (as root)", async () => {
    for (let round = 0; round < 3; round++) {
      const stage = await scene();
      const gate = join(temporary(), "gate");
      const out = temporary();
      // A container lives until the gate opens: with its first process all others would go, its master among them.
      const script = `for id in $IDS; do
  (ssh "$@" "echo $id >> ${stage.ledger}; echo $id; exit $id" </dev/null >${out}/$id.out 2>${out}/$id.err; echo $? >${out}/$id.code) &
done
while [ ! -e ${gate} ]; do sleep 0.05; done`;
      const runs = Array.from({ length: CONTAINERS }, () => freshRun());
      const containers = runs.map((run, container) =>
        runSide("shim", ["--pid", "--fork", "--mount-proc", "--kill-child", "/bin/sh", "-c", script, "sh", ...stage.args], {
          program: "unshare",
          home: stage.sshd.home,
          run,
          env: { IDS: Array.from({ length: CALLERS }, (_, n) => container * CALLERS + n).join(" ") },
        }),
      );
      const ids = Array.from({ length: CONTAINERS * CALLERS }, (_, id) => id);
      try {
        await poll(() => ids.every((id) => existsSync(`${out}/${id}.code`)), "every caller's end");
        const results = ids.map((id) => ({
          stdout: linesOf(`${out}/${id}.out`)
            .map((line) => `${line}\n`)
            .join(""),
          stderr: linesOf(`${out}/${id}.err`).join("\n"),
          exitCode: Number(linesOf(`${out}/${id}.code`)[0]),
        }));
        const outside = freshRun();
        mkdirSync(outside, { mode: 0o700 });
        await expectOneMaster(stage, results, { home: stage.sshd.home, run: outside });
      } finally {
        writeFileSync(gate, "");
        await Promise.all(containers);
      }
      await stage.sshd.stop();
    }
  });
});
