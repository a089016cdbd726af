/** CI jobs for the tests of install/ci, each with a HOME and a folder for temporary files of its own; what they leave in memory is cleared at the end. */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { endMasters, mastersOf, repository, shimFolder, systemPath } from "../support/index.ts";
import { put, scratch } from "./package.ts";

export const ciFolder = join(repository, "install/ci");
export const script = join(ciFolder, "sshim-ci.sh");
export const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };

export interface Done {
  code: number | null;
  out: string;
  err: string;
}

export interface Job {
  home: string;
  env: Record<string, string>;
  /** runs `text` in a new shell of this job */
  shell(text: string, env?: Record<string, string>): Done;
  start(env?: Record<string, string>): Done;
  /** the same, and then `command` in the shell that has evaluated what it printed */
  run(command: string, env?: Record<string, string>): Done;
  finish(env?: Record<string, string>): Done;
  /** SSHIM_DIR and SSHIM_CI as `start` hands them on */
  dir(): string;
  folder(): string;
}

const made = new Set<string>();

/** A folder with bin that stands for an unpacked archive: with the built programs, whose doctor takes seconds, or with stand-ins. */
export function makeSource({ doctor = "exit 0", drain = "exit 0", real = false } = {}): string {
  const folder = scratch("source-");
  mkdirSync(join(folder, "bin"));
  for (const name of ["ssh", "sshim-control"])
    if (real) symlinkSync(join(shimFolder, name), join(folder, "bin", name));
    else put(join(folder, "bin", name), "#!/bin/sh\n");
  const standIns = `case $1 in
drain) ${drain} ;;
stats) echo '{"sessions":0,"codes_255":{},"sessions_now":1}' ;;
report) echo '</html>' >"$5" ;;
esac`;
  const rest = real ? `exec '${shimFolder}/sshim' "$@"` : standIns;
  put(join(folder, "bin/sshim"), `#!/bin/sh\nif [ "$1" = doctor ]; then ${doctor}; fi\n${rest}\n`);
  return folder;
}

/** A job as a CI system numbers it, with stand-ins for the programs unless a source is given. */
export function makeJob(number: string, source = makeSource()): Job {
  const home = scratch("job-");
  mkdirSync(join(home, "tmp"));
  const env = {
    PATH: systemPath,
    HOME: home,
    CI: "true",
    CI_JOB_ID: number,
    TMPDIR: join(home, "tmp"),
    SSHIM_SOURCE: source,
  };
  const shell = (text: string, more: Record<string, string> = {}) => runProgram("sh", ["-c", text], { ...env, ...more });
  const handedOn = (name: string) => {
    const value = shell(`eval "$(sh ${script} start 2>/dev/null)"; printf %s "$${name}"`).out;
    if (name === "SSHIM_DIR") made.add(value);
    return value;
  };
  const job: Job = {
    home,
    env,
    shell,
    start: (more) => shell(`sh ${script} start`, more),
    run: (command, more) => shell(`eval "$(sh ${script} start 2>/dev/null)"; ${command}`, more),
    finish: (more) => shell(`sh ${script} finish`, more),
    dir: () => handedOn("SSHIM_DIR"),
    folder: () => handedOn("SSHIM_CI"),
  };
  return job;
}

export function runProgram(program: string, args: string[], env: Record<string, string>): Done {
  const done = spawnSync(program, args, { encoding: "utf8", env });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** What `start` left below the job's TMPDIR. */
export function leftIn(job: Job): string[] {
  return readdirSync(join(job.home, "tmp"));
}

/** Puts a stand-in before the system's program, which notes its arguments; gives the PATH with it and the notes. */
export function standIn(job: Job, name: string, body: string): { PATH: string; calls(): string[] } {
  const log = join(job.home, `${name}.calls`);
  put(join(job.home, "stand-ins", name), `#!/bin/sh\necho "$@" >>'${log}'\n${body}\n`);
  return {
    PATH: `${join(job.home, "stand-ins")}:${systemPath}`,
    calls: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []),
  };
}

/** npm as far as the scripts need it: lays out the main package, and the platform's with the programs of `source`, below --prefix. */
export function standInNpm(job: Job, source = makeSource()): ReturnType<typeof standIn> {
  const main = makeCheckout();
  return standIn(
    job,
    "npm",
    `while [ "$1" != --prefix ]; do shift; done
mkdir -p "$2/node_modules/@sshim/linux-x64" && cp -R '${main}' "$2/node_modules/sshim"
cp -R '${source}/bin' "$2/node_modules/@sshim/linux-x64/bin"`,
  );
}

/** A folder with install/ci and no programs, as a runner checks an action out. */
export function makeCheckout(): string {
  const folder = join(scratch("checkout-"), "sshim");
  cpSync(ciFolder, join(folder, "install/ci"), { recursive: true });
  return folder;
}

/** An archive like a release's, with stand-ins for the programs, and its SHA-256 sum. */
export function makeArchive(): { file: string; sum: string } {
  const folder = scratch("archive-");
  const inside = join(folder, "sshim-1");
  cpSync(makeSource(), inside, { recursive: true });
  cpSync(ciFolder, join(inside, "install/ci"), { recursive: true });
  const file = join(folder, "sshim.tar.gz");
  spawnSync("tar", ["-czf", file, "-C", folder, "sshim-1"]);
  return { file, sum: spawnSync("sha256sum", [file], { encoding: "utf8" }).stdout.split(" ")[0] as string };
}

/** Call it once in a test file. */
export function clearJobs(): void {
  afterAll(async () => {
    for (const path of made) {
      if (mastersOf(path).length > 0) await endMasters(path);
      rmSync(path, { recursive: true, force: true });
    }
  });
}
