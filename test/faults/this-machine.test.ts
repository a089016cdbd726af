/** Trouble on this machine: no hard links, no processes to be had, a clock that jumps, a full disk. Never worse than the real ssh, and no orphan. */
import { execFileSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeRecord } from "../../src/master/record.ts";
import {
  fixture,
  freshOptions,
  freshRun,
  isAlive,
  makeGate,
  outcome,
  poll,
  processesOf,
  type RunOptions,
  runReal,
  runShim,
  run as runSide,
  type Sshd,
  start,
  startSshd,
  systemPath,
  temporary,
} from "../support/index.ts";
import { asNobody, canMount, hasSecondUser, NOBODY, openFolder, openShim } from "../support/rights.ts";
import { recordsOf } from "../support/runtime-directory.ts";

/** A library that lets ssh make no hard link below a folder, as Docker Desktop's bind mounts do. Only ssh loads it: the front is static. */
function withoutLinks(folder: string): { LD_PRELOAD: string; NO_LINKS_IN: string } {
  const place = temporary();
  writeFileSync(
    join(place, "links.c"),
    `#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int link(const char *from, const char *to)
{
	const char *folder = getenv("NO_LINKS_IN");
	if (folder != NULL && strncmp(to, folder, strlen(folder)) == 0) {
		errno = EPERM;
		return -1;
	}
	return (int)syscall(SYS_linkat, -100, from, -100, to, 0);
}
`,
  );
  execFileSync("cc", ["-shared", "-fPIC", "-o", join(place, "links.so"), join(place, "links.c")]);
  return { LD_PRELOAD: join(place, "links.so"), NO_LINKS_IN: folder };
}

/** Processes that serve a control path somewhere in a folder. */
const mastersIn = (folder: string) => processesOf(folder).filter(({ command }) => command.includes("-N -f") || command.includes("[mux]"));

describe("a folder without hard links", () => {
  it("for the caller's ControlPath, the real ssh itself: every call works, and the calls after the first share one of ours", async () => {
    const sshd = await startSshd();
    const folder = temporary();
    const options = { ...freshOptions(sshd), env: withoutLinks(folder) };
    const args = ["-oControlMaster=auto", "-oControlPersist=60", `-oControlPath=${folder}/mux`, ...sshd.options, sshd.host];
    const refused = await runReal([...args, "true"], options);
    expect(refused.stderr.toString()).toMatch(/link mux listener .*: Operation not permitted/);
    for (let id = 0; id < 4; id++) {
      expect(outcome(await runShim([...args, `echo ${id}; exit ${id}`], options))).toEqual({ stdout: `${id}\n`, stderr: "", exitCode: id });
    }
    expect(readdirSync(folder)).toEqual([]);
    const masters = mastersIn(options.run);
    expect(masters).toHaveLength(1);
    expect((await runShim([...args.slice(0, 3), "-O", "exit", sshd.host], options)).stderr.toString()).toBe("Exit request sent.\r\n");
    await poll(() => mastersIn(options.run).length === 0, "the end of the master");
  });

  it("for our own runtime directory: every call works, as without sharing", async () => {
    const { words, options } = await fixture();
    const limited = { ...options, env: withoutLinks(options.run) };
    for (let id = 0; id < 3; id++) {
      expect(outcome(await runShim([...words, `echo ${id}; exit ${id}`], limited))).toEqual({
        stdout: `${id}\n`,
        stderr: "",
        exitCode: id,
      });
    }
    expect(processesOf(options.run)).toEqual([]);
  });
});

describe.runIf(hasSecondUser)("as a second user who may start no more processes (as root)", () => {
  it("a cold call, a warm one, and one whose master is gone end as with the real ssh", async () => {
    const sshd = await startSshd();
    const home = openFolder();
    const run = join(home, "r");
    const shim = openShim();
    mkdirSync(run, { mode: 0o700 });
    for (const [from, name] of [
      [sshd.keyFile, "key"],
      [sshd.knownHosts, "known"],
    ] as const) {
      copyFileSync(from, join(home, name));
      chmodSync(join(home, name), 0o600);
      chownSync(join(home, name), NOBODY, NOBODY);
    }
    chownSync(run, NOBODY, NOBODY);
    chownSync(home, NOBODY, NOBODY);
    const connection = [
      "-F",
      "none",
      "-i",
      `${home}/key`,
      `-oUserKnownHostsFile=${home}/known`,
      "-p",
      `${sshd.port}`,
      `${sshd.user}@127.0.0.1`,
    ];
    const call = (side: "real" | "shim", limit: string[], words: string[]) =>
      runSide("real", [...asNobody, ...limit, "ssh", ...words], {
        program: "setpriv",
        home,
        run,
        input: "in",
        env: { PATH: side === "shim" ? `${shim}:${systemPath}` : systemPath },
      });
    const none = ["prlimit", "--nproc=0"];
    const words = [...connection, "cat; echo out; echo err >&2; exit 3"];
    const real = outcome(await call("real", none, words));
    expect(real).toEqual({ stdout: "inout\n", stderr: "err\n", exitCode: 3 });
    expect(outcome(await call("shim", none, words))).toEqual(real);
    expect(outcome(await call("shim", [], words))).toEqual(real);
    const before = sshd.authentications();
    expect(outcome(await call("shim", none, words))).toEqual(real);
    expect(sshd.authentications()).toBe(before);
    const exit = await call("shim", [], ["-O", "exit", ...connection]);
    expect(exit.stderr.toString()).toBe("Exit request sent.\r\n");
    expect(outcome(await call("shim", none, words))).toEqual(real);
    await poll(() => mastersIn(run).length === 0, "the end of the master");
  });
});

describe("a clock that jumped back", () => {
  it("a master and a failure of the future: the session goes on, the next caller has a new master and its own words", async () => {
    const { sshd, words, options, callShim } = await fixture();
    const gate = makeGate("exit 6");
    const running = start("shim", [...words, gate.command], options);
    await poll(gate.begun, "the session");
    const found = recordsOf(options.run)[0];
    if (found === undefined) throw new Error("no record");
    const future = Math.floor(Date.now() / 1000) + 86_400;
    writeRecord(found.path, { ...found.record, created: future });
    utimesSync(found.path, future, future);
    const failed = join(found.path, `../failed.${found.record.connectionKey}`);
    writeFileSync(failed, "an old failure\n");
    utimesSync(failed, future, future);
    expect(outcome(await callShim("echo new"))).toEqual({ stdout: "new\n", stderr: "", exitCode: 0 });
    expect(sshd.authentications()).toBe(2);
    expect(isAlive(found.record.pid)).toBe(true);
    gate.open();
    expect((await running).exitCode).toBe(6);
    await poll(() => !isAlive(found.record.pid), "the end of the master of the future");
    await sshd.stop();
    await runShim(["-O", "exit", ...words], options);
    expect((await callShim("true")).stderr.toString()).toMatch(/Connection refused\r?\n$/);
  });
});

describe.runIf(canMount)("a full disk (a tmpfs of few pages, as root)", () => {
  /** Calls `args` in a runtime directory on a disk with so many bytes left; then frees it, drains, and leaves nothing mounted. */
  function onDisk(left: number, sshd: Sshd, args: string[], options: RunOptions): ReturnType<typeof runSide> {
    const script = `set -e
mkdir -p "$SSHIM_DIR"; mount -t tmpfs -o size=256k,mode=700 none "$SSHIM_DIR"
head -c ${256 * 1024 - left} /dev/zero > "$SSHIM_DIR/filler"
set +e
ssh "$@"; code=$?
rm -f "$SSHIM_DIR/filler"
ssh ${sshd.options.join(" ")} -O exit ${sshd.host} 2>/dev/null
exit $code`;
    return runSide("shim", ["-m", "/bin/sh", "-c", script, "sh", ...args], { program: "unshare", input: "in", ...options });
  }

  for (const pages of [0, 1, 2, 3, 4, 6])
    it(`${pages} pages left: the command runs once, as by the real ssh, and no master stays behind`, async () => {
      const { sshd, words } = await fixture();
      const options = { home: sshd.home, run: freshRun() };
      const args = [...words, "cat; echo out; echo err >&2; exit 3"];
      const result = await onDisk(pages * 4096, sshd, args, options);
      expect(outcome(result)).toEqual({ stdout: "inout\n", stderr: "err\n", exitCode: 3 });
      expect(sshd.log().match(/^Starting session: command/gm)).toHaveLength(1);
      await poll(() => mastersIn(options.run).length === 0, "the end of every master");
    });

  it("and no word is lost when the dial fails there", async () => {
    const { sshd, words } = await fixture();
    await sshd.stop();
    const args = [...words, "true"];
    const real = await runReal(args, freshOptions(sshd));
    for (const pages of [0, 2])
      expect(outcome(await onDisk(pages * 4096, sshd, args, { home: sshd.home, run: freshRun() }))).toEqual(outcome(real));
  });
});

describe("an ssh that is started for a dial", () => {
  it("does not start when the control plane that started it is gone by then", async () => {
    const launch = (parent: number) => runShim(["ssh", "/bin/echo", "started"], { env: { SSHIM_AS: "launch", SSHIM_PARENT: `${parent}` } });
    expect(outcome(await launch(process.pid))).toEqual({ stdout: "started\n", stderr: "", exitCode: 0 });
    expect(outcome(await launch(process.pid + 1))).toEqual({ stdout: "", stderr: "", exitCode: 255 });
  });
});
