// Compiles and runs the C helpers of these tests: the front's walk, and what lets one real ssh answer about many argument lists. The lists are
// Buffers throughout, since they need not be UTF-8.
import { execFile, spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const HERE = fileURLToPath(new URL(".", import.meta.url));

export interface Walk {
  host: number;
  command: number;
  ambiguous: boolean;
  odd: boolean;
  result: number;
  utf8: boolean;
}

export interface Run {
  /** minus the signal, if one ended it */
  exitCode: number;
  output: string;
}

/** Compiles both helpers into `directory`; the walk with the address and undefined-behaviour sanitizers where there are any. */
export async function compileDrivers(directory: string): Promise<{ walk: string; manyMains: string }> {
  const walk = join(directory, "walk-driver");
  const manyMains = join(directory, "many-mains.so");
  const walkSources = [join(HERE, "walk-driver.c"), join(HERE, "../../../src/front/argv.c"), "-o", walk];
  await Promise.all([
    compile(["-fsanitize=address,undefined", "-fno-sanitize-recover=all", ...walkSources]).catch(() => compile(walkSources)),
    compile(["-D_GNU_SOURCE", "-shared", "-fPIC", join(HERE, "many-mains.c"), "-o", manyMains, "-ldl"]),
  ]);
  return { walk, manyMains };
}

/** The front's walk over every list; `letters` as for walk_argv. */
export async function walkAll(program: string, lists: readonly Buffer[][], letters?: string): Promise<Walk[]> {
  const output = await feed(program, letters === undefined ? [] : [letters], lists, {});
  return output.toString().split("\n").slice(0, -1).map(readWalk);
}

/** The same for one list after the other, in one process that ends with `end`: a start with sanitizers takes a third of a second. */
export function startWalk(program: string, letters?: string): { ask(words: readonly Buffer[]): Promise<Walk>; end(): void } {
  const child = spawn(program, letters === undefined ? [] : [letters], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  return {
    async ask(words) {
      child.stdin.write(encodeList(words));
      const line = await lines.next();
      if (line.done) throw new Error("the walk said nothing");
      return readWalk(line.value);
    },
    end: () => child.stdin.end(),
  };
}

/** Runs `program` with every list in turn, in `cwd`; what it wrote on stdout and stderr, as Latin-1 so that no byte is lost. */
export async function runAll(
  manyMains: string,
  program: string,
  lists: readonly Buffer[][],
  options: { cwd: string; env: NodeJS.ProcessEnv; mark?: string },
): Promise<Run[]> {
  const mark = options.mark === undefined ? {} : { ORACLE_MARK: options.mark };
  const output = await feed(program, [], lists, { cwd: options.cwd, env: { ...options.env, ...mark, LD_PRELOAD: manyMains } });
  const runs: Run[] = [];
  for (let at = 0; at < output.length; ) {
    const exitCode = output.readInt32LE(at);
    const length = output.readUInt32LE(at + 4);
    runs.push({ exitCode, output: output.toString("latin1", at + 8, at + 8 + length) });
    at += 8 + length;
  }
  return runs;
}

function readWalk(line: string): Walk {
  const [host = 0, command = 0, ambiguous, odd, result = 0, utf8] = line.split(" ").map(Number);
  return { host, command, ambiguous: ambiguous === 1, odd: odd === 1, result, utf8: utf8 === 1 };
}

async function compile(args: string[]): Promise<void> {
  await promisify(execFile)(process.env.CC || "cc", ["-std=gnu11", "-g", "-O1", "-Wall", "-Wextra", "-Werror", ...args]);
}

async function feed(
  program: string,
  args: string[],
  lists: readonly Buffer[][],
  options: { cwd?: string; env?: NodeJS.ProcessEnv },
): Promise<Buffer> {
  const child = spawn(program, args, { ...options, stdio: ["pipe", "pipe", "pipe"] });
  const output: Buffer[] = [];
  const errors: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => errors.push(chunk));
  // A helper that died has said why on stderr; the broken pipe is no news.
  child.stdin.on("error", () => undefined);
  child.stdin.end(Buffer.concat(lists.map(encodeList)));
  const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${Buffer.concat(errors)}`);
  return Buffer.concat(output);
}

function encodeList(list: readonly Buffer[]): Buffer {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(list.length);
  return Buffer.concat([count, ...list.flatMap((word) => [word, Buffer.from([0])])]);
}
