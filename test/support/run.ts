/**
 * Runs the real ssh and the shim in the same clean environment, so that a test can compare them byte for byte.
 * Nothing of the environment of the test run gets through, unless a test hands it on.
 */
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { execa } from "execa";
import { realPath, repository, systemPath } from "./programs.ts";
import { temporary } from "./temporary.ts";

export interface RunOptions {
  /** more environment, or other values; `undefined` takes a variable away */
  env?: Record<string, string | undefined>;
  /** all of the environment, instead of the clean one */
  wholeEnv?: Record<string, string>;
  /** stdin; without it stdin is empty */
  input?: string | Uint8Array;
  /** stdin is a pipe that the test writes to and closes */
  stdinOpen?: boolean;
  cwd?: string;
  /** milliseconds until SIGKILL (default 120,000: who hangs, not who is slow); `timedOut` tells */
  timeout?: number;
  /** the program by its name (default "ssh"), looked up in the folder of either side: ssh, scp, sftp; or a path, for a caller such as rsync or git */
  program?: string | undefined;
  /** argv[0], where it is another than the program's */
  argv0?: string;
  /** SSHIM_DIR; default one directory per test file */
  run?: string;
  /** HOME; default one directory per test file */
  home?: string;
}

export interface Result {
  stdout: Buffer;
  stderr: Buffer;
  /** undefined when a signal ended it */
  exitCode: number | undefined;
  signal: string | undefined;
  timedOut: boolean;
  milliseconds: number;
}

/** The folder with the front, by the names ssh, scp and sftp, and the control plane (SSHIM_TEST_BIN: another build). */
export const shimFolder = resolve(repository, process.env.SSHIM_TEST_BIN || "bin");
export const shimProgram = join(shimFolder, "ssh");
export const controlPlane = join(shimFolder, "sshim-control");
/** The real ssh, past the folder of links. */
export const realProgram = realPath("ssh") ?? "/usr/bin/ssh";

let ownRun: string | undefined;
let ownHome: string | undefined;

/** This file's SSHIM_DIR (0700, made at the first call). */
export function runDirectory(): string {
  ownRun ??= join(temporary(), "r");
  mkdirSync(ownRun, { recursive: true, mode: 0o700 });
  return ownRun;
}

/** This file's HOME, empty. */
export function homeDirectory(): string {
  ownHome ??= temporary("home-");
  return ownHome;
}

/** The clean environment: PATH with the shim first or not at all, HOME, USER, LANG, SSHIM_DIR. */
export function cleanEnv(side: "real" | "shim", options: RunOptions = {}): Record<string, string> {
  if (options.wholeEnv) return options.wholeEnv;
  const env: Record<string, string | undefined> = {
    PATH: side === "shim" ? `${shimFolder}:${systemPath}` : systemPath,
    HOME: options.home ?? homeDirectory(),
    LANG: "C.UTF-8",
    SSHIM_DIR: options.run ?? runDirectory(),
    ...options.env,
  };
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** Starts one side and gives execa's child process: for sessions that a test watches, writes to or kills. */
export function start(side: "real" | "shim", args: readonly string[], options: RunOptions = {}) {
  return execa(programOf(side, options.program ?? "ssh"), args, {
    env: cleanEnv(side, options),
    extendEnv: false,
    cwd: options.cwd ?? "/",
    encoding: "buffer",
    stripFinalNewline: false,
    reject: false,
    timeout: options.timeout ?? 120_000,
    killSignal: "SIGKILL",
    ...(options.argv0 === undefined ? {} : { argv0: options.argv0 }),
    ...(options.stdinOpen
      ? { stdin: "pipe" as const }
      : options.input === undefined
        ? { stdin: "ignore" as const }
        : { input: options.input }),
  });
}

/** Runs one side to its end; a missing program gives exitCode undefined and an error, never an exception of a failed command. */
export async function run(side: "real" | "shim", args: readonly string[], options: RunOptions = {}): Promise<Result> {
  const began = performance.now();
  const result = await start(side, args, options);
  if (result.exitCode === undefined && result.signal === undefined)
    throw new Error(`cannot run ${side} ${options.program ?? "ssh"}: ${result.message}`);
  return {
    stdout: Buffer.from(result.stdout as Uint8Array),
    stderr: Buffer.from(result.stderr as Uint8Array),
    exitCode: result.exitCode,
    signal: result.signal,
    timedOut: result.timedOut,
    milliseconds: performance.now() - began,
  };
}

export const runReal = (args: readonly string[], options: RunOptions = {}): Promise<Result> => run("real", args, options);
export const runShim = (args: readonly string[], options: RunOptions = {}): Promise<Result> => run("shim", args, options);

/** Both, one after the other (the real one first, unless they do not meet: then say `together`). */
export async function runBoth(
  args: readonly string[],
  options: RunOptions & { together?: boolean } = {},
): Promise<{ real: Result; shim: Result }> {
  if (options.together) {
    const [real, shim] = await Promise.all([runReal(args, options), runShim(args, options)]);
    return { real, shim };
  }
  const real = await runReal(args, options);
  return { real, shim: await runShim(args, options) };
}

/** What a test compares: text for a readable difference, every byte kept (latin1), and the exit code. */
export function visible(result: Result): { stdout: string; stderr: string; exitCode: number | undefined; signal: string | undefined } {
  return {
    stdout: result.stdout.toString("latin1"),
    stderr: result.stderr.toString("latin1"),
    exitCode: result.exitCode,
    signal: result.signal,
  };
}

/** What a caller saw, for comparing across servers: their ports, which change, are one word. */
export function outcome(result: Pick<Result, "stdout" | "stderr" | "exitCode">) {
  const text = (bytes: Uint8Array) =>
    Buffer.from(bytes)
      .toString("latin1")
      .replace(/port \d+/g, "port N");
  return { stdout: text(result.stdout), stderr: text(result.stderr), exitCode: result.exitCode };
}

/** The pid of the master that answers at a path, as the real `ssh -O check` tells it; 0 where nobody does. */
export async function masterAt(path: string): Promise<number> {
  const { stderr } = await runReal(["-O", "check", "-S", path, "x"]);
  return Number(/\(pid=(\d+)\)/.exec(stderr.toString())?.[1] ?? 0);
}

/** Runs the operator command (`sshim …`) in the clean environment. */
export function runSshim(args: readonly string[], options: RunOptions = {}): Promise<Result> {
  return run("shim", args, { ...options, program: controlPlane });
}

/** A program by bare name is the side's own (ssh, scp, sftp); everything else is found on that side's PATH or by path. */
function programOf(side: "real" | "shim", program: string): string {
  if (program.includes("/")) return program;
  if (side === "shim" && ["ssh", "scp", "sftp", "sshim"].includes(program)) return join(shimFolder, program);
  return program === "ssh" ? realProgram : program;
}

/** One word for a POSIX shell. */
export const shellQuote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
