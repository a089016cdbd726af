/** Signals to the caller's ssh, and ends that come from elsewhere: what the caller sees is what the real ssh shows. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectSame, shell } from "../support/compare.ts";
import {
  fixture,
  freshRun,
  isAlive,
  makeGate,
  mastersOf,
  poll,
  processTree,
  runDirectory,
  runShim,
  signal,
  start,
  startSshd,
  temporary,
  textOf,
} from "../support/index.ts";

const { words } = await fixture({ warm: true });

async function endOf(child: ReturnType<typeof start>) {
  const result = await child;
  const [stdout, stderr] = [result.stdout, result.stderr].map((bytes) => Buffer.from(bytes as Uint8Array).toString());
  return { stdout, stderr, exitCode: result.exitCode, signal: result.signal };
}

describe("a signal to the caller's ssh", () => {
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM", "SIGQUIT"] as const)
    it(`${name} in a session: 255`, async () => {
      const ends = [];
      for (const side of ["real", "shim"] as const) {
        const gate = makeGate();
        const child = start(side, [...words, gate.command], { stdinOpen: true });
        await poll(gate.begun, "the remote command");
        child.kill(name);
        ends.push(await endOf(child));
        gate.open();
      }
      expect(ends[1]).toEqual(ends[0]);
      expect(ends[1]?.exitCode).toBe(255);
    });

  it("SIGTERM while nobody reads what comes on stderr: it ends at once", async () => {
    for (const side of ["real", "shim"] as const) {
      const ended = join(temporary(), "ended");
      const script = `{ timeout 1 ssh "$@" 'yes >&2' 2>&1; echo $? > ${ended}; } | sleep 30`;
      const child = start(side, ...shell(script, words));
      await poll(() => textOf(ended) !== "", "the end of ssh");
      expect(textOf(ended)).toBe("124\n");
      for (const pid of processTree(child.pid as number)) signal(pid, "SIGKILL");
      await child;
    }
  });

  it("an ignored one stays ignored (nohup)", async () => {
    for (const side of ["real", "shim"] as const) {
      const gate = makeGate("echo survived");
      const [args, options] = shell('trap "" HUP; exec ssh "$@"', [...words, gate.command]);
      const child = start(side, args, options);
      await poll(gate.begun, "the remote command");
      child.kill("SIGHUP");
      gate.open();
      expect(await endOf(child)).toEqual({ stdout: "survived\n", stderr: "", exitCode: 0, signal: undefined });
    }
  });

  it("SIGKILL ends the remote session: its stdin closes", async () => {
    for (const side of ["real", "shim"] as const) {
      const [folder, gate] = [temporary(), makeGate("true")];
      const child = start(side, [...words, `${gate.command.split(";")[0]}; cat; touch ${folder}/closed`], { stdinOpen: true });
      await poll(gate.begun, "the remote command");
      child.kill("SIGKILL");
      expect((await child).signal).toBe("SIGKILL");
      await poll(() => existsSync(join(folder, "closed")), "the end of the remote's stdin");
    }
  });

  it("SIGKILL ends the remote session: its terminal hangs up", async () => {
    for (const side of ["real", "shim"] as const) {
      const folder = temporary();
      const child = start(side, ["-tt", ...words, `echo $$ > ${folder}/pid; exec sleep 300`], { stdinOpen: true });
      const pid = await poll(() => Number(textOf(join(folder, "pid"))), "the remote command");
      child.kill("SIGKILL");
      await child;
      await poll(() => !isAlive(pid), "the end of the remote command");
    }
  });

  it("timeout(1) ends it, with timeout's own code", async () => {
    const gate = makeGate();
    const real = await expectSame(...shell('timeout 0.5 ssh "$@"', [...words, gate.command]));
    gate.open();
    expect(real.exitCode).toBe(124);
  });

  it("a stopped and continued session goes on", async () => {
    const gate = makeGate("echo went on; exit 3");
    const child = start("shim", [...words, gate.command]);
    await poll(gate.begun, "the remote command");
    child.kill("SIGSTOP");
    gate.open();
    child.kill("SIGCONT");
    expect(await endOf(child)).toEqual({ stdout: "went on\n", stderr: "", exitCode: 3, signal: undefined });
  });
});

describe("SIGPIPE", () => {
  it("a closed stdout ends it as it ends the real ssh", async () => {
    const script = 'ssh "$@" "yes" | head -1; echo "${PIPESTATUS[*]}"';
    await expectSame(...shell(script, words, "bash"));
  });
  it("where the caller ignores it", async () => {
    const script =
      'trap "" PIPE; ssh "$@" "trap \\"\\" PIPE; head -c 1000000 /dev/zero 2>/dev/null; exit 3" | head -c 1 | od -c; echo "${PIPESTATUS[0]}"';
    await expectSame(...shell(script, words, "bash"));
  });
});

describe("an end from elsewhere", () => {
  it("the connection is lost in a session: 255, and the command is not started again", async () => {
    for (const side of ["real", "shim"] as const) {
      const other = await startSshd();
      const ledger = join(temporary(), "ledger");
      const gate = makeGate();
      const child = start(side, [...other.options, other.host, `echo id >> ${ledger}; ${gate.command}`]);
      await poll(gate.begun, "the remote command");
      const sessions = processTree(other.pid);
      for (const pid of sessions.slice(1)) signal(pid, "SIGKILL");
      expect((await endOf(child)).exitCode).toBe(255);
      expect(textOf(ledger)).toBe("id\n");
      await other.stop();
    }
  });

  it("the master is killed in a session: 255, and the next call has a new one", async () => {
    const run = freshRun();
    const [gate, ledger] = [makeGate(), join(temporary(), "ledger")];
    const child = start("shim", [...words, `echo id >> ${ledger}; ${gate.command}`], { run });
    await poll(gate.begun, "the remote command");
    const masters = mastersOf(run);
    expect(masters.length).toBe(1);
    for (const pid of masters) signal(pid, "SIGKILL");
    expect((await endOf(child)).exitCode).toBe(255);
    gate.open();
    expect(textOf(ledger)).toBe("id\n");
    expect((await runShim([...words, "exit 3"], { run })).exitCode).toBe(3);
    expect(mastersOf(run).filter((pid) => !masters.includes(pid)).length).toBe(1);
  });

  it("a master that was killed between two calls is replaced at once", async () => {
    const masters = mastersOf(runDirectory());
    for (const pid of masters) signal(pid, "SIGKILL");
    await poll(() => !masters.some(isAlive));
    await expectSame([...words, "echo again; exit 2"]);
  });

  it("the server restarts between two calls", async () => {
    const other = await startSshd();
    const args = [...other.options, other.host, "echo x"];
    expect((await runShim(args)).exitCode).toBe(0);
    await other.stop();
    await other.restart();
    await expectSame(args);
    await other.stop();
    await expectSame(args, {}, (text) => text.replace(/port \d+/, "port N"));
  });
});
