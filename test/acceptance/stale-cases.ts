/**
 * What the cases of staleness share: two servers, so that it shows which one a call reached, and a folder a case.
 * Importing it registers the hooks that make them.
 */
import { join } from "node:path";
import { beforeAll, beforeEach, expect } from "vitest";
import { type RunOptions, runShim, type Sshd, startSshd, temporary } from "../support/index.ts";

export let one: Sshd;
export let two: Sshd;
export let base: string;
export let run: string;
export let folder: string;
beforeAll(async () => {
  [one, two] = await Promise.all([startSshd({ config: ["PermitUserEnvironment HOME,WHO"] }), startSshd()]);
  run = join(temporary(), "r");
  const identity = [
    `IdentityFile ${one.keyFile}`,
    `IdentityFile ${two.keyFile}`,
    "StrictHostKeyChecking no",
    "UserKnownHostsFile /dev/null",
  ];
  base = `Host *\n  HostName 127.0.0.1\n  User ${one.user}\n  LogLevel ERROR\n${identity.map((line) => `  ${line}\n`).join("")}`;
});
beforeEach(() => {
  folder = temporary();
});

/** The port of the server that the command ran on. */
export async function where(args: string[], options: RunOptions = {}): Promise<number> {
  const result = await runShim([...args, "echo $SSH_CONNECTION"], { run, ...options });
  expect(result.stderr.toString()).toBe("");
  return Number(result.stdout.toString().trim().split(" ").at(-1));
}
export const portLine = (sshd: Sshd) => `Port ${sshd.port}\n`;

/** Calls until nothing is new any more, then changes something; the very next call must have followed. */
export async function expectFollows(args: string[], change: () => void, options: RunOptions = {}, after = options): Promise<void> {
  for (let call = 0; call < 2; call++) expect(await where(args, options)).toBe(one.port);
  change();
  expect(await where(args, after)).toBe(two.port);
}
