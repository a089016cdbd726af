/** Asking a master: a real one, and every way in which something else can sit on its path. */
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { askAlive, askToEnd, askToStop } from "../../../src/openssh/mux/client.ts";
import { writeHello } from "../../../src/openssh/mux/protocol.ts";
import { isAlive, poll, runReal, signal, startSshd, temporary } from "../../support/index.ts";

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
});

async function serve(act: (socket: Socket) => void): Promise<string> {
  const path = join(temporary(), "s");
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    act(socket);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return path;
}

async function realMaster() {
  const sshd = await startSshd();
  const path = join(temporary(), "m");
  const made = await runReal([...sshd.options, "-oControlMaster=yes", "-oControlPersist=60", "-S", path, "-fN", sshd.host], {
    home: sshd.home,
  });
  expect(made.exitCode).toBe(0);
  return path;
}

test("a real master answers with its pid, stops listening, and is gone", async () => {
  const path = await realMaster();
  const alive = await askAlive(path);
  expect(alive).toMatchObject({ ok: true, reply: { type: "alive" } });
  const pid = alive.ok && alive.reply.type === "alive" ? alive.reply.pid : 0;
  expect(isAlive(pid)).toBe(true);
  expect(await askToStop(path)).toEqual({ ok: true, reply: { type: "ok" } });
  expect(await askAlive(path)).toMatchObject({ ok: false, stage: "connect", failure: "none" });
  await poll(() => !isAlive(pid), "the end of the stopped master");
});

test("a real master ends when it is told to", async () => {
  const path = await realMaster();
  const alive = await askAlive(path);
  expect(await askToEnd(path)).toMatchObject({ ok: true });
  await poll(() => alive.ok && alive.reply.type === "alive" && !isAlive(alive.reply.pid), "the end of the master");
});

test("a stopped process costs the deadline and no more", async () => {
  const path = await realMaster();
  const alive = await askAlive(path);
  const pid = alive.ok && alive.reply.type === "alive" ? alive.reply.pid : 0;
  signal(pid, "SIGSTOP");
  try {
    expect(await askAlive(path, 200)).toMatchObject({ ok: false, stage: "hello", failure: "timeout" });
  } finally {
    signal(pid, "SIGCONT");
    await askToEnd(path);
  }
});

test("a path without a socket, one that nobody listens on, and a file are told apart", async () => {
  const directory = temporary();
  expect(await askAlive(join(directory, "none"))).toMatchObject({ ok: false, stage: "connect", failure: "none" });
  writeFileSync(join(directory, "file"), "");
  expect(await askAlive(join(directory, "file"))).toMatchObject({ ok: false, stage: "connect", failure: "refused" });
  mkdirSync(join(directory, "d"));
  expect(await askAlive(join(directory, "d"))).toMatchObject({ ok: false, stage: "connect" });
});

test("who hangs up before hello, or after it, is told apart", async () => {
  expect(await askAlive(await serve((socket) => socket.destroy()))).toMatchObject({ ok: false, stage: "hello", failure: "eof" });
  expect(await askAlive(await serve((socket) => socket.end(writeHello())))).toMatchObject({ ok: false, stage: "alive", failure: "eof" });
});

test("nonsense is nonsense at either step", async () => {
  expect(await askAlive(await serve((socket) => socket.write("SSH-2.0-OpenSSH_9.2p1\r\n")))).toMatchObject({
    stage: "hello",
    failure: "nonsense",
  });
  const path = await serve((socket) => socket.write(Buffer.concat([writeHello(), writeHello()])));
  expect(await askAlive(path)).toMatchObject({ stage: "alive", failure: "nonsense" });
});

test("who says hello and then nothing costs the deadline", async () => {
  const path = await serve((socket) => socket.write(writeHello()));
  expect(await askToStop(path, 100)).toMatchObject({ ok: false, stage: "alive", failure: "timeout" });
});
