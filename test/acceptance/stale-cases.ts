/**
 * What the cases of staleness share: two servers, so that it shows which one a call reached, and a folder a case.
 * Importing it makes them.
 */
import { beforeEach, expect } from "vitest";
import { freshRun, type RunOptions, runShim, type Sshd, startSshd, temporary } from "../support/index.ts";

export const [one, two] = await Promise.all([startSshd({ config: ["PermitUserEnvironment HOME,WHO"] }), startSshd()]);
const identity = [`IdentityFile ${one.keyFile}`, `IdentityFile ${two.keyFile}`, "StrictHostKeyChecking no", "UserKnownHostsFile /dev/null"];
export const base = `Host *\n  HostName 127.0.0.1\n  User ${one.user}\n  LogLevel ERROR\n${identity.map((line) => `  ${line}\n`).join("")}`;
export const run = freshRun();
export let folder: string;
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
