// Builds the two C programs of this folder and drives the timer: commands in turn, or all at once. It computes no statistics.
import { execFile, spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

export interface Command {
  name: string;
  words: string[];
  /** added to an environment that is otherwise empty */
  environment?: Record<string, string>;
  stdin?: string;
  stdout?: string;
  stderr?: string;
  directory?: string;
  /** a script that is run, untimed, before each run of `timePairs`; it has to end with 0 */
  before?: string;
}

/** One run of one command. Times in milliseconds; `code` is 1000 + the signal when it was killed. */
export interface Sample {
  name: string;
  start: number;
  wall: number;
  code: number;
  processor: number;
}

export interface Timing {
  samples: Sample[];
  total: number;
  /** Milliseconds of processor time of processes that nobody else waited for and that ended meanwhile. */
  others: number;
  /** Processes which outlived the commands (masters), with the milliseconds of processor time they had used so far. */
  left: { pid: number; processor: number }[];
}

const root = join(import.meta.dirname, "../..");
const built = join(root, "node_modules/.cache/sshim-bench");

/** Compiles bench/<name>.c, static where a musl compiler is there, and gives its path. Rejects with the compiler's words. */
export async function buildTool(name: string): Promise<string> {
  mkdirSync(built, { recursive: true });
  const output = join(built, basename(name));
  const flags = ["-std=c11", "-Os", "-Wall", "-Wextra", "-Werror", "-o", output, ...sources(name)];
  const musl = (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, "musl-gcc")));
  await promisify(execFile)(musl ? "musl-gcc" : "cc", musl ? ["-static", ...flags] : flags);
  return output;
}

/** <name>.c, and <name>-….c beside it. */
function sources(name: string): string[] {
  const folder = join(root, "bench", dirname(name));
  const own = readdirSync(folder).filter(
    (file) => file === `${basename(name)}.c` || (file.startsWith(`${basename(name)}-`) && file.endsWith(".c")),
  );
  return own.map((file) => join(folder, file));
}

/** Runs the commands in turn, `rounds` times each after `warmup` rounds that are not counted. */
export function timePairs(commands: Command[], rounds: number, warmup = 5, pauseMilliseconds = 0): Promise<Timing> {
  const plan = [`rounds ${rounds}`, `warmup ${warmup}`, `pause ${Math.round(pauseMilliseconds * 1000)}`, "mode pairs"];
  return runPlan(plan, commands);
}

/** Runs all the commands at one moment. */
export function timeCrowd(commands: Command[]): Promise<Timing> {
  return runPlan(["mode crowd"], commands);
}

function describeCommand(command: Command, index: number): string[] {
  const lines = [`command ${index}`, ...command.words.map((word) => `arg ${word}`)];
  for (const [name, value] of Object.entries(command.environment ?? {})) lines.push(`env ${name}=${value}`);
  for (const fact of ["stdin", "stdout", "stderr", "directory", "before"] as const) {
    if (command[fact] !== undefined) lines.push(`${fact} ${command[fact]}`);
  }
  return lines;
}

async function runPlan(mode: string[], commands: Command[]): Promise<Timing> {
  const lines = [...mode, ...commands.flatMap(describeCommand), "end"];
  const child = spawn(await timerPath(), [], { stdio: ["pipe", "pipe", "inherit"], env: {}, cwd: "/" });
  child.stdin.end(`${lines.join("\n")}\n`);
  let text = "";
  for await (const piece of child.stdout) text += piece;
  const code = await new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve(child.exitCode)));
  if (code !== 0) throw new Error(`cannot time commands: the timer ended with ${code}`);
  return parseTiming(text, commands);
}

let timer: Promise<string> | undefined;
function timerPath(): Promise<string> {
  timer ??= buildTool("timer");
  return timer;
}

function parseTiming(text: string, commands: Command[]): Timing {
  const timing: Timing = { samples: [], total: 0, others: 0, left: [] };
  for (const line of text.trim().split("\n")) {
    const [name = "", ...fields] = line.split(" ");
    const [first = 0, second = 0, third = 0, fourth = 0, fifth = 0] = fields.map(Number);
    if (name === "total") timing.total = first / 1e6;
    else if (name === "others") timing.others = first / 1e6;
    else if (name === "left") timing.left.push({ pid: first, processor: second / 1e6 });
    else
      timing.samples.push({
        name: commands[Number(name)]?.name ?? name,
        start: first / 1e6,
        wall: second / 1e6,
        code: third,
        processor: (fourth + fifth) / 1e3,
      });
  }
  return timing;
}
