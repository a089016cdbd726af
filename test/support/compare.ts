/** One call through the real ssh and twice through the shim (cold or not, then warm), compared to the byte. */
import { expect } from "vitest";
import { type Result, type RunOptions, runReal, runShim, visible } from "./run.ts";
import type { Sshd } from "./sshd.ts";

/** Runs it through the real ssh, then twice through the shim; stdout, stderr and exit code must be the same each time. Gives the real one's. */
export async function expectSame(args: readonly string[], options: RunOptions = {}, change = (text: string) => text): Promise<Result> {
  const shown = (result: Result) => {
    const { stdout, stderr, ...rest } = visible(result);
    return { stdout: change(stdout), stderr: change(stderr), ...rest };
  };
  const real = await runReal(args, options);
  for (const call of ["the first call", "the second call"])
    expect({ call, ...shown(await runShim(args, options)) }).toEqual({ call, ...shown(real) });
  return real;
}

/** The same on a connection that is shared already: the shim may not authenticate once more. */
export async function expectSameShared(sshd: Sshd, args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const before = sshd.authentications();
  const real = await expectSame(args, options);
  expect(sshd.authentications() - before, "authentications, of which the real ssh had one").toBe(1);
  return real;
}

/** Calls a shell with a script that calls ssh by its name, on either side's PATH; `words` are "$@". */
export const shell = (script: string, words: readonly string[] = [], program = "/bin/sh"): [string[], { program: string }] => [
  ["-c", script, "sh", ...words],
  { program },
];
