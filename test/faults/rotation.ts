/**
 * Many short sessions against masters that grow old while they run: what every caller saw, how often each command was started, and which
 * masters are left. `npm run rotation [-- SESSIONS]` runs a thousand of 0 to 3 seconds; the tests a shortened form.
 */
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { journalOf, recordsOf } from "../support/runtime-directory.ts";
import { isAlive, linesOf, poll, runShim, startSshd, tearDown, temporary } from "../support/tools.ts";

export interface Rotation {
  /** one line for each caller that did not see exactly its own command's output and code */
  failures: string[];
  startedTwice: number;
  neverStarted: number;
  /** masters that were retired for their age */
  retired: number;
  /** retired masters that live on although no session runs any more */
  left: number;
  authentications: number;
  milliseconds: number;
}

/**
 * Runs `sessions` commands of 0 to `longest` seconds, `width` at a time, with max_age = 2 s.
 * The lengths come from a fixed seed.
 */
export async function rotate(sessions: number, longest: number, width: number): Promise<Rotation> {
  const sshd = await startSshd({ maxStartups: "10:30:100" });
  const options = { home: sshd.home, run: temporary(), env: { SSHIM_MAX_AGE: "2s" } };
  const ledger = join(temporary(), "ledger");
  appendFileSync(ledger, "");
  const random = seeded(7);
  const lengths = Array.from({ length: sessions }, () => (random() * longest).toFixed(2));
  const failures: string[] = [];
  const began = performance.now();
  let next = 0;
  const work = async () => {
    for (let id = next++; id < sessions; id = next++) {
      const code = id % 200;
      const command = `echo ${id} >> ${ledger}; sleep ${lengths[id]}; echo ${id}; exit ${code}`;
      const result = await runShim([...sshd.options, sshd.host, command], options);
      const [stdout, stderr] = [result.stdout.toString(), result.stderr.toString()];
      if (stdout !== `${id}\n` || stderr !== "" || result.exitCode !== code)
        failures.push(`${id}: code ${result.exitCode}, stdout ${JSON.stringify(stdout)}, stderr ${JSON.stringify(stderr)}`);
    }
  };
  await Promise.all(Array.from({ length: width }, work));
  const milliseconds = performance.now() - began;
  const left = () => recordsOf(options.run).filter(({ path, record }) => /\.m\.\d+$/.test(path) && isAlive(record.pid)).length;
  await poll(() => left() === 0).catch(() => undefined);
  const started = linesOf(ledger);
  return {
    failures,
    startedTwice: started.length - new Set(started).size,
    neverStarted: sessions - new Set(started).size,
    retired: journalOf(options.run).filter(({ event, reason }) => event === "retire" && reason === "age").length,
    left: left(),
    authentications: sshd.authentications(),
    milliseconds,
  };
}

/** mulberry32: numbers from 0 to 1. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

if (process.argv[1] === import.meta.filename) {
  try {
    const sessions = Number(process.argv[2] ?? 1000);
    const { failures, ...numbers } = await rotate(sessions, 3, 40);
    for (const failure of failures.slice(0, 20)) console.log(failure);
    console.log(JSON.stringify({ sessions, failed: failures.length, ...numbers }));
    const bad = failures.length + numbers.startedTwice + numbers.neverStarted + numbers.left;
    process.exitCode = bad === 0 && numbers.retired > 0 ? 0 : 1;
  } finally {
    await tearDown();
  }
}
