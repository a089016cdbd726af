/**
 * What the failing-open cases share: one sshd a file, a folder and a runtime directory a case, and the one command whose outcome is known.
 * Importing it registers the hooks that make them.
 */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, expect } from "vitest";
import { shell } from "../support/compare.ts";
import { fixture, type RunOptions, runReal, runShim, shimFolder, temporary, visible } from "../support/index.ts";

export const sanitized = shimFolder.includes("asan");
export const command = "echo out; echo err >&2; cat; exit 3";
/** What the real ssh makes of the command where nothing is wrong: it is the same in every case. */
export const whole = { stdout: "out\nin", stderr: "err\n", exitCode: 3, signal: undefined };

export const { sshd, words } = await fixture();
export let folder: string;
export let run: string;

beforeAll(async () => {
  expect(visible(await runReal([...words, command], { input: "in" }))).toEqual(whole);
});
beforeEach(() => {
  folder = temporary();
  run = join(folder, "r");
});

/** The command with stdin, in a runtime directory of its own. */
export async function expectOpen(options: RunOptions = {}, times = 1): Promise<void> {
  for (let time = 0; time < times; time++)
    expect(visible(await runShim([...words, command], { input: "in", run, ...options }))).toEqual(whole);
}

/** The same through a shell script that ends in `ssh "$@"`, which may be hard on the real ssh too. */
export async function expectOpenInShell(script: string, options: RunOptions = {}): Promise<void> {
  const [args, all] = mix(shell(script, [...words, command]), { input: "in", run, ...options });
  const real = visible(await runReal(args, all));
  expect(visible(await runShim(args, all))).toEqual(real);
}

export const mix = ([args, program]: [string[], { program: string }], options: RunOptions): [string[], RunOptions] => [
  args,
  { ...options, ...program },
];

/** An executable in `place`. */
export function writeProgram(place: string, text: string, mode = 0o755): string {
  const file = join(place, "control");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}
