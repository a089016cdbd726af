/** Masters at a caller's own ControlPath, where others come and go too: established twice, raced for, removed, taken over, out of reach. */
import { chmodSync, existsSync, lstatSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  fixture,
  freshOptions,
  isAlive,
  makeGate,
  masterAt,
  poll,
  processesOf,
  runReal,
  runShim,
  start,
  temporary,
  visible,
} from "../support/index.ts";

const at = (path: string) => ["-oControlMaster=auto", `-oControlPath=${path}`, "-oControlPersist=60"];

test("-fN on a path without a master makes one there, a second time makes no second connection", async () => {
  const { sshd, words, options } = await fixture();
  const folder = temporary();
  const path = join(folder, "mux_a");
  const establish = ["-fN", ...at(path), ...words];
  for (let n = 0; n < 2; n++) {
    expect(visible(await runShim(establish, options))).toEqual({ stdout: "", stderr: "", exitCode: 0, signal: undefined });
  }
  expect(visible(await runShim(["-fNM", ...at(path), ...words], options)).exitCode).toBe(0);
  expect(sshd.authentications()).toBe(1);
  expect(readdirSync(folder)).toEqual(["mux_a"]);
  expect(lstatSync(path).isSocket()).toBe(true);
  const command = await runShim([...at(path), ...words, "echo x"], options);
  expect(visible(command)).toEqual({ stdout: "x\n", stderr: "", exitCode: 0, signal: undefined });
  expect(sshd.authentications()).toBe(1);
});

test("-O check, stop and exit name nothing but the path, and drain the master there", async () => {
  const { words, options } = await fixture();
  const path = join(temporary(), "mux_a");
  await runShim(["-fN", ...at(path), ...words], options);
  const pid = await masterAt(path);
  const check = await runShim(["-O", "check", "-o", `ControlPath=${path}`, "localhost"], options);
  expect(visible(check)).toEqual({ stdout: "", stderr: `Master running (pid=${pid})\r\n`, exitCode: 0, signal: undefined });
  const stop = await runShim(["-O", "stop", "-o", `ControlPath=${path}`, "localhost"], options);
  expect(visible(stop)).toEqual({ stdout: "", stderr: "Stop listening request sent.\r\n", exitCode: 0, signal: undefined });
  expect(existsSync(path)).toBe(false);
  await poll(() => !isAlive(pid), "the end of the master");
  const { real, shim } = {
    real: await runReal(["-O", "check", "-o", `ControlPath=${path}`, "localhost"], options),
    shim: await runShim(["-O", "check", "-o", `ControlPath=${path}`, "localhost"], options),
  };
  expect(visible(shim)).toEqual(visible(real));
});

test("two runtime directories race for one path: each caller's command runs, one master is left, no orphan", async () => {
  const { sshd, words } = await fixture();
  const path = join(temporary(), "mux_a");
  const runs = [temporary(), temporary(), temporary()];
  const results = await Promise.all(runs.map((run, n) => runShim([...at(path), ...words, `echo ${n}`], { home: sshd.home, run })));
  for (const [n, result] of results.entries())
    expect(visible(result)).toEqual({ stdout: `${n}\n`, stderr: "", exitCode: 0, signal: undefined });
  const pid = await masterAt(path);
  await poll(() => [...processesOf(path), ...runs.flatMap((run) => processesOf(run))].every((found) => found.pid === pid), "no orphan");
});

test("somebody removes the socket: the next command makes a new master, and nobody is left behind", async () => {
  const { words, options } = await fixture();
  const path = join(temporary(), "mux_a");
  const command = () => runShim([...at(path), ...words, "echo x"], options);
  expect(visible(await command()).stdout).toBe("x\n");
  const old = await masterAt(path);
  rmSync(path);
  expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  await poll(() => !isAlive(old), "the end of the unreachable master");
  expect(await masterAt(path)).toBeGreaterThan(0);
});

test("the real ssh's master on the path is used, and drained by -O exit", async () => {
  const { sshd, words, options } = await fixture();
  const path = join(temporary(), "mux_a");
  await runReal(["-fN", ...at(path), ...words], options);
  expect(visible(await runShim([...at(path), ...words, "echo x"], options))).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(sshd.authentications()).toBe(1);
  const gate = makeGate();
  const session = start("shim", [...at(path), ...words, gate.command], options);
  await poll(gate.begun, "the session");
  expect(visible(await runShim(["-O", "exit", `-oControlPath=${path}`, "x"], options)).stderr).toBe("Exit request sent.\r\n");
  gate.open();
  expect((await session).exitCode).toBe(5);
});

test("the real ssh takes over a path that we served: its master is used, ours leaves", async () => {
  const { sshd, words, options } = await fixture();
  const path = join(temporary(), "mux_a");
  const command = () => runShim([...at(path), ...words, "echo x"], options);
  expect(visible(await command()).stdout).toBe("x\n");
  const ours = await masterAt(path);
  rmSync(path);
  await runReal(["-fN", ...at(path), ...words], options);
  const theirs = await masterAt(path);
  expect(theirs).not.toBe(ours);
  for (let n = 0; n < 2; n++) expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(await masterAt(path)).toBe(theirs);
  expect(sshd.authentications()).toBe(2);
  await poll(() => !isAlive(ours), "the end of the unreachable master");
});

test("a stale socket on the path is replaced, a file that is none is left to the real ssh", async () => {
  const { words, options } = await fixture();
  const folder = temporary();
  const path = join(folder, "mux_a");
  await runShim(["-fN", ...at(path), ...words], options);
  process.kill(await masterAt(path), "SIGKILL");
  await poll(async () => (await masterAt(path)) === 0, "the stale socket");
  expect(lstatSync(path).isSocket()).toBe(true);
  expect(visible(await runShim([...at(path), ...words, "echo x"], options))).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(await masterAt(path)).toBeGreaterThan(0);
  const file = join(folder, "mux_b");
  mkdirSync(file);
  const args = [...at(file), ...words, "echo x"];
  expect(visible(await runShim(args, options))).toMatchObject({ stdout: "x\n", exitCode: 0 });
  expect(lstatSync(file).isDirectory()).toBe(true);
});

test("a path of 91 to 300 bytes works, and -O words find the master that serves it", async () => {
  const { sshd, words } = await fixture();
  for (const length of [91, 107, 300]) {
    const options = freshOptions(sshd);
    const folder = temporary();
    const path = join(folder, "x".repeat(length - folder.length - 1));
    const before = sshd.authentications();
    for (let n = 0; n < 2; n++) {
      const result = await runShim([...at(path), ...words, `echo ${n}`], options);
      expect(visible(result)).toEqual({ stdout: `${n}\n`, stderr: "", exitCode: 0, signal: undefined });
    }
    expect(sshd.authentications()).toBe(before + 1);
    expect(readdirSync(folder)).toEqual([]);
    expect(visible(await runShim(["-O", "exit", `-oControlPath=${path}`, "x"], options)).stderr).toBe("Exit request sent.\r\n");
  }
});

test("a file system without hard links: never worse than the real ssh, no orphan, no leftover beside the path", async () => {
  const { sshd, words, options } = await fixture();
  const folder = temporary();
  // What ssh does where link(2) fails: a stand-in says its words, but only when it is asked to serve a path in there.
  const stand = join(temporary(), "ssh");
  const refusal = `muxserver_listen: link mux listener ${folder}/m.x => ${folder}/m: Operation not permitted`;
  writeFileSync(
    stand,
    `#!/bin/sh\ncase " $* " in\n*" -G "*) ;;\n*"-oControlPath=${folder}/"*" -N -f "*) printf '%s\\r\\n' '${refusal}' >&2; [ "$4" ]; exit 255;;\nesac\nexec /usr/bin/ssh "$@"\n`,
  );
  chmodSync(stand, 0o755);
  const env = { SSHIM_REAL_SSH: stand };
  for (let n = 0; n < 3; n++) {
    const result = await runShim(["-oControlMaster=auto", `-oControlPath=${folder}/m`, ...words, `echo ${n}`], {
      ...options,
      env,
    });
    expect(visible(result)).toEqual({ stdout: `${n}\n`, stderr: "", exitCode: 0, signal: undefined });
  }
  expect(readdirSync(folder)).toEqual([]);
  // Once refused, once by the real ssh alone, and then a master of ours that the next call shares.
  expect(sshd.authentications()).toBe(2);
});
