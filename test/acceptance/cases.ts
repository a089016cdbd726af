/**
 * What acceptance cases share: one call through the real ssh and twice through the shim (cold or not, then warm), compared to the byte.
 * It decides nothing about which cases there are.
 */
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { type Result, type RunOptions, runReal, runShim, type Sshd, shellQuote, temporary, visible } from "../support/index.ts";

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

/** A command for the remote side that waits until the test lets it go, and says when it has begun. */
export interface Gate {
  command: string;
  begun(): boolean;
  open(): void;
}

/** Makes one; `then` runs after it was let go. */
export function makeGate(then = "exit 5"): Gate {
  const folder = temporary("gate-");
  const [begun, open] = [join(folder, "begun"), join(folder, "open")];
  return {
    command: `echo $$ > ${begun}; n=0; while [ ! -e ${open} ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done; ${then}`,
    begun: () => existsSync(begun) && readFileSync(begun, "utf8").endsWith("\n"),
    open: () => writeFileSync(open, ""),
  };
}

/** A stand-in for the control plane that counts its starts and hands on to the real one. */
export function countControl(program: string): { env: Record<string, string>; starts(): string[] } {
  const folder = temporary("count-");
  const [script, log] = [join(folder, "sshim"), join(folder, "starts")];
  writeFileSync(script, `#!/bin/sh\necho "$2" >> ${shellQuote(log)}\nexec ${shellQuote(program)} "$@"\n`);
  chmodSync(script, 0o755);
  return { env: { SSHIM_CONTROL: script }, starts: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []) };
}

/** The journal's lines of a runtime directory: sessions, and the control plane's events. */
export function readJournal(run: string): Array<Record<string, unknown>> {
  const file = join(run, "journal.jsonl");
  if (!existsSync(file)) return [];
  return readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** What a file says, or nothing. */
export const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
