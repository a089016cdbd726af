/** The GitHub action and the GitLab component as their runners run them: steps, environment files, post steps, scripts in shells of their own. */
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAllDocuments, parse as parseYaml } from "yaml";
import { fixture, repository } from "../support/index.ts";
import {
  ciFolder,
  clearJobs,
  type Done,
  type Job,
  leftIn,
  makeArchive,
  makeCheckout,
  makeJob,
  makeSource,
  runProgram,
  standIn,
  standInNpm,
  version,
} from "./ci-job.ts";

clearJobs();
const { sshd } = await fixture();
const call = (word = "true") => `ssh ${sshd.options.join(" ")} target ${word}`;
const real = () => makeSource({ real: true });

interface Action {
  inputs: Record<string, { default: string }>;
  runs: { using: string; main?: string; post?: string; "post-if"?: string; steps?: Array<{ run: string; env: Record<string, string> }> };
  outputs?: Record<string, { value: string }>;
}

const readAction = (path: string) => parseYaml(readFileSync(join(ciFolder, path), "utf8")) as Action;

/** What a GitHub runner does with a job, as far as these actions can tell: environment files after each step, states, post steps at the end. */
class Runner {
  readonly env: Record<string, string>;
  summary = "";
  readonly #checkout = join(makeCheckout(), "install/ci");
  readonly #posts: Array<() => Done> = [];

  constructor(job: Job, path = job.env.PATH as string) {
    const temp = join(job.home, "tmp");
    this.env = {
      ...job.env,
      PATH: path,
      GITHUB_ACTIONS: "true",
      GITHUB_RUN_ID: job.env.CI_JOB_ID as string,
      GITHUB_JOB: "deploy",
      RUNNER_TEMP: temp,
    };
    for (const name of ["TMPDIR", "CI_JOB_ID", "SSHIM_SOURCE"]) delete this.env[name];
  }

  run(text: string): Done {
    return this.#step("sh", ["-e", "-c", text], {}).done;
  }

  uses(path: string, inputs: Record<string, string> = {}): Done & { outputs: Record<string, string> } {
    const { runs, inputs: known, outputs } = readAction(path);
    const folder = join(this.#checkout, path, "..");
    const values = Object.fromEntries(Object.entries(known).map(([name, row]) => [name, inputs[name] ?? row.default]));
    if (runs.using === "composite") {
      const [step] = runs.steps ?? [];
      const env = Object.fromEntries(
        Object.entries(step?.env ?? {}).map(([name, text]) => [
          name,
          text.replace(/\$\{\{ inputs\.(\w+) \}\}/, (_, input) => values[input] as string),
        ]),
      );
      const { done, files } = this.#step("sh", ["-e", "-c", step?.run ?? ""], { ...env, GITHUB_ACTION_PATH: folder });
      return {
        ...done,
        outputs: outputs?.report?.value === "${{ steps.finish.outputs.report }}" ? readFileCommands(files.GITHUB_OUTPUT) : {},
      };
    }
    const given = Object.fromEntries(Object.entries(values).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value]));
    const { done, files } = this.#step(process.execPath, [join(folder, runs.main as string)], given);
    const states = Object.entries(readFileCommands(files.GITHUB_STATE)).map(([name, value]) => [`STATE_${name}`, value]);
    if (runs["post-if"] === "always()")
      this.#posts.unshift(
        () => this.#step(process.execPath, [join(folder, runs.post as string)], { ...given, ...Object.fromEntries(states) }).done,
      );
    return { ...done, outputs: readFileCommands(files.GITHUB_OUTPUT) };
  }

  end(): Done[] {
    return this.#posts.map((post) => post());
  }

  #step(program: string, args: string[], env: Record<string, string>) {
    const folder = join(this.env.RUNNER_TEMP as string, "_runner_file_commands");
    mkdirSync(folder, { recursive: true });
    const names = ["GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"] as const;
    const files = Object.fromEntries(names.map((name) => [name, join(folder, name)])) as Record<(typeof names)[number], string>;
    for (const path of Object.values(files)) writeFileSync(path, "");
    const done = runProgram(program, args, { ...this.env, ...env, ...files });
    Object.assign(this.env, readFileCommands(files.GITHUB_ENV));
    for (const path of readFileSync(files.GITHUB_PATH, "utf8").split("\n").filter(Boolean)) this.env.PATH = `${path}:${this.env.PATH}`;
    this.summary += readFileSync(files.GITHUB_STEP_SUMMARY, "utf8");
    return { done, files };
  }
}

/** `name=value` or `name<<delimiter`, as the runner reads its files. */
function readFileCommands(path: string): Record<string, string> {
  const values: Record<string, string> = {};
  const lines = readFileSync(path, "utf8").split("\n");
  while (lines.length > 1) {
    const [, name, mark, rest] = /^([^=<]+)(=|<<)(.*)$/.exec(lines.shift() as string) ?? [];
    if (name === undefined) throw new Error("a line that the runner refuses");
    if (mark === "=") values[name] = rest as string;
    else
      values[name] = lines
        .splice(0, lines.indexOf(rest as string) + 1)
        .slice(0, -1)
        .join("\n");
  }
  return values;
}

describe("the GitHub action", () => {
  it("shares a job's connections from its step on, and closes them in its post step", async () => {
    const job = makeJob("g1");
    const npm = standInNpm(job, real());
    const runner = new Runner(job, npm.PATH);
    const before = sshd.authentications();
    expect(runner.uses("action.yml")).toMatchObject({ code: 0, out: "", err: "" });
    const dir = runner.env.SSHIM_DIR as string;
    expect(runner.run(call("echo one"))).toEqual({ code: 0, out: "one\n", err: "" });
    expect(runner.run(`${call()}; exit 3`).code).toBe(3);
    expect(sshd.authentications() - before).toBe(1);
    const [post] = runner.end();
    expect(post).toMatchObject({ code: 0, out: "", err: expect.stringMatching(/^sshim: 2 sessions over 1 handshake.*; nothing broke\n$/) });
    expect(runner.summary).toMatch(/^### sshim\n\n2 sessions over 1 handshake.*; nothing broke\n$/);
    expect(existsSync(dir)).toBe(false);
    expect(leftIn(job)).toEqual(["_runner_file_commands"]);
  });

  it("gives a step of its own the report for an artifact, and its post step has nothing left to say", async () => {
    const job = makeJob("g2");
    const runner = new Runner(job, standInNpm(job).PATH);
    const before = runner.run("command -v ssh").out;
    runner.uses("action.yml");
    const { code, err, outputs } = runner.uses("finish/action.yml");
    expect(code).toBe(0);
    expect(outputs.report).toMatch(/\/sshim-report\.\w{10}$/);
    expect(err).toMatch(new RegExp(`; journal and report in ${outputs.report}\n$`));
    expect(readdirSync(outputs.report as string).sort()).toEqual(["journal.jsonl", "report.html", "summary.md"]);
    expect(runner.end()).toEqual([{ code: 0, out: "", err: "" }]);
    expect(runner.run("command -v ssh").out).toBe(before);
  });

  it("fails with one line where its programs cannot be had, and its post step does nothing", () => {
    const job = makeJob("g3");
    const runner = new Runner(job);
    expect(runner.uses("action.yml", { archive: "https://example.org/x.tar.gz" })).toMatchObject({
      code: 1,
      err: "sshim: cannot use https://example.org/x.tar.gz without its SHA-256 sum (SSHIM_SHA256; a release's are in SHA256SUMS)\n",
    });
    expect(runner.end()).toEqual([{ code: 0, out: "", err: "" }]);
    expect(leftIn(job)).toEqual(["_runner_file_commands"]);
  });

  it("takes an archive by its sum, and npm's package of its own version without one", () => {
    const job = makeJob("g4");
    const { file, sum } = makeArchive();
    const runner = new Runner(job);
    runner.uses("action.yml", { archive: file, sha256: sum });
    expect(runner.run("command -v ssh").out).toMatch(/\/sshim-ci\.\w{10}\/program\/bin\/ssh\n$/);
    runner.end();
    const npm = standInNpm(job);
    const other = new Runner(job, npm.PATH);
    other.uses("action.yml");
    other.uses("action.yml", { version: "9.8.7" });
    expect(other.run("command -v ssh").out).toMatch(/\/node_modules\/@sshim\/linux-x64\/bin\/ssh\n$/);
    expect(npm.calls().map((line) => line.split(" ").at(-1))).toEqual([`sshim@${version}`]);
    other.end();
    expect(leftIn(job)).toEqual(["_runner_file_commands"]);
  });
});

/** A job that extends the component, as GitLab's runner runs it: before_script and script in one shell, after_script in another, artifacts last. */
function runGitlab(job: Job, script: string, inputs: Record<string, string> = {}, env: Record<string, string> = {}) {
  const text = readFileSync(join(ciFolder, "gitlab.yml"), "utf8");
  const [header] = parseAllDocuments(text).map((document) => document.toJS()) as [
    { spec: { inputs: Record<string, { default: string }> } },
  ];
  const given = Object.entries(header.spec.inputs).map(([name, row]) => [name, inputs[name] ?? row.default]);
  const filled = text.replace(/\$\[\[ inputs\.(\w+) \]\]/g, (_, name) => Object.fromEntries(given)[name] as string);
  const [, content] = parseAllDocuments(filled).map((document) => document.toJS()) as [unknown, { ".sshim": Template }];
  const template = content[".sshim"];
  const project = join(job.home, "project");
  mkdirSync(project, { recursive: true });
  chmodSync(project, 0o777);
  const variables = Object.fromEntries(Object.entries(template.variables).map(([name, value]) => [name, value ?? ""]));
  const whole = { ...job.env, ...variables, CI_PROJECT_DIR: project, ...env };
  const shell = (lines: string[]) => runProgram("sh", ["-c", `set -e; umask 0000; cd '${project}'\n${lines.join("\n")}`], whole);
  const main = shell([...template.before_script, script]);
  const after = shell(template.after_script);
  const artifacts = template.artifacts.paths.map((path) => join(project, path)).filter((path) => existsSync(path));
  return { main, after, artifacts };
}

interface Template {
  variables: Record<string, string | null>;
  before_script: string[];
  after_script: string[];
  artifacts: { when: string; paths: string[] };
}

describe("the GitLab component", () => {
  it("shares a job's connections by npm's package of its own version, and closes them though the job fails", async () => {
    const job = makeJob("l1", "");
    const npm = standInNpm(job, real());
    const before = sshd.authentications();
    const { main, after, artifacts } = runGitlab(job, `${call()} && ${call()}; echo "$SSHIM_DIR"; exit 4`, {}, { PATH: npm.PATH });
    expect(main.code).toBe(4);
    expect(sshd.authentications() - before).toBe(1);
    expect(npm.calls().map((line) => line.replace(/--prefix \S+ /, ""))).toEqual([
      `install --silent --no-audit --no-fund --ignore-scripts sshim@${version}`,
    ]);
    expect(after.code).toBe(0);
    expect(after.err).toMatch(/^sshim: 2 sessions over 1 handshake.*; nothing broke; journal and report in .*\/project\/sshim-report\n$/);
    expect(artifacts.map((path) => readdirSync(path).sort())).toEqual([["journal.jsonl", "report.html", "summary.md"]]);
    expect(existsSync(main.out.trim())).toBe(false);
    expect(leftIn(job)).toEqual([]);
  });

  for (const [name, fetcher, flag] of [
    ["curl", "curl", "-o"],
    ["wget, where there is no curl", "wget", "-qO"],
  ] as const)
    it(`takes an archive by its sum, with ${name}`, () => {
      const job = makeJob("l2", "");
      const { file, sum } = makeArchive();
      const { PATH } = standIn(job, fetcher, `while [ "$1" != ${flag} ]; do shift; done; cp '${file}' "$2"`);
      const inputs = { archive: "https://example.org/sshim.tar.gz", sha256: sum };
      const hidden = fetcher === "wget" ? hideCurl(job, PATH) : PATH;
      const { main, after } = runGitlab(job, "command -v ssh", inputs, { PATH: hidden });
      expect(main).toMatchObject({ code: 0, out: expect.stringMatching(/\/sshim-ci\.\w{10}\/program\/bin\/ssh\n$/) });
      expect(after.err).toMatch(/^sshim: no shared sessions; nothing broke; /);
      expect(leftIn(job)).toEqual([]);
    });

  for (const [name, sha256] of [
    ["with another sum", "0".repeat(64)],
    ["without a sum", ""],
  ] as const)
    it(`unpacks nothing of an archive ${name}, and the job fails`, () => {
      const job = makeJob("l3", "");
      const { file } = makeArchive();
      standIn(job, "curl", `while [ "$1" != -o ]; do shift; done; cp '${file}' "$2"`);
      const tar = standIn(job, "tar", "");
      const { main, after } = runGitlab(job, "echo ran", { archive: "https://example.org/x.tar.gz", sha256 }, { PATH: tar.PATH });
      expect(main.code).not.toBe(0);
      expect(main.out).toBe("");
      expect(tar.calls()).toEqual([]);
      expect(after.code).toBe(0);
    });
});

/** A PATH without curl: links to the few programs that the scripts need. */
function hideCurl(job: Job, path: string): string {
  const folder = join(job.home, "few");
  const names =
    "sh mktemp mkdir find id cat cut tr sed awk tar gzip sha256sum rm ls date chmod ln cp dirname od tail ssh uname env stat touch sleep".split(
      " ",
    );
  runProgram("sh", ["-c", `mkdir '${folder}'; for name in ${names.join(" ")}; do ln -s "$(command -v $name)" '${folder}/'; done`], {
    PATH: job.env.PATH as string,
  });
  return `${path.split(":")[0]}:${folder}`;
}

describe("what is pinned", () => {
  const files = ["install/ci/action.yml", "install/ci/finish/action.yml", "install/ci/gitlab.yml"];

  it("is the version: that of the repository", () => {
    expect(readFileSync(join(ciFolder, "sshim-ci.sh"), "utf8")).toContain(`\nversion=${version}\n`);
    const header = parseAllDocuments(readFileSync(join(ciFolder, "gitlab.yml"), "utf8"))[0]?.toJS();
    expect(header.spec.inputs.version.default).toBe(version);
    for (const path of [...files, "install/ci/sshim-ci.sh"])
      expect(readFileSync(join(repository, path), "utf8")).not.toMatch(/@latest|: latest/);
  });

  it("is every action of somebody else, by its commit", () => {
    const uses = files.flatMap((path) => [...readFileSync(join(repository, path), "utf8").matchAll(/uses: (\S+)( # \S+)?/g)]);
    expect(uses.length).toBeGreaterThan(2);
    for (const [, what, comment] of uses)
      if (!what?.startsWith("<owner>/sshim/"))
        expect([what, comment]).toEqual([expect.stringMatching(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/), expect.stringMatching(/^ # v\d/)]);
  });
});
