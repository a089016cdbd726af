/** Fifty callers at once where no connection comes about: two dials at most, and everybody has the real ssh's words and code. */
import { afterEach, describe, expect, it } from "vitest";
import { countingSsh } from "../support/counting.ts";
import { crowd, holdBound } from "../support/crowd.ts";
import { freshOptions, outcome, poll, processesOf, runReal, runShim, type Sshd, startSshd } from "../support/index.ts";
import { journalOf } from "../support/runtime-directory.ts";
import { startProxy, type TcpProxy, through } from "../support/tcp-proxy.ts";

const CROWD = 50;
const open: TcpProxy[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((proxy) => proxy.close()));
});

/**
 * The crowd, the real ssh and one caller alone, each with nothing there before. The bound: no later than one alone plus a second, on top of what it
 * takes this machine to start fifty programs at once.
 */
async function expectOneFailure(sshd: Sshd, args: string[], env: Record<string, string> = {}) {
  const real = await runReal(args, freshOptions(sshd));
  expect(real.exitCode).toBe(255);
  expect(real.stderr.length).toBeGreaterThan(0);
  const alone = await runShim(args, { ...freshOptions(sshd), env });
  const starting = (await crowd(CROWD, ["-V"], freshOptions(sshd))).milliseconds;
  const ssh = countingSsh();
  const options = { ...freshOptions(sshd), env: { ...ssh.env, ...env } };
  const { results, milliseconds } = await crowd(CROWD, args, options);
  expect(results).toEqual(results.map(() => outcome(real)));
  // The pause before a second knock is drawn by lot, up to half a second either way.
  const pause = env.SSHIM_RETRY_DELAY === undefined ? 0 : 1000;
  holdBound(milliseconds, alone.milliseconds + pause + 1000 + starting);
  expect(processesOf(options.run)).toEqual([]);
  return { starts: ssh.starts(), options };
}

describe("fifty callers at once", () => {
  it("on a port where nobody listens: two knocks", async () => {
    const sshd = await startSshd();
    await sshd.stop();
    const { starts, options } = await expectOneFailure(sshd, [...sshd.options, sshd.host, "true"], { SSHIM_RETRY_DELAY: "1" });
    expect(starts.length).toBeLessThanOrEqual(2);
    expect(journalOf(options.run).filter(({ event }) => event === "dial")).toHaveLength(1);
  });

  it("on a black hole: one knock, and all of them end with the first one's ConnectTimeout", async () => {
    const sshd = await startSshd();
    const hole = await startProxy(undefined);
    open.push(hole);
    const { starts } = await expectOneFailure(sshd, ["-oConnectTimeout=2", ...through(sshd, hole.port), "true"]);
    expect(starts).toHaveLength(1);
  });

  it("with a key that the server does not know: it is offered once", async () => {
    const sshd = await startSshd();
    const other = await startSshd();
    const args = [...sshd.options, "-oIdentitiesOnly=yes", `-oPort=${sshd.port}`, sshd.host, "true"];
    // Their HOME's configuration names the other server's key as the only one.
    args[1] = other.configFile;
    args.splice(2, 0, `-oHostKeyAlias=[127.0.0.1]:${sshd.port}`, `-oUserKnownHostsFile=${sshd.knownHosts}`, "-oLogLevel=ERROR");
    const lines = (pattern: RegExp) => sshd.log().match(pattern)?.length ?? 0;
    // sshd answers first and writes its log then: a connection's lines are all there when its last one is.
    const offers = async () => {
      await poll(() => lines(/^Connection closed by authenticating user /gm) === sshd.connections(), "the end of the server's log");
      return lines(/^Failed publickey for /gm);
    };
    const real = await runReal(args, freshOptions(sshd));
    expect(real.stderr.toString()).toContain("Permission denied");
    expect([sshd.connections(), await offers()]).toEqual([1, 1]);
    const { starts } = await expectOneFailure(sshd, args);
    expect(starts).toHaveLength(1);
    // The real one and the one alone of the comparison, and one for the fifty.
    expect([sshd.connections(), await offers()]).toEqual([4, 4]);
  });
});
