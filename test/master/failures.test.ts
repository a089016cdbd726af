/** Dials that fail: the real ssh's words and code, for one caller and for a crowd, and as few knocks at the server's door as can be. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  fixture,
  freshOptions,
  poll,
  processesOf,
  run,
  runBoth,
  runReal,
  runShim,
  type Sshd,
  start,
  startSshd,
  temporary,
  visible,
} from "../support/index.ts";

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});

/** A port that somebody listens on; `act` gets each connection. */
async function listen(act: (socket: Socket) => void): Promise<{ port: number; connections: () => number }> {
  let connections = 0;
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    connections++;
    open.add(socket);
    socket.on("error", () => undefined);
    act(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as { port: number }).port, connections: () => connections };
}

/** The arguments that lead to this sshd, but for the port. */
const elsewhere = (sshd: Sshd, port: number, ...more: string[]) => [
  ...sshd.plainOptions.map((word, index, words) =>
    words[index - 1] === "-p" ? `${port}` : word.replace(/^(-p|-oPort=)\d+$/, `$1${port}`),
  ),
  ...[...more, "127.0.0.1", "true"],
];
const everyLog = (run: string) => readdirSync(run, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".log"));

test("nobody listens: ten callers at once say what the real ssh says, after two knocks, and leave nothing behind", async () => {
  const { sshd, options, callReal, callShim } = await fixture();
  await sshd.stop();
  const real = await callReal("true");
  const all = await Promise.all(Array.from({ length: 10 }, () => callShim("true")));
  for (const each of all) expect(visible(each)).toEqual(visible(real));
  expect(everyLog(options.run)).toEqual([]);
  expect(processesOf(options.run)).toEqual([]);
});

test("a server that hangs up before it says who it is: dialled twice for a crowd, then the real ssh's words", async () => {
  const sshd = await startSshd();
  const server = await listen((socket) => {
    socket.resume();
    socket.end();
  });
  const args = elsewhere(sshd, server.port);
  const real = await runReal(args, freshOptions(sshd));
  const before = server.connections();
  const options = freshOptions(sshd);
  const all = await Promise.all(Array.from({ length: 8 }, () => runShim(args, options)));
  const anyPort = (result: typeof real) => ({ ...visible(result), stderr: visible(result).stderr.replace(/port \d+/g, "port N") });
  for (const each of all) expect(anyPort(each)).toEqual(anyPort(real));
  expect(server.connections() - before).toBe(2);
});

test("a black hole: a crowd takes as long as one caller, dials once, and says the same", async () => {
  const sshd = await startSshd();
  const server = await listen(() => undefined);
  const args = elsewhere(sshd, server.port, "-oConnectTimeout=2");
  const real = await runReal(args, freshOptions(sshd));
  const before = server.connections();
  const options = freshOptions(sshd);
  const all = await Promise.all(Array.from({ length: 6 }, () => runShim(args, options)));
  for (const each of all) expect(visible(each)).toEqual(visible(real));
  expect(server.connections() - before).toBe(1);
});

test("a server that says its name and nothing more holds up no lock for ever: the caller goes by itself, and ssh waits as ssh does", async () => {
  const sshd = await startSshd();
  const server = await listen((socket) => socket.write("SSH-2.0-silent\r\n"));
  const options = freshOptions(sshd);
  const caller = start("shim", elsewhere(sshd, server.port, "-oConnectTimeout=1"), options);
  // The dial is ended after its time, and the next connection is the real ssh's own.
  await poll(() => server.connections() === 2);
  const lines = readFileSync(join(options.run, "journal.jsonl"), "utf8").trim().split("\n");
  const [dial, session] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(dial).toMatchObject({ event: "dial", outcome: "pass", reason: "stuck" });
  expect(session).toMatchObject({ event: "session", outcome: "pass" });
  caller.kill("SIGTERM");
  await caller;
});

test("a wrong key: offered once for a crowd, never again, with the real ssh's words", async () => {
  const sshd = await startSshd();
  const other = await startSshd();
  const options = freshOptions(sshd);
  const wrong = [
    "-F",
    "none",
    `-i${other.keyFile}`,
    "-oIdentitiesOnly=yes",
    `-oUserKnownHostsFile=${sshd.knownHosts}`,
    `-p${sshd.port}`,
    "127.0.0.1",
    "true",
  ];
  const real = await runReal(wrong, options);
  expect(visible(real).stderr).toMatch(/Permission denied/);
  const before = sshd.connections();
  const all = await Promise.all(Array.from({ length: 8 }, () => runShim(wrong, options)));
  for (const each of all) expect(visible(each)).toEqual(visible(real));
  expect(sshd.connections() - before).toBe(1);
});

test("a host key that has changed is refused with the real ssh's words, once", async () => {
  const sshd = await startSshd();
  const known = join(temporary(), "known");
  writeFileSync(known, `[127.0.0.1]:${sshd.port} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO9nT3cbh4Xe5sWJ5WgHJ2rh9mQq0m9mEJ8wPyXq4Bp8\n`);
  const args = [...sshd.options, `-oUserKnownHostsFile=${known}`, "-oStrictHostKeyChecking=yes", sshd.host, "true"];
  const { real, shim } = await runBoth(args, freshOptions(sshd));
  expect(real.exitCode).toBe(255);
  expect(visible(shim)).toEqual(visible(real));
});

test("a banner and a warning of a successful dial are shown once, in the real ssh's order", async () => {
  const banner = join(temporary(), "banner");
  writeFileSync(banner, "Authorised use only.\n");
  const { sshd, options } = await fixture({ config: [`Banner ${banner}`] });
  const args = () => [...sshd.options, `-oUserKnownHostsFile=${join(temporary(), "k")}`, "-oStrictHostKeyChecking=no", sshd.host, "echo x"];
  const real = await runReal(args(), options);
  expect(visible(real).stderr).toMatch(/Permanently added.*\r\nAuthorised/);
  expect(visible(await runShim(args(), options))).toEqual(visible(real));
});

test("a proxy that cannot start says so, as it does without us", async () => {
  const sshd = await startSshd();
  const args = [...sshd.options, "-oProxyCommand=sh -c 'echo no way >&2; read x; exit 3'", sshd.host, "true"];
  const { real, shim } = await runBoth(args, freshOptions(sshd));
  expect(visible(real).stderr).toMatch(/^no way/);
  expect(visible(shim)).toEqual(visible(real));
});

test("the holder of the lock is killed in the middle of a handshake: the next caller goes on, and no ssh of the dead one stays", async () => {
  const sshd = await startSshd();
  const hole = await listen(() => undefined);
  const options = freshOptions(sshd);
  const config = join(temporary(), "config");
  const write = (port: number) =>
    writeFileSync(
      config,
      `Host x\n HostName 127.0.0.1\n Port ${port}\n User ${sshd.user}\n IdentityFile ${sshd.keyFile}\n UserKnownHostsFile ${sshd.knownHosts}\n`,
    );
  write(hole.port);
  const first = start("shim", ["-F", config, "x", "echo first"], options);
  await poll(() => hole.connections() === 1, "the first dial");
  first.kill("SIGKILL");
  await first;
  write(sshd.port);
  const second = await run("shim", ["-F", config, "-oStrictHostKeyChecking=no", "x", "echo second"], options);
  expect(visible(second).stdout).toBe("second\n");
  await poll(() => !processesOf(options.run).some(({ command }) => command.includes(`${hole.port}`)), "the end of the first dial");
});
