/**
 * One sshd and one runtime directory for a test file of commands on real masters, cleared between
 * its tests.
 */
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Result, runSshim, type Sshd, type SshdOptions, startSshd } from "../../support/index.ts";
import { conform } from "./schema.ts";

export type Row = Record<string, unknown> & { pid: number; state: string; key: string; shard: number; socket: string };

export interface Live {
  sshd: Sshd;
  /** Options and host of this sshd, then these words. */
  ssh: (...words: string[]) => string[];
  destination: () => string;
}

/**
 * Starts the sshd of this file before its tests; afterwards every master is gone, by --now and
 * --fix.
 */
export function useSshd(options: SshdOptions = {}): Live {
  const place: Partial<Live> & Pick<Live, "ssh" | "destination"> = {
    ssh: (...words) => [...(place.sshd?.options ?? []), place.sshd?.host ?? "", ...words],
    destination: () => `${place.sshd?.user}@127.0.0.1:${place.sshd?.port}`,
  };
  beforeAll(async () => {
    place.sshd = await startSshd(options);
  });
  afterEach(async () => {
    for (const { pid, state } of await masters()) if (state === "wedged") process.kill(pid, "SIGCONT");
    await runSshim(["drain", "--all", "--now"]);
    await runSshim(["doctor", "--fix"]);
  });
  afterAll(() => place.sshd?.stop());
  return place as Live;
}

/** The JSON that a command printed. */
export function value(result: Result) {
  return JSON.parse(result.stdout.toString());
}

/** The value of a command with --json, held to its schema, and its exit code. */
export async function ask(...words: string[]) {
  const result = await runSshim([words[0] as string, "--json", ...words.slice(1)]);
  const name = words[0] === "config" && words[1] === "check" ? "config check" : (words[0] as string);
  conform(name, value(result));
  return { code: result.exitCode, ...value(result) };
}

export const masters = async (): Promise<Row[]> => (await ask("status")).masters;
export const live = async (): Promise<Row[]> => (await masters()).filter(({ state }) => state === "live");
