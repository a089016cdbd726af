/**
 * Builds and starts the fakes that are written in C: the scripted master, the terminal and the pipe to a port. They are compiled once per content,
 * into build/test, and never linked with anything of ours.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, poll, type RunOptions, realProgram, repository, shimProgram, temporary } from "../support/index.ts";

const sources = {
  "fake-master": ["fake-master.c", "fake-wire.c", "fake-wire.h"],
  "pty-bridge": ["pty-bridge.c"],
  "tcp-pipe": ["tcp-pipe.c"],
} as const;

/** Gives the path of the compiled program; compiles it when its sources changed. */
export function buildFake(name: keyof typeof sources): string {
  const files = sources[name].map((file) => join(import.meta.dirname, file));
  const content = createHash("sha256");
  for (const file of files) content.update(readFileSync(file));
  const folder = join(repository, "build/test");
  const program = join(folder, `${name}-${content.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-O1", "-g"];
  execFileSync("cc", [...flags, "-o", unfinished, ...files.filter((file) => file.endsWith(".c")), "-lutil"], { stdio: "pipe" });
  renameSync(unfinished, program);
  return program;
}

export interface FakeMaster {
  path: string;
  pid: number;
  /** what it received, one line an event, headed by the number of the connection */
  log(): string[];
  /** true once the process has gone */
  gone(): boolean;
  stop(): Promise<void>;
}

/** Starts one at `path`; the n-th connection follows the n-th script, later ones the last (see fake-master.c for the steps). */
export async function startFakeMaster(path: string, scripts: readonly string[]): Promise<FakeMaster> {
  const logFile = join(temporary("fake-"), "log");
  const child = spawn(buildFake("fake-master"), [path, logFile, ...scripts], { stdio: ["ignore", "pipe", "inherit"], cwd: "/" });
  let gone = false;
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  ended.then(() => {
    gone = true;
  });
  await new Promise<void>((resolve, reject) => {
    child.stdout.once("data", () => resolve());
    child.once("exit", (code) => reject(new Error(`cannot start a fake master at ${path}: exit ${code}`)));
  });
  return {
    path,
    pid: child.pid as number,
    log: () => (existsSync(logFile) ? readFileSync(logFile, "utf8").split("\n").filter(Boolean) : []),
    gone: () => gone,
    async stop() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

export interface Terminal {
  /** what the terminal showed so far */
  shown(): string;
  /** what went to stderr, when it was kept apart */
  errors(): string;
  /** the terminal's modes in the order of their reports: the first is from before the program's start */
  modes(): string[];
  pid(): number;
  type(text: string): void;
  order(text: string): void;
  /** waits until the terminal showed `text` */
  shows(text: string, milliseconds?: number): Promise<void>;
  /** "exit N" or "signal N" */
  ended: Promise<string>;
}

/** Starts one side's ssh, or another program, on a terminal of its own. `apart` keeps stderr off the terminal. */
export function startOnTerminal(side: "real" | "shim", args: readonly string[], options: RunOptions & { apart?: boolean } = {}): Terminal {
  const program = options.program ?? (side === "real" ? realProgram : shimProgram);
  const env = { TERM: "xterm", ...cleanEnv(side, options), ...(options.apart ? { PTY_STDERR: "1" } : {}) };
  const child: ChildProcess = spawn(buildFake("pty-bridge"), [program, options.argv0 ?? "ssh", ...args], {
    stdio: ["pipe", "pipe", "pipe", "pipe", "pipe"],
    cwd: options.cwd ?? "/",
    env,
  });
  const texts = { shown: "", errors: "", reports: "" };
  const streams = [child.stdin, child.stdout, child.stderr, child.stdio[3], child.stdio[4]] as [
    NodeJS.WritableStream,
    NodeJS.ReadableStream,
    NodeJS.ReadableStream,
    NodeJS.WritableStream,
    NodeJS.ReadableStream,
  ];
  const [keyboard, screen, errors, orders, reports] = streams;
  for (const stream of [keyboard, orders]) stream.on("error", () => undefined);
  screen.on("data", (bytes: Buffer) => {
    texts.shown += bytes.toString("latin1");
  });
  errors.on("data", (bytes: Buffer) => {
    texts.errors += bytes.toString("latin1");
  });
  reports.on("data", (bytes: Buffer) => {
    texts.reports += bytes.toString("latin1");
  });
  const found = (pattern: RegExp) => [...texts.reports.matchAll(pattern)].map((match) => match[1] as string);
  const timer = setTimeout(() => child.kill("SIGKILL"), options.timeout ?? 120_000);
  const ended = new Promise<string>((resolve, reject) => {
    child.once("close", () => {
      clearTimeout(timer);
      const last = found(/^((?:exit|signal) \d+)$/gm).at(-1);
      if (last) resolve(last);
      else reject(new Error(`the terminal was killed; it had shown: ${texts.shown}`));
    });
  });
  return {
    shown: () => texts.shown,
    errors: () => texts.errors,
    modes: () => found(/^modes (\S+)$/gm),
    pid: () => Number(found(/^pid (\d+)$/gm)[0] ?? 0),
    type: (text) => void keyboard.write(text),
    order: (text) => void orders.write(`${text}\n`),
    shows: async (text, milliseconds?: number) => {
      await poll(
        () => texts.shown.includes(text),
        `${JSON.stringify(text)} on the terminal, which shows ${JSON.stringify(texts.shown)}`,
        milliseconds,
      ).catch((error) => {
        throw new Error(`${error.message}; it shows ${JSON.stringify(texts.shown)}`);
      });
    },
    ended,
  };
}
