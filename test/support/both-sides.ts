/**
 * Lets a caller's own program do the same work twice, in a folder of its own: with the real ssh on its PATH, and with the shim before it and a
 * runtime directory of its own, so that the server's log tells how many authentications that one piece of work cost.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { cleanEnv, type Result, type RunOptions, run, visible } from "./run.ts";
import type { Sshd } from "./sshd.ts";
import { endMasters } from "./teardown.ts";
import { scratch } from "./temporary.ts";

export interface Side {
  name: "real" | "shim";
  /** empty at the start; the program runs in it */
  folder: string;
  /** SSHIM_DIR of this piece of work */
  runtime: string;
  /** the environment in which the program runs */
  env: Record<string, string>;
  /** Runs a program by name (ssh, scp, sftp: this side's own) or by path. */
  run(program: string, args: readonly string[], options?: RunOptions): Promise<Result>;
  /** Runs it and demands exit code 0. */
  succeed(program: string, args: readonly string[], options?: RunOptions): Promise<Result>;
}

export interface Comparison<T> {
  real: T;
  shim: T;
  /** authentications in the server's log for the shim's side, and for the real one's */
  authentications: number;
  withoutShim: number;
}

/** Does `work` on both sides, one after the other, and ends the masters of each. HOME is the server's own, unless `env` says otherwise. */
export async function onBothSides<T>(
  sshd: Sshd,
  work: (side: Side) => Promise<T>,
  env: Record<string, string | undefined> = {},
): Promise<Comparison<T>> {
  const [real, withoutShim] = await onSide("real", sshd, work, env);
  const [shim, authentications] = await onSide("shim", sshd, work, env);
  return { real, shim, authentications, withoutShim };
}

/** One side alone: what `work` gave, and the authentications that it cost. */
export async function onSide<T>(
  name: Side["name"],
  sshd: Sshd,
  work: (side: Side) => Promise<T>,
  env: Record<string, string | undefined> = {},
): Promise<[T, number]> {
  const root = scratch();
  const folder = join(root, "w");
  const runtime = join(root, "r");
  for (const path of [folder, runtime]) mkdirSync(path, { mode: 0o700 });
  const options: RunOptions = { run: runtime, home: sshd.home, env, cwd: folder };
  const side: Side = {
    name,
    folder,
    runtime,
    env: cleanEnv(name, options),
    run: (program, args, more = {}) =>
      // By its bare name, as a shell calls it: the real scp says argv[0] in its messages.
      run(name, args, { ...options, program, argv0: program, ...more, env: { ...env, ...more.env } }),
    async succeed(program, args, more = {}) {
      const result = await side.run(program, args, more);
      expect({ ...visible(result), program }).toMatchObject({ exitCode: 0, program });
      return result;
    },
  };
  const before = sshd.authentications();
  const result = await work(side);
  const cost = sshd.authentications() - before;
  await endMasters(runtime);
  return [result, cost];
}

/** What both sides show in the same way, once the folder's name is the same. */
export function visibleIn(side: Side, result: Result): ReturnType<typeof visible> {
  const plain = (text: string) => text.replaceAll(side.folder, "FOLDER");
  const { stdout, stderr, ...rest } = visible(result);
  return { ...rest, stdout: plain(stdout), stderr: plain(stderr) };
}

/** The whole sizes of the cases (`npm run test:callers`); `npm test` takes smaller ones, for its time. */
export const wholeSize = process.env.SSHIM_CALLERS === "whole";
