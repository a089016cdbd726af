/**
 * The common opening of a test: a loopback sshd with its keys and HOME, a runtime directory that nobody used, and the real ssh and the shim as
 * the two sides that reach it. Everything of it goes with the file's tear-down.
 */
import { join } from "node:path";
import { type Result, type RunOptions, run, type start } from "./run.ts";
import { type Sshd, type SshdOptions, startSshd } from "./sshd.ts";
import { temporary } from "./temporary.ts";

export interface Fixture {
  sshd: Sshd;
  /** options and host of the sshd: what the words of a call begin with */
  words: string[];
  /** its HOME, and the runtime directory */
  options: { home: string; run: string };
  /** the runtime directory alone */
  run: string;
  /** Runs a command on the sshd by either side's ssh, with these options. */
  callReal(command: string, more?: RunOptions): Promise<Result>;
  callShim(command: string, more?: RunOptions): Promise<Result>;
}

/** Starts one; with `warm` the file's own runtime directory (see `runDirectory`) has a connection to it. */
export async function fixture({ warm = false, ...options }: SshdOptions & { warm?: boolean } = {}): Promise<Fixture> {
  const sshd = await startSshd(options);
  const words = [...sshd.options, sshd.host];
  if (warm && (await run("shim", [...words, "true"])).exitCode !== 0) throw new Error("the first call through the shim failed");
  const fresh = freshOptions(sshd);
  const call =
    (side: Parameters<typeof start>[0]) =>
    (command: string, more: RunOptions = {}) =>
      run(side, [...words, command], { ...fresh, ...more });
  return { sshd, words, options: fresh, run: fresh.run, callReal: call("real"), callShim: call("shim") };
}

/** A runtime directory that nobody used, and the server's HOME. */
export const freshOptions = (sshd: Sshd) => ({ home: sshd.home, run: temporary() });

/** A runtime directory that is yet to be made. */
export const freshRun = (): string => join(temporary(), "r");

/** A control path where nobody is, in a folder of its own. */
export const freshPath = (): string => join(temporary("cp-"), "s");

/** What OpenSSH's own users say to share a connection at a path. */
export const sharedAt = (path: string): string[] => ["-o", "ControlMaster=auto", "-o", `ControlPath=${path}`, "-o", "ControlPersist=60"];
