/** install/ci/sshim-ci.sh: jobs beside one another on one runner, what it fetches, what it hands on and says, and what it leaves behind: nothing. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProgram, fixture, makeGate, mastersOf, poll, processesOf, shimFolder } from "../support/index.ts";
import { clearJobs, type Job, leftIn, makeArchive, makeJob, makeSource, script, standIn, standInNpm, version } from "./ci-job.ts";
import { put, scratch } from "./package.ts";

const { sshd } = await fixture();
clearJobs();
const real = () => makeSource({ real: true });

/** A session of the job that runs until `end` is called. */
async function startSession(job: Job) {
  const gate = makeGate("echo whole");
  const text = `eval "$(sh ${script} start 2>/dev/null)"; exec ssh ${sshd.options.join(" ")} target '${gate.command}'`;
  const child = spawn("sh", ["-c", text], { env: job.env, stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  child.stdout.on("data", (bytes) => {
    out += bytes;
  });
  const ended = new Promise<{ code: number; out: string }>((resolve) =>
    child.once("close", (code) => resolve({ code: code as number, out })),
  );
  await poll(gate.begun, "the session");
  return { ended, end: gate.open };
}

describe("a job", () => {
  it("has ssh, scp and sftp first on PATH, for this shell, and start says nothing when all is well", () => {
    const job = makeJob("1001");
    const source = { SSHIM_SOURCE: join(shimFolder, "..") };
    expect(job.start(source).err).toBe("");
    expect(job.run("for name in ssh scp sftp sshim; do command -v $name; done; echo $SSHIM_SCOPE").out).toBe(
      `${["ssh", "scp", "sftp", "sshim"].map((name) => `${shimFolder}/${name}\n`).join("")}1001\n`,
    );
    expect(job.finish().code).toBe(0);
  });

  it("has connections of its own, and closes those of its own alone", async () => {
    const both = [makeJob("2001", real()), makeJob("2002", real())] as const;
    const before = sshd.authentications();
    const call = `ssh ${sshd.options.join(" ")} target true`;
    for (const job of both) expect(job.run(`${call} && ${call}`)).toEqual({ code: 0, out: "", err: "" });
    expect(sshd.authentications() - before).toBe(2);
    const [first, second] = [both[0].dir(), both[1].dir()];
    expect(first).not.toBe(second);
    expect(both[0].finish().err).toMatch(/^sshim: 2 sessions over 1 handshake, about \d+\.\d s saved; nothing broke\n$/);
    expect(mastersOf(first)).toHaveLength(0);
    expect(existsSync(first)).toBe(false);
    expect(mastersOf(second)).toHaveLength(1);
    expect(both[1].finish().code).toBe(0);
    for (const job of both) expect(leftIn(job)).toEqual([]);
  });

  it("waits at its end for what still runs, and does not cut it", async () => {
    const job = makeJob("3001", real());
    const session = await startSession(job);
    const dir = job.dir();
    const finish = spawn("sh", [script, "finish"], { env: job.env, stdio: "ignore" });
    const finished = new Promise((resolve) => finish.once("close", resolve));
    await poll(() => processesOf(dir).some(({ command }) => command.includes(" drain ")), "the drain");
    session.end();
    expect(await finished).toBe(0);
    expect(await session.ended).toEqual({ code: 0, out: "whole\n" });
    expect(leftIn(job)).toEqual([]);
  });

  it("whose time runs out says so, cuts nothing, and can be finished later", async () => {
    const job = makeJob("3002", real());
    const session = await startSession(job);
    const dir = job.dir();
    const { code, err } = job.finish({ SSHIM_DRAIN: "0s" });
    expect(code).toBe(0);
    expect(err).toMatch(/^sshim: [^\n]*; still running and not cut: 1 session\n$/);
    expect(existsSync(dir)).toBe(true);
    session.end();
    expect(await session.ended).toEqual({ code: 0, out: "whole\n" });
    expect(job.finish().err).toMatch(/^sshim: 1 session over 1 handshake.*; nothing broke\n$/);
    expect(existsSync(dir)).toBe(false);
    expect(leftIn(job)).toEqual([]);
  });

  it("whose time ran out and that nobody finished is cleared away by the next one there, when its sessions are gone", () => {
    const busy = join(scratch("busy-"), "busy");
    const job = makeJob("3003", makeSource({ drain: `[ ! -e '${busy}' ] || exit 75` }));
    const dir = job.dir();
    writeFileSync(busy, "");
    expect(job.finish({ SSHIM_DRAIN: "0s" }).err).toBe("sshim: no shared sessions; nothing broke; still running and not cut: 1 session\n");
    const start = (number: string) => job.start({ CI_JOB_ID: number }).code;
    expect(start("3004")).toBe(0);
    expect(existsSync(dir)).toBe(true);
    rmSync(busy);
    expect(start("3008")).toBe(0);
    expect(existsSync(dir)).toBe(false);
    for (const number of ["3004", "3008"]) job.finish({ CI_JOB_ID: number });
    expect(leftIn(job)).toEqual([]);
  });

  it("is not cleared away while it runs", () => {
    const job = makeJob("3005");
    const dir = job.dir();
    const next = { CI_JOB_ID: "3006" };
    job.start(next);
    job.finish(next);
    expect(existsSync(dir)).toBe(true);
    job.finish();
    expect(leftIn(job)).toEqual([]);
  });

  it("says what is wrong with SSHIM_DRAIN, and keeps what it could not close", () => {
    const job = makeJob("3007", real());
    job.start();
    expect(job.finish({ SSHIM_DRAIN: "soon" }).err).toMatch(/^sshim: [^\n]*not cleaned up yet: sshim: cannot read --wait: "soon"[^\n]*\n$/);
    job.finish();
    expect(leftIn(job)).toEqual([]);
  });

  it("that never started is finished without a word", () => {
    expect(makeJob("4001").finish()).toEqual({ code: 0, out: "", err: "" });
  });

  it("that lost a connection says so at its end, and keeps journal, report and summary", async () => {
    const job = makeJob("4002", real());
    const session = await startSession(job);
    const dir = job.dir();
    for (const pid of mastersOf(dir)) process.kill(pid, "SIGKILL");
    expect((await session.ended).code).toBe(255);
    session.end();
    const files = { SSHIM_REPORT: join(job.home, "report"), GITHUB_STEP_SUMMARY: join(job.home, "summary") };
    const { err } = job.finish(files);
    expect(err).toMatch(/^sshim: 1 session over 1 handshake; 1 broke \(lost 1\); journal and report in .*\/report\n$/);
    const summary = readFileSync(files.GITHUB_STEP_SUMMARY, "utf8");
    expect(summary).toMatch(
      /^### sshim\n\n1 session over .*1 broke \(lost 1\)\n\n\| when \|.*\n\| --- .*\n\| \d{4}-.*Z \| \S+@127\.0\.0\.1:\d+ \| lost \| started \| The command was started.*\|\n$/,
    );
    const read = (name: string) => readFileSync(join(files.SSHIM_REPORT, name), "utf8");
    expect(read("summary.md")).toBe(summary);
    expect(read("report.html")).toContain("</html>");
    expect(read("journal.jsonl")).toMatch(/"outcome":"lost"/);
    expect(existsSync(dir)).toBe(false);
  });
});

describe("what start says", () => {
  it("is only what must be put right, found with the new PATH", () => {
    const job = makeJob("5001");
    const said =
      "ok       one\nnote     two\\n         so:   x\nPROBLEM  three\\n         so:   y\\n         do:   z\nok       four\\n\\n1 problem\n";
    const source = makeSource({ doctor: `command -v ssh >'${job.home}/ssh'; printf '${said}'; exit 1` });
    expect(job.start({ SSHIM_SOURCE: source }).err).toBe(
      "PROBLEM  three\n         so:   y\n         do:   z\nsshim: 'sshim doctor' found this to put right; ssh works all the same\n",
    );
    expect(readFileSync(join(job.home, "ssh"), "utf8")).toBe(`${source}/bin/ssh\n`);
    job.finish();
    expect(job.start({ SSHIM_SOURCE: makeSource({ doctor: `printf '${said}'; exit 0` }) }).err).toBe("");
    job.finish();
  });

  it("is the doctor's own words where it could not end", () => {
    const job = makeJob("5002");
    expect(job.start({ SSHIM_SOURCE: makeSource({ doctor: "echo sshim: it went wrong >&2; exit 70" }) }).err).toContain(
      "sshim: it went wrong\n",
    );
    job.finish();
  });
});

describe("what start hands on", () => {
  const parse = (text: string) =>
    Object.fromEntries([...text.matchAll(/^(\w+)<<(sshim_[0-9a-f]{32})\n(.*)\n\2\n/gm)].map(([, name, , value]) => [name, value]));

  it("goes to GitHub's later steps between delimiters that nobody can know", () => {
    const job = makeJob("6001");
    const files = { GITHUB_PATH: join(job.home, "path"), GITHUB_ENV: join(job.home, "env"), GITHUB_STATE: join(job.home, "state") };
    const github = { ...files, GITHUB_RUN_ID: "77", GITHUB_RUN_ATTEMPT: "2", GITHUB_JOB: "deploy", RUNNER_NAME: "r 1" };
    expect(job.start(github).code).toBe(0);
    expect(readFileSync(files.GITHUB_PATH, "utf8")).toBe(`${job.env.SSHIM_SOURCE}/bin\n`);
    const env = readFileSync(files.GITHUB_ENV, "utf8");
    const values = parse(env);
    expect(Object.keys(values)).toEqual(["SSHIM_DIR", "SSHIM_SCOPE", "SSHIM_CI"]);
    expect(values.SSHIM_SCOPE).toBe("github-77-2-deploy-r 1");
    expect(env.match(/sshim_[0-9a-f]{32}/g)).toHaveLength(6);
    expect(new Set(env.match(/sshim_[0-9a-f]{32}/g)).size).toBe(3);
    expect(parse(readFileSync(files.GITHUB_STATE, "utf8"))).toEqual({ folder: values.SSHIM_CI });
    expect(job.finish(github).code).toBe(0);
  });

  for (const [name, scope] of [
    ["a line end", "a\nLD_PRELOAD=/tmp/x"],
    ["a carriage return", "a\rLD_PRELOAD=/tmp/x"],
  ] as const)
    it(`never holds ${name}: such a scope is refused in one line`, () => {
      const job = makeJob("6002");
      const GITHUB_ENV = join(job.home, "env");
      const { code, out, err } = job.start({ GITHUB_ENV, SSHIM_SCOPE: scope });
      expect({ code, out, err }).toEqual({
        code: 1,
        out: "",
        err: "sshim: cannot use SSHIM_SCOPE: it holds a line end or another control character\n",
      });
      expect(existsSync(GITHUB_ENV)).toBe(false);
      expect(leftIn(job)).toEqual([]);
    });

  it("reads no backslash of a name as a line end, and keeps quotes", () => {
    const job = makeJob("6003");
    const source = join(scratch("source-"), "a\\nb'c");
    mkdirSync(source);
    symlinkSync(join(job.env.SSHIM_SOURCE as string, "bin"), join(source, "bin"));
    const GITHUB_PATH = join(job.home, "path");
    const scope = 'it\'s \\n "x" $HOME';
    expect(job.run('command -v ssh; printf "%s\\n" "$SSHIM_SCOPE"', { SSHIM_SOURCE: source, SSHIM_SCOPE: scope, GITHUB_PATH }).out).toBe(
      `${source}/bin/ssh\n${scope}\n`,
    );
    expect(readFileSync(GITHUB_PATH, "utf8")).toBe(`${source}/bin/ssh\n`.replace("/ssh\n", "\n"));
    expect(job.finish({ SSHIM_SCOPE: scope }).code).toBe(0);
    expect(leftIn(job)).toEqual([]);
  });
});

describe.skipIf(!findProgram("busybox"))("with BusyBox's shell and programs alone", () => {
  it("a job starts, by an archive's sum, and finishes", () => {
    const job = makeJob("6501", "");
    const { file, sum } = makeArchive();
    const applets = join(job.home, "applets");
    const ash = (text: string) =>
      job.shell(`mkdir -p '${applets}'; busybox --install -s '${applets}'; PATH='${applets}' exec sh -c '${text}'`, {
        SSHIM_ARCHIVE: file,
        SSHIM_SHA256: sum,
        SSHIM_REPORT: join(job.home, "report"),
      });
    const { out, err } = ash(`eval "$(sh ${script} start)"; command -v ssh; echo $SSHIM_SCOPE`);
    expect({ out, err }).toEqual({ out: expect.stringMatching(/\/sshim-ci\.\w{10}\/program\/bin\/ssh\n6501\n$/), err: "" });
    expect(ash(`sh ${script} finish`)).toMatchObject({
      code: 0,
      err: expect.stringMatching(/^sshim: no shared sessions; nothing broke; journal and/),
    });
    expect(readFileSync(join(job.home, "report/summary.md"), "utf8")).toBe("### sshim\n\nno shared sessions; nothing broke\n");
    expect(leftIn(job)).toEqual([]);
  });
});

describe.skipIf(process.getuid?.() !== 0)("another user on the same machine (as root)", () => {
  const stranger = (job: Job, folder: string) => {
    const ran = join(job.home, "the-strangers-ran");
    const bin = scratch("strangers-");
    for (const name of ["ssh", "sshim", "sshim-control"]) put(join(bin, name), `#!/bin/sh\n: >'${ran}'\n`);
    mkdirSync(folder, { mode: 0o700 });
    for (const [name, text] of Object.entries({ bin, dir: "/tmp/sshim.aaaaaaaaaa", job: job.env.CI_JOB_ID, began: "2026-01-01T00:00:00Z" }))
      writeFileSync(join(folder, name), `${text}\n`);
    chownSync(folder, 4711, 4711);
    return ran;
  };

  it("cannot leave a folder that a job takes for its own, by a guess or by the name in SSHIM_CI", () => {
    const job = makeJob("7001");
    chmodSync(join(job.home, "tmp"), 0o1777);
    const folder = join(job.home, "tmp/sshim-ci.aaaaaaaaaa");
    const ran = stranger(job, folder);
    const link = join(job.home, "tmp/sshim-ci.bbbbbbbbbb");
    symlinkSync(folder, link);
    for (const SSHIM_CI of ["", folder, link]) {
      expect(job.run("command -v ssh", { SSHIM_CI }).out).toBe(`${job.env.SSHIM_SOURCE}/bin/ssh\n`);
      expect(job.finish({ SSHIM_CI })).toMatchObject({ code: 0, err: expect.stringContaining("no shared sessions") });
    }
    expect(job.finish({ SSHIM_CI: folder })).toEqual({ code: 0, out: "", err: "" });
    expect(existsSync(ran)).toBe(false);
    expect(existsSync(folder)).toBe(true);
  });

  it("gains nothing by names that can be computed from the job's", () => {
    const job = makeJob("7002");
    const word = job.shell("printf %s \"$CI_JOB_ID\" | cksum | tr -d ' \\n'").out;
    const ran = join(job.home, "the-strangers-ran");
    const bin = scratch("strangers-");
    put(join(bin, "sshim"), `#!/bin/sh\n: >'${ran}'\n`);
    const file = `/dev/shm/sshim-0-${word}.bin`;
    writeFileSync(file, `${bin}\n`);
    chownSync(file, 4711, 4711);
    try {
      job.finish();
      expect(existsSync(ran)).toBe(false);
    } finally {
      rmSync(file, { force: true });
    }
  });

  it("cannot rename our folder: where others may, nothing is made", () => {
    const job = makeJob("7003");
    chmodSync(join(job.home, "tmp"), 0o777);
    expect(job.folder()).toMatch(/^\/tmp\/sshim-ci\.\w{10}$/);
    expect(leftIn(job)).toEqual([]);
    const folder = job.folder();
    const moved = join(job.home, "tmp", folder.slice(5));
    renameSync(folder, moved);
    expect(job.finish({ SSHIM_CI: moved })).toEqual({ code: 0, out: "", err: "" });
    renameSync(moved, folder);
    expect(job.finish().code).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });
});

describe("what start fetches", () => {
  it("is npm's package of its own version unless another one is named, and none of its scripts run", () => {
    const job = makeJob("8001");
    const { calls, PATH } = standInNpm(job);
    const env = { PATH, SSHIM_SOURCE: "" };
    const copy = join(scratch("copy-"), "install/ci/sshim-ci.sh");
    put(copy, readFileSync(script));
    const start = (more: Record<string, string>) =>
      job.shell(`eval "$(sh ${copy} start)"; command -v ssh; sh ${copy} finish`, { ...env, ...more });
    expect(start({}).out).toMatch(/\/tmp\/sshim-ci\.\w{10}\/node_modules\/@sshim\/linux-x64\/bin\/ssh\n$/);
    start({ SSHIM_VERSION: "9.8.7" });
    expect(calls().map((line) => line.replace(/ --prefix \S+/, ""))).toEqual(
      [version, "9.8.7"].map((one) => `install --silent --no-audit --no-fund --ignore-scripts sshim@${one}`),
    );
    expect(leftIn(job)).toEqual([]);
  });

  it("is an archive with the right sum, and says what is wrong with another one", () => {
    const job = makeJob("8002");
    const { file, sum } = makeArchive();
    const env = { SSHIM_SOURCE: "", SSHIM_ARCHIVE: file };
    for (const more of [{}, { SSHIM_SHA256: sum }, { SSHIM_SHA256: sum.toUpperCase() }]) {
      expect(job.run("command -v ssh", { ...env, ...more }).out).toMatch(/\/sshim-ci\.\w{10}\/program\/bin\/ssh\n$/);
      job.finish({ ...env, ...more });
    }
    const wrong = sum.replace(/^./, (first) => (first === "0" ? "1" : "0"));
    expect(job.start({ ...env, SSHIM_SHA256: wrong })).toEqual({
      code: 1,
      out: "",
      err: `sshim: cannot use ${file}: its SHA-256 sum is not ${wrong} (set by SSHIM_SHA256)\n`,
    });
    const none = job.start({ ...env, SSHIM_ARCHIVE: "/no/such.tar.gz" });
    expect(none.code).toBe(1);
    expect(none.err).toContain("cannot unpack /no/such.tar.gz");
    expect(job.start({ SSHIM_SOURCE: "", SSHIM_SHA256: sum }).err).toBe(
      "sshim: cannot check SSHIM_SHA256: it is an archive's sum, and SSHIM_ARCHIVE names none\n",
    );
    expect(leftIn(job)).toEqual([]);
  });

  it("is nothing from a URL without its sum, and nothing is unpacked whose sum is another", () => {
    const job = makeJob("8003");
    const { file, sum } = makeArchive();
    const url = "https://example.org/sshim.tar.gz";
    const curl = standIn(job, "curl", `while [ "$1" != -o ]; do shift; done; cp '${file}' "$2"`);
    const tar = standIn(job, "tar", 'exec /bin/tar "$@"');
    const env = { PATH: curl.PATH, SSHIM_SOURCE: "", SSHIM_ARCHIVE: url };
    expect(job.start(env)).toEqual({
      code: 1,
      out: "",
      err: `sshim: cannot use ${url} without its SHA-256 sum (SSHIM_SHA256; a release's are in SHA256SUMS)\n`,
    });
    expect(curl.calls()).toEqual([]);
    expect(job.start({ ...env, SSHIM_SHA256: "0".repeat(64) }).err).toMatch(
      /^sshim: cannot use https.*: its SHA-256 sum is not 0{64} .*\n$/,
    );
    expect(tar.calls()).toEqual([]);
    expect(leftIn(job)).toEqual([]);
    expect(job.run("command -v ssh", { ...env, SSHIM_SHA256: sum }).out).toMatch(/\/program\/bin\/ssh\n$/);
    job.finish(env);
  });
});
