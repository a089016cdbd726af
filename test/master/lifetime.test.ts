/** The life of masters with a real sshd: crowds, drains, limits, age, and what happens when one is stopped, killed or cut off. */
import { chmodSync, copyFileSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  fixture,
  isAlive,
  makeGate,
  poll,
  processesOf,
  type Result,
  runReal,
  runShim,
  signal,
  start,
  temporary,
  visible,
} from "../support/index.ts";
import { countOpenedIn, type FoundRecord, journalOf, recordsOf } from "../support/runtime-directory.ts";

function expectAll(results: readonly Result[]): void {
  for (const [index, result] of results.entries()) {
    expect(visible(result)).toEqual({ stdout: `${index}\n`, stderr: "", exitCode: index, signal: undefined });
  }
}

test("a crowd on a cold host: every command runs, and ten sessions cost one handshake", async () => {
  const { sshd, callShim } = await fixture();
  const gate = makeGate();
  const crowd = Array.from({ length: 20 }, (_, n) => callShim(gate.before(`echo ${n}; exit ${n}`)));
  await poll(() => gate.begun() === 20, "twenty sessions at once");
  gate.open();
  expectAll(await Promise.all(crowd));
  expect(sshd.authentications()).toBe(2);
});

test("a server that allows three sessions: learned once, nothing lost, and the next crowd is spread before it is refused", async () => {
  const { options, callShim } = await fixture({ maxSessions: 3 });
  const expectCrowd = async () => {
    const gate = makeGate();
    const crowd = Array.from({ length: 9 }, (_, n) => callShim(gate.before(`echo ${n}; exit ${n}`)));
    await poll(() => gate.begun() === 9, "nine sessions at once");
    gate.open();
    expectAll(await Promise.all(crowd));
  };
  await expectCrowd();
  expect(recordsOf(options.run).map(({ record }) => record.limit)).toEqual(expect.arrayContaining([3]));
  const refusals = () => journalOf(options.run).filter(({ reason }) => reason === "overflow").length;
  const before = refusals();
  await expectCrowd();
  expect(refusals()).toBe(before);
});

test("-O exit cuts nobody: running sessions finish, the next one has a new master, the old one leaves with its last session", async () => {
  const { sshd, words, options, callShim } = await fixture();
  const gate = makeGate();
  const held = Array.from({ length: 5 }, (_, n) => start("shim", [...words, gate.before(`echo ${n}; exit ${n}`)], options));
  await poll(() => countOpenedIn(options.run) >= 5, "five sessions");
  const old = recordsOf(options.run)[0]?.record.pid ?? 0;
  const exit = await runShim(["-O", "exit", ...words], options);
  expect(visible(exit)).toEqual({ stdout: "", stderr: "Exit request sent.\r\n", exitCode: 0, signal: undefined });
  expect(visible(await callShim("echo new")).stdout).toBe("new\n");
  expect(sshd.authentications()).toBe(2);
  expect(isAlive(old)).toBe(true);
  gate.open();
  const results = await Promise.all(held);
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 1, 2, 3, 4]);
  await poll(() => !isAlive(old), "the end of the drained master");
});

test("SSHIM_EXIT=hard ends the sessions, as OpenSSH's own -O exit does", async () => {
  const { words, options } = await fixture();
  const session = start("shim", [...words, "sleep 60"], options);
  await poll(() => countOpenedIn(options.run) === 1, "the session");
  const exit = await runShim(["-O", "exit", ...words], { ...options, env: { SSHIM_EXIT: "hard" } });
  expect(visible(exit)).toMatchObject({ stderr: "Exit request sent.\r\n", exitCode: 0 });
  expect((await session).exitCode).toBe(255);
});

test("-q silences the words of -O exit and -O stop; without a master the real ssh answers", async () => {
  const { words, options, callShim } = await fixture();
  await callShim("true");
  expect(visible(await runShim(["-q", "-O", "stop", ...words], options))).toMatchObject({ stderr: "", exitCode: 0 });
  const none = await runShim(["-O", "exit", ...words], options);
  expect(visible(none).stderr).toMatch(/^Control socket connect\(.*\): No such file or directory\r\n$/);
  expect(none.exitCode).toBe(255);
});

test("a stopped master: -O exit says so within two seconds, the next call works, nobody deletes a file", async () => {
  const { sshd, words, options, callShim } = await fixture();
  await callShim("true");
  const first = recordsOf(options.run)[0]?.record.pid ?? 0;
  signal(first, "SIGSTOP");
  const exit = await runShim(["-O", "exit", ...words], options);
  expect(visible(exit)).toMatchObject({ stdout: "", stderr: "muxclient: master hello exchange failed\r\n", exitCode: 255 });
  expect(visible(await callShim("echo again")).stdout).toBe("again\n");
  const second = recordsOf(options.run).find(({ path }) => path.endsWith("0.m"))?.record.pid ?? 0;
  signal(second, "SIGSTOP");
  expect(visible(await callShim("echo healed"))).toMatchObject({ stdout: "healed\n", stderr: "" });
  expect(sshd.authentications()).toBe(3);
  // Nobody was connected to either, so neither is left to unlink its successor's socket one day.
  await poll(() => !isAlive(first) && !isAlive(second), "the end of the wedged masters");
});

test("a stopped master with a session on it is left alone, and its session goes on when it does", async () => {
  const { words, options, callShim } = await fixture();
  const gate = makeGate("echo done; exit 4");
  const session = start("shim", [...words, gate.command], options);
  await poll(() => countOpenedIn(options.run) === 1, "the session");
  const pid = recordsOf(options.run)[0]?.record.pid ?? 0;
  signal(pid, "SIGSTOP");
  expect(visible(await callShim("echo other")).stdout).toBe("other\n");
  signal(pid, "SIGCONT");
  gate.open();
  expect((await session).exitCode).toBe(4);
  expect(visible(await callShim("echo still"))).toMatchObject({ stdout: "still\n", stderr: "" });
});

test("a record that was lost or damaged while its master lives is written anew, without a second handshake", async () => {
  const { sshd, options, callShim } = await fixture();
  const command = () => callShim("echo x");
  expect(visible(await command()).stdout).toBe("x\n");
  rmSync((recordsOf(options.run)[0] as FoundRecord).path);
  expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  writeFileSync((recordsOf(options.run)[0] as FoundRecord).path, "sshim-master 7\nnonsense");
  expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(sshd.authentications()).toBe(1);
});

test("a killed master: its session is lost without a word, started only once, and the next call works", async () => {
  const { words, options, callShim } = await fixture();
  const ledger = join(options.run, "ledger");
  const session = start("shim", [...words, `echo ran >> ${ledger}; sleep 60`], options);
  await poll(() => countOpenedIn(options.run) === 1 && readFileSync(ledger, "utf8") !== "", "the session");
  signal(recordsOf(options.run)[0]?.record.pid ?? 0, "SIGKILL");
  const lost = await session;
  expect({ code: lost.exitCode, stderr: String(lost.stderr) }).toEqual({ code: 255, stderr: "" });
  expect(visible(await callShim("echo next"))).toMatchObject({ stdout: "next\n", stderr: "" });
  expect(readFileSync(ledger, "utf8")).toBe("ran\n");
  expect(journalOf(options.run)).toContainEqual(expect.objectContaining({ event: "heal", verdict: "started" }));
});

test("a server that goes away: the session ends with the real ssh's last words", async () => {
  const { sshd, words, options } = await fixture();
  const gone = async (side: "real" | "shim") => {
    const gate = makeGate();
    const session = start(side, [...words, gate.command], options);
    await poll(() => gate.begun() && (side === "real" || countOpenedIn(options.run) === 1), "the session");
    for (const pid of sshd.processes()) if (pid !== sshd.pid) signal(pid, "SIGKILL");
    const result = await session;
    return { code: result.exitCode, stderr: String(Buffer.from(result.stderr as unknown as Uint8Array)) };
  };
  const real = await gone("real");
  expect(real.code).toBe(255);
  expect(await gone("shim")).toEqual(real);
});

test("a remote command that dies of a signal ends as with the real ssh, and costs no new master", async () => {
  const { sshd, words, options } = await fixture();
  const args = [...words, "kill -9 $$"];
  const real = await runReal(args, options);
  expect(visible(await runShim(args, options))).toEqual(visible(real));
  const before = sshd.authentications();
  expect(visible(await runShim(args, options))).toEqual(visible(real));
  expect(sshd.authentications()).toBe(before);
});

test("a master past its age is retired: its session goes on, the next one has a new master", async () => {
  const { sshd, words, options: fresh } = await fixture();
  const options = { ...fresh, env: { SSHIM_MAX_AGE: "1s" } };
  const gate = makeGate("echo old; exit 6");
  const session = start("shim", [...words, gate.command], options);
  await poll(() => countOpenedIn(options.run) === 1, "the session");
  const made = recordsOf(options.run)[0]?.record.created ?? 0;
  await poll(() => Date.now() / 1000 > made + 3, "its age");
  expect(visible(await runShim([...words, "echo new"], options))).toMatchObject({ stdout: "new\n", stderr: "" });
  expect(sshd.authentications()).toBe(2);
  gate.open();
  expect((await session).exitCode).toBe(6);
});

test("an idle master is retired before OpenSSH's own expiry could race with a client", async () => {
  const { sshd, words, options: fresh } = await fixture();
  const options = { ...fresh, env: { SSHIM_PERSIST: "1s" } };
  const command = () => runShim([...words, "echo x"], options);
  await command();
  const first = recordsOf(options.run)[0] as FoundRecord;
  await poll(() => Date.now() > statSync(first.path).mtimeMs + 2500, "its idleness");
  expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(sshd.authentications()).toBe(2);
  await poll(() => !isAlive(first.record.pid), "the end of the idle master");
  expect(journalOf(options.run)).toContainEqual(expect.objectContaining({ event: "retire", reason: "idle", outcome: "retired" }));
});

test("a key file that was replaced makes a new connection, at a caller's own path too", async () => {
  const { sshd, options } = await fixture();
  const path = join(temporary(), "mux_a");
  const key = join(temporary(), "key");
  const copy = () => {
    rmSync(key, { force: true });
    copyFileSync(sshd.keyFile, key);
    chmodSync(key, 0o600);
  };
  copy();
  const args = [
    ...sshd.plainOptions.map((word) => (word === sshd.keyFile ? key : word)),
    "-oControlMaster=auto",
    `-oControlPath=${path}`,
    "127.0.0.1",
    "echo x",
  ];
  for (let n = 0; n < 2; n++) expect(visible(await runShim(args, options)).stdout).toBe("x\n");
  expect(sshd.authentications()).toBe(1);
  copy();
  for (let n = 0; n < 2; n++) expect(visible(await runShim(args, options))).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(sshd.authentications()).toBe(2);
});

test("nothing of the caller stays in a master: no descriptor, no working directory, no lock", async () => {
  const { words, options } = await fixture();
  const cwd = temporary();
  const result = await runShim([...words, "echo x"], { ...options, cwd });
  expect(visible(result).stdout).toBe("x\n");
  const pid = recordsOf(options.run)[0]?.record.pid ?? 0;
  expect(readlinkSync(`/proc/${pid}/cwd`)).toBe("/");
  const targets = readdirSync(`/proc/${pid}/fd`).map((name) => readlinkSync(`/proc/${pid}/fd/${name}`));
  expect(targets.filter((target) => /^pipe:|locks$|\.m$/.test(target))).toEqual([]);
  expect(processesOf(options.run).map((each) => each.pid)).toEqual([pid]);
});
