/**
 * Builds bin/ssh (the front, C) with its other names (scp, sftp, sshim), and bin/sshim-control (the control plane, by Bun's compiler). Plain Node, no
 * dependency, so that `npm ci` can run it. Does nothing where nothing changed; never leaves half a program in bin.
 *
 *     node install/build.mjs [--front] [--control] [--sanitize] [--engine] [--force]      (no part named: front and control plane)
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, utimesSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { findBun } from "./bun.mjs";
import { buildEngineControl } from "./engine.mjs";
import { compiles, findCompiler, provide, provideOptional } from "./needs.mjs";

const root = resolve(import.meta.dirname, "..");
const bin = join(root, "bin");
const build = join(root, "build");
const RECIPE = [import.meta.filename, join(import.meta.dirname, "needs.mjs"), join(import.meta.dirname, "bun.mjs")];
/** What headers of the front are made from (headers.ts). */
const TABLES = ["src/protocol/contract.ts", "src/openssh/argv/options.ts"].map((path) => join(root, path));
const WARNINGS = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror"];

/** Builds the front into bin/ssh, unless it is newer than its sources. Throws one line on failure. */
export function buildFront({ force = false } = {}) {
  const target = join(bin, "ssh");
  const sources = frontSources();
  if (force || isStale(target, [join(root, "src/front"), ...TABLES, ...RECIPE])) {
    writeHeaders();
    const problem = provide(["compiler"]);
    if (problem) throw new Error(problem);
    provideOptional(["musl"]);
    const { command, flags, kind } = findCompiler();
    compile(command, [...WARNINGS, ...flags], sources, target);
    say(`bin/ssh: ${Math.ceil(statSync(target).size / 1024)} KB (${kind})`);
  }
  linkNames(bin);
}

/** Builds the front with the address and undefined-behaviour sanitizers into build/asan, beside links to all it needs. */
export function buildSanitized({ force = false } = {}) {
  const folder = join(build, "asan");
  const target = join(folder, "ssh");
  mkdirSync(folder, { recursive: true });
  if (force || isStale(target, [join(root, "src/front"), ...TABLES, ...RECIPE])) {
    writeHeaders();
    const flags = ["-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"];
    const command = ["gcc", "clang", "cc"].find((candidate) => compiles(candidate, flags));
    if (!command) throw new Error("cannot build with sanitizers: no C compiler that has them (install Debian's package gcc)");
    compile(command, [...WARNINGS, ...flags], frontSources(), target);
    say(`build/asan/ssh: sanitized (${command})`);
  }
  linkNames(folder);
  link("../../bin/sshim-control", join(folder, "sshim-control"));
  link("asan/ssh", join(build, "ssh-asan"));
}

/** Builds the front and the control plane on the small engine (install/engine.mjs) into build/engine. Throws one line on failure. */
export async function buildEngine({ force = false } = {}) {
  buildFront({ force });
  const folder = join(build, "engine");
  const target = join(folder, "sshim-control");
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(bin, "ssh"), join(folder, "ssh"));
  linkNames(folder);
  if (!force && !isStale(target, [join(root, "src"), join(root, "package.json"), join(import.meta.dirname, "engine.mjs"), ...RECIPE]))
    return;
  const began = new Date();
  const staged = stage();
  try {
    await buildEngineControl({ build, compiler: engineCompiler(), output: join(staged, "sshim-control") });
    utimesSync(join(staged, "sshim-control"), began, began);
    renameSync(join(staged, "sshim-control"), target);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  say(`build/engine/sshim-control: ${Math.ceil(statSync(target).size / 1024)} KB`);
}

/** Static, by musl where it is there. */
function engineCompiler() {
  const { command } = findCompiler();
  return { command, flags: compiles(command, ["-static"]) ? ["-static"] : [] };
}

/** Compiles the control plane into bin/sshim-control for this machine, unless it is newer than its sources. Throws one line on failure. */
export function buildControl({ force = false } = {}) {
  const target = join(bin, "sshim-control");
  const entry = join(root, "src/main.ts");
  const bun = findBun(root);
  if (!existsSync(entry)) return say("bin/sshim-control: not built, there is no src/main.ts");
  if (!force && !isStale(target, [join(root, "src"), join(root, "package.json"), bun.path, ...RECIPE])) return;
  compileControl({ bun: bun.path, target: bun.target, runtime: bun.path, output: target });
  say(`bin/sshim-control: ${Math.ceil(statSync(target).size / 1024 / 1024)} MB (Bun ${bun.version}, ${bun.target})`);
}

/**
 * Runs Bun's compiler. With both the target and its runtime given it needs no network, and without the no-autoload flags the
 * result would run a bunfig.toml of whatever directory its user is in.
 */
export function compileControl({ bun, target, runtime, output }) {
  const began = new Date();
  const staged = stage();
  const flags = ["--compile", "--format=esm", "--splitting", "--minify", "--bytecode"];
  const closed = ["dotenv", "bunfig", "tsconfig", "package-json"].map((file) => `--no-compile-autoload-${file}`);
  const args = [
    "build",
    ...flags,
    ...closed,
    `--target=${target}`,
    `--compile-executable-path=${runtime}`,
    "src/main.ts",
    "--outfile",
    join(staged, "sshim"),
  ];
  const done = spawnSync(bun, args, { cwd: root, encoding: "utf8", env: plainEnvironment() });
  finish(staged, "sshim", output, began, done, "the control plane");
}

/** The front's sources, in order. */
export function frontSources() {
  const folder = join(root, "src/front");
  const names = existsSync(folder) ? readdirSync(folder) : [];
  return names
    .filter((name) => name.endsWith(".c"))
    .sort()
    .map((name) => join(folder, name));
}

/** Compiles C sources with warnings as errors into `output` by way of a rename. */
export function compile(command, flags, sources, output) {
  const began = new Date();
  const staged = stage();
  const done = spawnSync(command, [...flags, "-o", join(staged, "program"), ...sources], { cwd: root, encoding: "utf8" });
  finish(staged, "program", output, began, done, "the front");
}

/** Those of the checkout are up to date (a test of the house): only who changes a table needs them anew, and has the tools. */
function writeHeaders() {
  const hooks = pathToFileURL(join(import.meta.dirname, "typescript.mjs")).href;
  const done = spawnSync(process.execPath, ["--import", hooks, join(import.meta.dirname, "headers.ts")], { encoding: "utf8" });
  const untold = !process.features.typescript && !existsSync(join(root, "node_modules/typescript"));
  if (done.status !== 0 && !untold) throw new Error(`cannot write the front's headers: ${done.stderr.trim()}`);
}

function finish(staged, name, output, began, done, what) {
  try {
    if (done.status !== 0) throw new Error(`cannot build ${what}: ${done.error?.message ?? `${done.stderr}${done.stdout}`.trim()}`);
    // Older than any source that was saved while the compiler ran, so the next build sees it.
    utimesSync(join(staged, name), began, began);
    mkdirSync(resolve(output, ".."), { recursive: true });
    renameSync(join(staged, name), output);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
}

function stage() {
  const folder = join(build, `stage-${process.pid}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** True when `target` is missing or older than a file below `inputs`, or than a folder there (a file came or went). */
function isStale(target, inputs) {
  if (!existsSync(target)) return true;
  const built = statSync(target).mtimeMs;
  const isNewer = (path) => {
    const facts = statSync(path);
    if (facts.mtimeMs > built) return true;
    return facts.isDirectory() && readdirSync(path).some((name) => isNewer(join(path, name)));
  };
  return inputs.some((input) => existsSync(input) && isNewer(input));
}

function linkNames(folder) {
  for (const name of ["scp", "sftp", "sshim"]) link("ssh", join(folder, name));
}

function link(to, path) {
  const staged = `${path}.${process.pid}`;
  rmSync(staged, { force: true });
  symlinkSync(to, staged);
  renameSync(staged, path);
}

/** Without BUN_* and NODE_*, which would steer the compiler. */
function plainEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(BUN|NODE)_/.test(name)));
}

function say(line) {
  process.stderr.write(`${line}\n`);
}

async function main(words) {
  const force = words.includes("--force");
  const parts = { "--front": buildFront, "--control": buildControl, "--sanitize": buildSanitized, "--engine": buildEngine };
  const unknown = words.find((word) => word !== "--force" && !(word in parts));
  if (unknown) throw new Error(`cannot build: unknown option ${unknown} (--front, --control, --sanitize, --engine, --force)`);
  const named = Object.keys(parts).filter((part) => words.includes(part));
  for (const part of named.length > 0 ? named : ["--front", "--control"]) await parts[part]({ force });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  }
}
