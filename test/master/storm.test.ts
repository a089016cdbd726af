/** Many at once, and somebody who drains all the time: no command is cut, lost or refused, and nothing is left behind. */
import { expect, test } from "vitest";
import { fixture, poll, processesOf, type Result, runShim, visible } from "../support/index.ts";

/** More than one command of a crowd may take on a busy machine. */
const timeout = 60_000;

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
  const { sshd, words, options: fresh } = await fixture();
  const options = { ...fresh, timeout };
  await work(50, 50, (n) => runShim([...words, `echo ${n}; exit ${n}`], options));
  expect(sshd.authentications()).toBe(5);
});

test("-O exit without a pause while commands run: none is cut, and every drained master leaves", async () => {
  const { sshd, words, options: fresh } = await fixture();
  const options = { ...fresh, timeout };
  let done = false;
  const exits: (number | undefined)[] = [];
  const drain = async () => {
    while (!done) exits.push((await runShim([...sshd.options, "-O", "exit", sshd.host], options)).exitCode);
  };
  const draining = drain();
  try {
    await work(40, 6, (n) => runShim([...words, `echo ${n}; sleep 0.${n % 6}; exit ${n}`], options));
  } finally {
    done = true;
    await draining;
  }
  expect(exits.filter((code) => code === 0).length).toBeGreaterThan(2);
  await runShim([...sshd.options, "-O", "exit", sshd.host], options);
  await poll(() => processesOf(options.run).length === 0, 10_000, "the end of all masters");
});

test("masters that grow old within two seconds: no session is lost, and the old ones are gone afterwards", async () => {
  const { sshd, words, options: fresh } = await fixture();
  const options = { ...fresh, timeout, env: { SSHIM_MAX_AGE: "2s" } };
  await work(40, 8, (n) => runShim([...words, `echo ${n}; sleep ${((n * 7) % 20) / 10}; exit ${n}`], options));
  expect(sshd.authentications()).toBeGreaterThan(1);
  await poll(() => processesOf(options.run).length <= 1, 10_000, "the end of the old masters");
});
