/** A server that allows few sessions a connection: everybody gets one, by more masters, which are made gently and drained together. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { mostUnauthenticated } from "../support/crowd.ts";
import { fixture, isAlive, makeGate, outcome, poll, runReal, runShim, start } from "../support/index.ts";
import { countOpenedIn, countSlotsIn, journalOf, mastersAt, recordsOf } from "../support/runtime-directory.ts";

describe("a server that allows few sessions", () => {
  for (const most of [2, 3])
    it(`MaxSessions ${most}, twelve callers: none fails, the limit is learned, and at most four knock at a time`, async () => {
      const { sshd, words, options, callShim } = await fixture({ maxSessions: most });
      const gate = makeGate();
      const crowd = Array.from({ length: 12 }, (_, id) => start("shim", [...words, gate.before(`echo ${id}; exit ${id}`)], options));
      // All twelve at the same time: that takes as many masters as it takes.
      await poll(() => countOpenedIn(options.run) === 12, "twelve sessions at once");
      gate.open();
      const results = await Promise.all(crowd);
      expect(results.map((result) => outcome(result as never))).toEqual(
        results.map((_, id) => ({ stdout: `${id}\n`, stderr: "", exitCode: id })),
      );
      expect(mastersAt(options.run).every(({ record }) => record.limit === most)).toBe(true);
      expect(mostUnauthenticated(sshd.log())).toBeLessThanOrEqual(4);
      expect(sshd.authentications()).toBeLessThanOrEqual(12 / most + 1);
      const masters = mastersAt(options.run).map(({ record }) => record.pid);
      expect(masters.length).toBeGreaterThanOrEqual(12 / most);
      // One call at a time goes to the fullest, the first: the others are idle from now on.
      const before = sshd.authentications();
      for (let n = 0; n < 3; n++) expect((await callShim("true")).exitCode).toBe(0);
      expect(sshd.authentications()).toBe(before);
      expect((await runShim(["-O", "exit", ...words], options)).stderr.toString()).toBe("Exit request sent.\r\n");
      await poll(() => !masters.some(isAlive), "the end of every master");
      expect(recordsOf(options.run).filter(({ record }) => isAlive(record.pid))).toEqual([]);
    });

  it("-O exit drains every master while sessions run on all of them, and cuts none", async () => {
    const { words, options, callShim } = await fixture({ maxSessions: 2 });
    const gate = makeGate();
    const crowd = Array.from({ length: 5 }, (_, id) => start("shim", [...words, gate.before(`exit ${id}`)], options));
    await poll(() => countOpenedIn(options.run) === 5, "five sessions at once");
    const masters = mastersAt(options.run).map(({ record }) => record.pid);
    expect(masters.length).toBeGreaterThanOrEqual(3);
    expect((await runShim(["-O", "exit", ...words], options)).exitCode).toBe(0);
    expect(mastersAt(options.run)).toEqual([]);
    expect(masters.every(isAlive)).toBe(true);
    expect((await callShim("echo new")).stdout.toString()).toBe("new\n");
    gate.open();
    expect((await Promise.all(crowd)).map(({ exitCode }) => exitCode)).toEqual([0, 1, 2, 3, 4]);
    await poll(() => !masters.some(isAlive), "the end of the drained masters");
  });

  it("every place taken: who waits gets the next free one, and after ConnectTimeout the real ssh runs", async () => {
    const { sshd, words, options: fresh } = await fixture({ maxSessions: 1 });
    const options = { ...fresh, env: { SSHIM_MAX_SHARDS: "1" } };
    const gate = makeGate("exit 1");
    const first = start("shim", [...words, gate.command], options);
    await poll(gate.begun, "the session that takes the place");
    // Until the limit is learned, a caller is refused; that one learns it.
    const late = await runShim(["-oConnectTimeout=1", ...words, "echo late; exit 4"], options);
    expect(outcome(late)).toEqual({ stdout: "late\n", stderr: "", exitCode: 4 });
    expect(sshd.authentications()).toBe(2);
    const waits = start("shim", ["-oConnectTimeout=20", ...words, "echo next; exit 5"], options);
    await poll(() => readFileSync(`/proc/${waits.pid}/cmdline`, "utf8").includes("echo next"), "the one who waits");
    expect(countSlotsIn(options.run)).toBe(1);
    gate.open();
    expect((await first).exitCode).toBe(1);
    expect(outcome((await waits) as never)).toEqual({ stdout: "next\n", stderr: "", exitCode: 5 });
    expect(sshd.authentications()).toBe(2);
    expect(journalOf(options.run).filter(({ why }) => why === "full")).toHaveLength(1);
    expect((await runReal([...words, "true"], options)).exitCode).toBe(0);
  });
});
