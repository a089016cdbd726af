/** Masters that are stopped, killed or cut off: each within its bound, nothing is started twice, and the next call works by itself. */
import { existsSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { holdBound } from "../support/crowd.ts";
import {
  fixture,
  freshOptions,
  isAlive,
  linesOf,
  makeGate,
  outcome,
  poll,
  type RunOptions,
  runReal,
  runShim,
  type Sshd,
  signal,
  start,
  startSshd,
} from "../support/index.ts";
import { countOpenedIn, journalOf, mastersAt, recordsOf } from "../support/runtime-directory.ts";
import { startProxy, type TcpProxy, through } from "../support/tcp-proxy.ts";

const open: TcpProxy[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((proxy) => proxy.close()));
});

async function proxyTo(sshd: Sshd): Promise<TcpProxy> {
  const proxy = await startProxy(sshd.port);
  open.push(proxy);
  return proxy;
}

/** How long a call takes that makes its own master: what a healed one may take on top of its bound, on this machine at this moment. */
async function coldTime(sshd: Sshd): Promise<number> {
  const took = async () => (await runShim([...sshd.options, sshd.host, "true"], freshOptions(sshd))).milliseconds;
  return Math.max(await took(), await took());
}

describe("a master that is no good any more", () => {
  const kinds: Record<string, { bound: number; spoil: (pid: number, socket: string) => Promise<void> }> = {
    "stopped (SIGSTOP)": { bound: 1000, spoil: async (pid) => signal(pid, "SIGSTOP") },
    "killed (SIGKILL), its socket still there": {
      bound: 0,
      spoil: async (pid, socket) => {
        signal(pid, "SIGKILL");
        await poll(() => !isAlive(pid), "its end");
        expect(lstatSync(socket).isSocket()).toBe(true);
      },
    },
  };
  for (const [kind, { bound, spoil }] of Object.entries(kinds))
    it(`${kind}, with three sessions on it: the next call works within ${bound} ms and a handshake, and nothing is started twice`, async () => {
      const { sshd, words, options, callShim } = await fixture();
      const ledger = join(options.run, "ledger");
      const gate = makeGate();
      const command = (id: number) => `echo ${id} >> ${ledger}; ${gate.before(`exit ${id}`)}`;
      const sessions = [1, 2, 3].map((id) => start("shim", [...words, command(id)], options));
      await poll(() => countOpenedIn(options.run) === 3 && linesOf(ledger).length === 3, "three sessions");
      const cold = await coldTime(sshd);
      const master = recordsOf(options.run)[0]?.record;
      await spoil(master?.pid ?? 0, master?.socket ?? "");
      const next = await callShim(`echo next; echo 4 >> ${ledger}`);
      expect(outcome(next)).toEqual({ stdout: "next\n", stderr: "", exitCode: 0 });
      holdBound(next.milliseconds, bound + 3 * cold + 300);
      if (bound > 0) signal(master?.pid ?? 0, "SIGCONT");
      gate.open();
      const codes = (await Promise.all(sessions)).map(({ exitCode }) => exitCode);
      // A stopped one goes on with its sessions; those of a dead one are lost.
      expect(codes).toEqual(bound > 0 ? [1, 2, 3] : [255, 255, 255]);
      expect(linesOf(ledger).sort()).toEqual(["1", "2", "3", "4"]);
      const verdicts = journalOf(options.run)
        .filter(({ event, stage }) => event === "heal" && stage === "opened")
        .map(({ verdict }) => verdict);
      expect(verdicts).toEqual(bound > 0 ? [] : ["started", "started", "started"]);
      expect(mastersAt(options.run)).toHaveLength(1);
    });
});

describe("a network that goes dead", () => {
  const slow = { env: { SSHIM_SERVER_ALIVE: "1s" } };

  it("while the connection is made: the real ssh's words after ConnectTimeout, and the next call works", async () => {
    const sshd = await startSshd();
    const proxy = await proxyTo(sshd);
    const args = ["-oConnectTimeout=2", ...through(sshd, proxy.port)];
    proxy.cut();
    const real = await runReal([...args, "true"], freshOptions(sshd));
    expect(real.exitCode).toBe(255);
    const options = freshOptions(sshd);
    const cut = await runShim([...args, "true"], options);
    expect(outcome(cut)).toEqual(outcome(real));
    holdBound(cut.milliseconds, real.milliseconds + 1000);
    proxy.heal();
    expect(outcome(await runShim([...args, "echo back"], options))).toEqual({ stdout: "back\n", stderr: "", exitCode: 0 });
    expect(proxy.connections()).toBe(3);
  });

  it("between sessions and during one: 255 within four of its alive intervals, never again, and the next call works", async () => {
    const sshd = await startSshd();
    const proxy = await proxyTo(sshd);
    const args = through(sshd, proxy.port);
    const options: RunOptions & { run: string } = { ...freshOptions(sshd), ...slow };
    const ledger = join(options.run, "ledger");
    const during = start("shim", [...args, `echo during >> ${ledger}; sleep 60`], options);
    await poll(() => existsSync(ledger) && countOpenedIn(options.run) === 1, "the session");
    const old = recordsOf(options.run)[0]?.record.pid ?? 0;
    proxy.cut();
    const began = performance.now();
    const between = await runShim([...args, `echo between >> ${ledger}; sleep 60`], options);
    const ended = await during;
    // Interval 1 s, four of them, and what a busy machine adds.
    holdBound(performance.now() - began, 4000 + 2000);
    expect([between.exitCode, ended.exitCode]).toEqual([255, 255]);
    expect(Buffer.from(ended.stderr as Uint8Array).toString()).toMatch(/^Timeout, server .* not responding\.\r\n$/);
    expect(isAlive(old)).toBe(false);
    proxy.heal();
    expect(outcome(await runShim([...args, `echo after >> ${ledger}; echo back`], options))).toEqual({
      stdout: "back\n",
      stderr: "",
      exitCode: 0,
    });
    expect(linesOf(ledger).sort()).toEqual(["after", "during"]);
    const verdicts = journalOf(options.run)
      .filter(({ event, outcome }) => event === "heal" && outcome === "exit")
      .map(({ stage, verdict }) => `${stage} ${verdict}`);
    expect(verdicts.sort()).toEqual(["opened started", "session unknown"]);
  });

  it("is noticed, said in the real ssh's words, and the next call has a new master", async () => {
    const { sshd, words, options: fresh } = await fixture();
    const options = { ...fresh, ...slow };
    const alive = ["-oServerAliveInterval=1", "-oServerAliveCountMax=3"];
    const cut = async (side: "real" | "shim") => {
      const before = new Set(sshd.processes());
      const up = join(options.run, `up-${side}`);
      const session = start(side, [...sshd.options, ...(side === "real" ? alive : []), sshd.host, `echo >${up}; sleep 60`], options);
      const mine = () => sshd.processes().filter((pid) => !before.has(pid));
      await poll(() => existsSync(up), "the session");
      const stopped = mine();
      for (const pid of stopped) signal(pid, "SIGSTOP");
      const result = await session;
      for (const pid of stopped) signal(pid, "SIGKILL");
      return { code: result.exitCode, stderr: Buffer.from(result.stderr as Uint8Array).toString() };
    };
    const real = await cut("real");
    expect(real).toEqual({ code: 255, stderr: expect.stringMatching(/not responding/) });
    expect(await cut("shim")).toEqual(real);
    expect(outcome(await runShim([...words, "echo back"], options))).toEqual({ stdout: "back\n", stderr: "", exitCode: 0 });
  });
});
