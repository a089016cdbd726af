// Private memory of waiting processes, several at once, so that pages of one program file do not count as anybody's own. Linux only.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { poll } from "../../test/support/temporary.ts";

/** Starts `count` processes, waits until their memory stands still, ends them; gives Private_Clean + Private_Dirty of each in KiB. */
export async function measureWaiting(words: string[], count: number, environment: NodeJS.ProcessEnv = process.env): Promise<number[]> {
  const [program = "", ...rest] = words;
  const children = Array.from({ length: count }, () => spawn(program, rest, { stdio: ["ignore", "ignore", "inherit"], env: environment }));
  const ends = children.map((child) => new Promise((resolve) => child.once("exit", resolve)));
  let previous: number[] = [];
  try {
    await poll(
      async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        const now = children.map(privateMemory);
        const still = now.join() === previous.join();
        previous = now;
        return still;
      },
      `${program} to wait`,
      15_000,
    );
  } finally {
    for (const child of children) child.kill("SIGTERM");
    await Promise.all(ends);
  }
  return previous;
}

function privateMemory(child: ChildProcess): number {
  const text = readFileSync(`/proc/${child.pid}/smaps_rollup`, "utf8");
  return [...text.matchAll(/^Private_(?:Clean|Dirty):\s+(\d+) kB/gm)].reduce((total, match) => total + Number(match[1]), 0);
}
