/**
 * `npm test`: builds what is out of date, then type check, lint and every test, and says `N passed, N failed` on its last line.
 * Further words go to vitest (a file, -t a name); then only the chosen tests run. It leaves no process and no file behind.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { linkPrograms, provide, provideOptional } from "../install/needs.mjs";
import { killProcessesOf, processesOf } from "./support/processes.ts";

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

/** Where the front reads what others wrote; `npm run test:asan` takes all of the acceptance tests. */
const SANITIZED = ["commands", "streams", "channels", "at-most-once", "job-control"].map((name) => `test/acceptance/${name}.test.ts`);

const repository = resolve(import.meta.dirname, "..");
const root = mkdtempSync(join(realpathSync(tmpdir()), "s"));
// A second user passes through it, but cannot list it.
chmodSync(root, 0o711);
const tally: Tally = { passed: 0, failed: 0, skipped: 0 };

process.once("exit", () => {
  killProcessesOf(root);
  rmSync(root, { recursive: true, force: true, maxRetries: 3 });
});
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => process.exit(130));

await main(process.argv.slice(2));

async function main(words: string[]): Promise<void> {
  if (!(await prepare())) return finish();
  if (words.length === 0) {
    record("type check", (await run(tool("tsc"), ["--noEmit"])) === 0);
    record("lint", (await run("npm", ["run", "--silent", "lint"])) === 0);
  }
  await runVitest("tests", words, {});
  if (words.length === 0) await runVitest("tests with sanitizers", SANITIZED, { SSHIM_TEST_BIN: "build/asan" });
  const left = processesOf(root);
  for (const { pid, command } of left) process.stdout.write(`left behind: ${pid} ${command}\n`);
  record("nothing left behind", left.length === 0);
  finish();
}

/** What the tests need: both programs, the sanitized front, and the system's programs. */
async function prepare(): Promise<boolean> {
  const problem = provide();
  if (problem) {
    process.stderr.write(`${problem}\n`);
    record("needed programs", false);
    return false;
  }
  const missing = provideOptional();
  if (missing.length > 0) process.stdout.write(`not installed, their tests are skipped: ${missing.join(", ")}\n`);
  const built = (await run(process.execPath, ["install/build.mjs", "--front", "--control", "--sanitize"])) === 0;
  if (!built) record("build", false);
  return built;
}

/** Runs vitest and adds what its report counts; a report that is not there is a failure. */
async function runVitest(what: string, words: string[], env: Record<string, string>): Promise<void> {
  const report = join(root, `${what.replaceAll(" ", "-")}.json`);
  const args = ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...words];
  process.stdout.write(`\n${what}\n`);
  const code = await run(tool("vitest"), args, { ...env, SSHIM_TEST_ROOT: root, SSHIM_TEST_PROGRAMS: linkPrograms(join(root, "bin")) });
  try {
    const counts = JSON.parse(readFileSync(report, "utf8")) as Record<string, number>;
    const failed = counts.numFailedTests ?? 0;
    tally.passed += counts.numPassedTests ?? 0;
    tally.failed += failed;
    tally.skipped += (counts.numPendingTests ?? 0) + (counts.numTodoTests ?? 0);
    // A file that failed outside its tests (an import, a tear-down), or an error that nobody caught.
    if (code !== 0 && failed === 0) tally.failed += Math.max(1, counts.numFailedTestSuites ?? 0);
  } catch {
    record(what, false);
  }
}

function record(what: string, good: boolean): void {
  tally[good ? "passed" : "failed"]++;
  if (!good) process.stdout.write(`failed: ${what}\n`);
}

function finish(): void {
  const skipped = tally.skipped > 0 ? `, ${tally.skipped} skipped` : "";
  process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed${skipped}\n`);
  process.exitCode = tally.failed > 0 || tally.passed === 0 ? 1 : 0;
}

function tool(name: string): string {
  return join(repository, "node_modules/.bin", name);
}

/** Runs a command with our output; gives its exit code, 1 for a signal. */
function run(command: string, args: string[], env: Record<string, string> = {}): Promise<number> {
  return new Promise((done) => {
    const child = spawn(command, args, { cwd: repository, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env } });
    child.once("error", () => done(1)).once("exit", (code) => done(code ?? 1));
  });
}
