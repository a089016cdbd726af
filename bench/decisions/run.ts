// `npm run bench:decisions`: the measurements behind docs/decisions.md, all in one run. It prints them
// and puts them into that file (not with --quick); it judges nothing.
import { execFileSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { realProgram, type Sshd, startSshd, tearDown, temporary } from "../../test/support/tools.ts";
import { describeMachine } from "../support/machine.ts";
import { replaceBetween } from "../support/markers.ts";
import { measureWaiting } from "../support/memory.ts";
import { formatMarkdown, median, quantile, round } from "../support/statistics.ts";
import { buildTool, type Command, timePairs } from "../support/timer.ts";
import { measureLocks } from "./locks.ts";
import { buildSingleExecutable, compileWithBun, installPeers, packWithPkg, transpileForNode } from "./programs.ts";

const quick = process.argv.includes("--quick");
const rounds = quick ? 20 : 200;
const decisions = join(import.meta.dirname, "../../docs/decisions.md");
const directory = temporary("decisions-");
const sshd = await startSshd({ maxSessions: 100 });
try {
  await main(sshd);
} finally {
  await sshd.stop();
  await tearDown();
}

async function main(server: Sshd): Promise<void> {
  say("building");
  await installPeers(directory);
  const bare = await buildTool("bare-mux");
  const kernelLock = await buildTool("decisions/kernel-lock");
  const socket = join(server.directory, "m");
  const ssh = [realProgram, ...server.options, "-S", socket];
  execFileSync(realProgram, [...server.options, "-MNf", "-S", socket, server.host], { stdio: "ignore" });
  try {
    const programs = await buildPrograms();
    print("measured:machine", `${await describeMachine()}; N = ${rounds} each, in turn, medians (95th percentile in brackets).`);
    say("warm sessions");
    await compare("measured:session", "One warm session (`true`), whole", rounds, [
      { name: "OpenSSH's own mux client", words: [...ssh, server.host, "true"] },
      { name: "bare C client, static", words: [bare, socket, "true"] },
      { name: "the same in TypeScript, `bun build --compile` (descriptors by bun:ffi)", words: [...programs.session, socket, "true"] },
    ]);
    say("first lines");
    await compare("measured:first-line", "Start, first line, exit: nothing else", rounds, [
      { name: "bare C client without arguments", words: [bare] },
      ...programs.firstLine.map(({ name, words }) => ({ name, words })),
    ]);
    say("alive checks");
    await compare("measured:alive", "Start, connect, hello, alive, exit: no session", rounds, [
      { name: "OpenSSH, `-O check`", words: [...ssh, "-O", "check", server.host] },
      { name: "bare C client", words: [bare, socket] },
      ...programs.alive.map(({ name, words }) => ({ name, words: [...words, socket] })),
    ]);
    print("measured:left-out", programs.leftOut ? `Left out: @yao-pkg/pkg 6.23.0, because ${programs.leftOut}.` : "Nothing was left out.");
    say("memory");
    await printMemory([
      { name: "OpenSSH's own mux client", words: [...ssh, server.host, "sleep 20"] },
      { name: "bare C client, static", words: [bare, socket, "sleep 20"] },
      { name: "TypeScript, Bun (a session, descriptors by bun:ffi)", words: [...programs.session, socket, "sleep 20"] },
      ...programs.alive.map(({ name, words }) => ({
        name: `TypeScript, ${name} (connected, no session)`,
        words: [...words, socket, "stay"],
      })),
    ]);
  } finally {
    execFileSync(realProgram, [...server.options, "-S", socket, "-O", "exit", server.host], { stdio: "ignore" });
  }
  say("locks");
  const locks = await measureLocks(kernelLock, directory);
  const rows = locks.map(({ kind, cost, takeOver }) => [
    kind,
    `${round(cost)} µs`,
    `${round(median(takeOver))} ms`,
    `${round(Math.max(...takeOver))} ms`,
    String(takeOver.length),
  ]);
  print("measured:locks", formatMarkdown([["lock", "open, lock, free", "take-over after SIGKILL, median", "worst", "N"], ...rows]));
}

async function buildPrograms() {
  const session = await compileWithBun("session", directory);
  const builders = [
    ["Bun compiled", compileWithBun],
    ["node", transpileForNode],
    ["Node single executable", buildSingleExecutable],
    ["pkg", packWithPkg],
  ] as const;
  const built: Record<"first-line" | "alive", { name: string; words: string[] }[]> = { "first-line": [], alive: [] };
  let leftOut = "";
  for (const script of ["first-line", "alive"] as const) {
    for (const [name, build] of builders) {
      const words = await build(script, directory);
      if (typeof words === "string") leftOut = words;
      else built[script].push({ name: `${name} (${Math.round(statSync(words[0] ?? "").size / 1e6)} MB)`, words });
    }
  }
  return { session, firstLine: built["first-line"], alive: built.alive, leftOut };
}

async function compare(place: string, title: string, times: number, commands: Command[]): Promise<void> {
  const { samples } = await timePairs(commands, times);
  const wrong = samples.find((sample) => sample.code !== 0 && sample.code !== 254);
  if (wrong) throw new Error(`cannot compare: "${wrong.name}" ended with ${wrong.code}`);
  const rows = commands.map(({ name }) => {
    const own = samples.filter((sample) => sample.name === name);
    const walls = own.map((sample) => sample.wall);
    const processor = own.map((sample) => sample.processor);
    return [name, `${round(median(walls))} ms`, `(${round(quantile(walls, 0.95))})`, `${round(median(processor))} ms`];
  });
  print(place, formatMarkdown([[title, "wall", "(95 %)", "processor"], ...rows]));
}

async function printMemory(commands: Command[]): Promise<void> {
  const rows: string[][] = [];
  for (const { name, words } of commands) rows.push([name, `${round(median(await measureWaiting(words, 4)))} KiB`]);
  print("measured:memory", formatMarkdown([["private memory of a waiting process", "median of 4 at once"], ...rows]));
}

function print(place: string, text: string): void {
  console.log(`${text}\n`);
  if (!quick) replaceBetween(decisions, place, text);
}

function say(what: string): void {
  process.stderr.write(`decisions: ${what}\n`);
}
