/** install/ci/sshim-ci.sh in two jobs at once on one runner: each has connections of its own, and the last step closes its job's and nobody else's. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { endMasters, fixture, makeGate, mastersOf, poll, processesOf, repository, shimFolder, systemPath } from "../support/index.ts";
import { scratch } from "./package.ts";

const script = join(repository, "install/ci/sshim-ci.sh");
const { sshd } = await fixture();

/** What a failed test may have left in memory: the script keeps its directories outside the test's own. */
const jobs: Job[] = [];
afterAll(async () => {
  for (const job of jobs) {
    const left = job.runtime();
    await endMasters(left);
    for (const path of [left, `${left}.bin`]) rmSync(path, { recursive: true, force: true });
  }
});

interface Job {
  env: Record<string, string>;
  /** what the job's shell does after `start` */
  run(command: string): { code: number | null; out: string; err: string };
  /** SSHIM_DIR as `start` chose it */
  runtime(): string;
  finish(): { code: number | null; err: string };
}

/** A job as a CI system numbers it. SSHIM_SOURCE stands for an archive: a folder with bin. */
function makeJob(number: string): Job {
  const home = scratch("job-");
  mkdirSync(join(home, "tmp"));
  const env = {
    PATH: systemPath,
    HOME: home,
    CI: "true",
    CI_JOB_ID: number,
    TMPDIR: join(home, "tmp"),
    SSHIM_SOURCE: join(shimFolder, ".."),
  };
  const shell = (text: string) => spawnSync("sh", ["-c", text], { encoding: "utf8", env });
  const start = `eval "$(sh ${script} start 2>/dev/null)"`;
  const job: Job = {
    env,
    run(command) {
      const done = shell(`${start}; ${command}`);
      return { code: done.status, out: done.stdout, err: done.stderr };
    },
    runtime: () => shell(`printf /dev/shm/sshim-$(id -u)-; printf %s '${number}' | cksum | tr -d ' \\n'`).stdout,
    finish() {
      const done = shell(`sh ${script} finish`);
      return { code: done.status, err: done.stderr };
    },
  };
  jobs.push(job);
  return job;
}

describe("install/ci/sshim-ci.sh", () => {
  it("puts ssh, scp and sftp first on PATH, for this shell", () => {
    const job = makeJob("1001");
    expect(job.run("for name in ssh scp sftp sshim; do command -v $name; done; echo $SSHIM_SCOPE").out).toBe(
      `${["ssh", "scp", "sftp", "sshim"].map((name) => `${shimFolder}/${name}\n`).join("")}1001\n`,
    );
    expect(job.finish().code).toBe(0);
  });

  it("gives each job connections of its own, and closes those of its own job alone", async () => {
    const both = [makeJob("2001"), makeJob("2002")] as const;
    const before = sshd.authentications();
    const call = `ssh ${sshd.options.join(" ")} target true`;
    for (const job of both) expect(job.run(`${call} && ${call}`)).toEqual({ code: 0, out: "", err: "" });
    expect(sshd.authentications() - before).toBe(2);
    const [first, second] = [both[0].runtime(), both[1].runtime()];
    expect(first).not.toBe(second);
    expect(both[0].finish().code).toBe(0);
    await poll(() => mastersOf(first).length === 0, "the end of the first job's masters");
    expect(existsSync(first)).toBe(false);
    expect(mastersOf(second)).toHaveLength(1);
    expect(both[1].finish().code).toBe(0);
    await poll(() => !existsSync(second) || mastersOf(second).length === 0, "the end of the second job's masters");
    await endMasters(second);
  });

  it("waits for what still runs, and does not cut it", async () => {
    const job = makeJob("3001");
    const gate = makeGate("echo whole");
    const text = `eval "$(sh ${script} start 2>/dev/null)"; exec ssh ${sshd.options.join(" ")} target '${gate.command}'`;
    const child = spawn("sh", ["-c", text], { env: job.env, stdio: ["ignore", "pipe", "ignore"] });
    let out = "";
    child.stdout.on("data", (bytes) => {
      out += bytes;
    });
    const ended = new Promise((resolve) => child.once("close", resolve));
    await poll(gate.begun, "the session");
    const finish = spawn("sh", [script, "finish"], { env: job.env, stdio: "ignore" });
    const finished = new Promise((resolve) => finish.once("close", resolve));
    await poll(() => processesOf(job.runtime()).some(({ command }) => command.includes(" drain ")), "the drain");
    gate.open();
    expect(await finished).toBe(0);
    expect(await ended).toBe(0);
    expect(out).toBe("whole\n");
  });

  it("finish without start does nothing", () => {
    expect(makeJob("4001").finish()).toEqual({ code: 0, err: "" });
  });

  it("hands PATH and scope to GitHub's later steps", () => {
    const job = makeJob("5001");
    const files = { GITHUB_PATH: join(job.env.HOME as string, "path"), GITHUB_ENV: join(job.env.HOME as string, "env") };
    const github = { ...job.env, ...files, GITHUB_RUN_ID: "77", GITHUB_RUN_ATTEMPT: "2", GITHUB_JOB: "deploy", RUNNER_NAME: "r 1" };
    expect(spawnSync("sh", [script, "start"], { env: github }).status).toBe(0);
    expect(readFileSync(files.GITHUB_PATH, "utf8")).toBe(`${shimFolder}\n`);
    expect(readFileSync(files.GITHUB_ENV, "utf8")).toMatch(/^SSHIM_DIR=\/\S+\nSSHIM_SCOPE=github-77-2-deploy-r 1\n$/);
    expect(spawnSync("sh", [script, "finish"], { env: github }).status).toBe(0);
  });

  it("takes an archive, and says what is wrong with one that is none", () => {
    const job = makeJob("6001");
    const archive = join(job.env.HOME as string, "sshim.tar.gz");
    const links = ["ssh", "scp", "sftp", "sshim", "sshim-control"].map((name) => `bin/${name}`);
    spawnSync("tar", ["-czf", archive, "--transform", "s,^bin,sshim-1/bin,S", "-C", join(shimFolder, ".."), "-h", ...links.slice(0, 4)]);
    const env = { ...job.env, SSHIM_SOURCE: "", SSHIM_ARCHIVE: archive };
    const done = spawnSync("sh", ["-c", `eval "$(sh ${script} start 2>/dev/null)"; command -v ssh && ssh -V`], { encoding: "utf8", env });
    expect(done.stdout).toMatch(/\/sshim-\d+-\d+\/bin\/ssh\n$/);
    expect(done.stderr).toMatch(/^OpenSSH_/);
    spawnSync("sh", [script, "finish"], { env });
    const none = spawnSync("sh", [script, "start"], { encoding: "utf8", env: { ...env, SSHIM_ARCHIVE: "/no/such.tar.gz" } });
    expect(none.status).toBe(1);
    expect(none.stderr).toContain("cannot unpack /no/such.tar.gz");
  });

  it("is called by the action and the GitLab snippet as it is", () => {
    const read = (path: string) => parse(readFileSync(join(repository, "install/ci", path), "utf8")) as Record<string, unknown>;
    const steps = (path: string) => (read(path).runs as { steps: Array<{ run: string }> }).steps.map((step) => step.run).join();
    expect(steps("action.yml")).toBe('sh "$GITHUB_ACTION_PATH/sshim-ci.sh" start');
    expect(steps("finish/action.yml")).toBe('sh "$GITHUB_ACTION_PATH/../sshim-ci.sh" finish');
    const job = read("gitlab.yml")[".sshim"] as Record<string, string[]>;
    expect([...(job.before_script ?? []), ...(job.after_script ?? [])].join()).toContain("install/ci/sshim-ci.sh");
  });
});
