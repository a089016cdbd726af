/** Many at once, and somebody who drains all the time: no command is cut, lost or refused, and nothing is left behind. */
import { expect, test } from "vitest";
import { fixture, makeGate, poll, processesOf, type Result, runShim, visible } from "../support/index.ts";

/** `callers` that run commands one after the other until `total` have run; each has its own exit code. */
async function work(total: number, callers: number, one: (n: number) => Promise<Result>): Promise<void> {
  let next = 0;
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (next < total) {
        const n = next++;
        expect(visible(await one(n))).toEqual({ stdout: `${n}\n`, stderr: "", exitCode: n, signal: undefined });
      }
    }),
  );
}

test("fifty callers on a cold host: five handshakes, and all fifty commands run", async () => {
  const { sshd, callShim } = await fixture();
  const gate = makeGate();
  const all = work(50, 50, (n) => callShim(gate.before(`echo ${n}; exit ${n}`)));
  await poll(() => gate.begun() === 50, "fifty sessions at once");
  gate.open();
  await all;
  expect(sshd.authentications()).toBe(5);
});

test("-O exit without a pause while commands run: none is cut, and every drained master leaves", async () => {
  const { words, options } = await fixture();
  let done = false;
  const exits: (number | undefined)[] = [];
  const drain = async () => {
    while (!done) exits.push((await runShim(["-O", "exit", ...words], options)).exitCode);
  };
  const draining = drain();
  try {
    await work(40, 6, (n) => runShim([...words, `echo ${n}; sleep 0.${n % 6}; exit ${n}`], options));
  } finally {
    done = true;
    await draining;
  }
  expect(exits.filter((code) => code === 0).length).toBeGreaterThan(2);
  await runShim(["-O", "exit", ...words], options);
  await poll(() => processesOf(options.run).length === 0, "the end of all masters");
});

test("masters that grow old within two seconds: no session is lost, and the old ones are gone afterwards", async () => {
  const { sshd, words, options: fresh } = await fixture();
  const options = { ...fresh, env: { SSHIM_MAX_AGE: "2s" } };
  await work(40, 8, (n) => runShim([...words, `echo ${n}; sleep ${((n * 7) % 20) / 10}; exit ${n}`], options));
  expect(sshd.authentications()).toBeGreaterThan(1);
  await poll(() => processesOf(options.run).length <= 1, "the end of the old masters");
});
