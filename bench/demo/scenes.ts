/**
 * What the demo measures, one function a scene: commands in a row, a crowd on a cold host, and a running command while somebody sends
 * `-O exit`. They give numbers and draw nothing.
 */
import { poll, type Sshd } from "../../test/support/tools.ts";
import type { Way } from "./ways.ts";

export interface Burst {
  /** wall time of all */
  milliseconds: number;
  commands: number;
  /** wall time of a single command, the median */
  median: number;
  /** commands that did not end with 0 and their own output */
  failures: number;
  /** how often the server had to authenticate somebody */
  handshakes: number;
}

export interface Interrupted {
  finished: boolean;
  exitCode: number | undefined;
  /** whether there was a shared connection that could be told to exit */
  shared: boolean;
}

/** `count` commands one after the other, the first on a cold host. */
export function runInTurn(way: Way, sshd: Sshd, count: number, progress: (done: number) => void): Promise<Burst> {
  return measure(way, sshd, count, async (one) => {
    let failures = 0;
    for (let index = 0; index < count; index++) {
      progress(index);
      failures += await one(index);
    }
    return failures;
  });
}

/** `count` callers at the same moment on a cold host. */
export function runAtOnce(way: Way, sshd: Sshd, count: number): Promise<Burst> {
  return measure(way, sshd, count, async (one) => {
    const outcomes = await Promise.all(Array.from({ length: count }, (_, index) => one(index)));
    return outcomes.reduce((sum, failed) => sum + failed, 0);
  });
}

/** A command of two seconds is running when somebody sends `-O exit` for its connection. */
export async function interrupt(way: Way): Promise<Interrupted> {
  await way.cool();
  await way.command("true");
  const session = way.begin("echo begun; sleep 2; echo finished");
  let output = "";
  session.stdout?.on("data", (chunk: Uint8Array) => {
    output += Buffer.from(chunk).toString();
  });
  await poll(() => output.includes("begun"), "the command to begin", 10_000);
  const asked = await way.exit();
  const { exitCode } = await session;
  return { finished: output.includes("finished") && exitCode === 0, exitCode, shared: asked.exitCode === 0 };
}

async function measure(
  way: Way,
  sshd: Sshd,
  count: number,
  burst: (one: (index: number) => Promise<number>) => Promise<number>,
): Promise<Burst> {
  await way.cool();
  const before = sshd.authentications();
  const began = performance.now();
  const single: number[] = [];
  const failures = await burst(async (index) => {
    const { exitCode, stdout, milliseconds } = await way.command(`echo ${index}`);
    single.push(milliseconds);
    return exitCode === 0 && stdout.toString() === `${index}\n` ? 0 : 1;
  });
  const milliseconds = performance.now() - began;
  const median = single.sort((a, b) => a - b)[Math.floor(count / 2)] ?? 0;
  return { milliseconds, median, commands: count, failures, handshakes: sshd.authentications() - before };
}
