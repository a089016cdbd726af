/** What is no plain command: subsystems, -W, and a forwarded agent. */
import { execFileSync } from "node:child_process";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSame, expectSameShared } from "../support/compare.ts";
import { fixture, freePort, freshPath, poll, runReal, runShim, start, temporary } from "../support/index.ts";

const { sshd, words } = await fixture({ warm: true });
let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer({ allowHalfOpen: true }, (socket) => {
    let bytes = 0;
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      bytes += data.length;
    });
    socket.on("end", () => socket.end(`got ${bytes} bytes\n`));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

describe("subsystems", () => {
  const calls: Record<string, () => string[]> = {
    "-s sftp": () => ["-s", ...words, "sftp"],
    "-s after the host": () => [...words, "-s", "sftp"],
    "SessionType subsystem": () => ["-o", "SessionType=subsystem", ...words, "sftp"],
  };
  for (const [name, args] of Object.entries(calls))
    it(`${name} answers the protocol's first packet`, async () => {
      const answers = [];
      for (const side of ["real", "shim", "shim"] as const) {
        const child = start(side, args(), { stdinOpen: true });
        let answer = Buffer.alloc(0);
        child.stdout?.on("data", (bytes: Buffer) => {
          answer = Buffer.concat([answer, bytes]);
        });
        child.stdin?.write(Buffer.from([0, 0, 0, 5, 1, 0, 0, 0, 3]));
        // The server forgets its answer when stdin ends before it was sent.
        await poll(() => answer.length >= 4 && answer.length >= 4 + answer.readUInt32BE(0), "the server's first packet");
        child.stdin?.end();
        answers.push({ answer: answer.toString("latin1"), exitCode: (await child).exitCode });
      }
      expect(answers[0]?.exitCode).toBe(0);
      expect(answers).toEqual([answers[0], answers[0], answers[0]]);
    });
  it("a subsystem that the server does not have", async () => {
    // The word "subsystem request failed on channel 0" stays with the master, as with OpenSSH's own sharing.
    const path = freshPath();
    expect((await runReal(["-fNM", "-S", path, ...words])).exitCode).toBe(0);
    expect((await expectSame(["-s", "-S", path, ...words, "no-such-subsystem"])).exitCode).toBe(255);
    expect((await runShim(["-s", ...words, "no-such-subsystem"])).exitCode).toBe(255);
  });
});

describe("-W", () => {
  it("carries both directions and ends with 0", async () => {
    const real = await expectSameShared(sshd, ["-W", `127.0.0.1:${port}`, ...words], { input: Buffer.alloc(3 << 20, "x") });
    expect([real.stdout.toString(), real.exitCode]).toEqual([`got ${3 << 20} bytes\n`, 0]);
  });
  it("with the host in brackets, and joined to its letter", async () => {
    await expectSame([`-W[127.0.0.1]:${port}`, ...words], { input: "abc" });
  });
  it("a port where nobody listens ends with 255", async () => {
    const closed = await freePort();
    const args = ["-W", `127.0.0.1:${closed}`, ...words];
    const real = await expectSame(args);
    expect(real.exitCode).toBe(255);
  });
  it("with a bad target is the real ssh's error", async () => {
    await expectSame(["-W", "nonsense", ...words]);
  });
});

describe("-A", () => {
  let agents: Array<{ socket: string; pid: number }>;
  beforeAll(() => {
    const folder = temporary();
    agents = ["one", "two"].map((name) => {
      const socket = join(folder, name);
      const said = execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" });
      const key = join(folder, `key-${name}`);
      execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `key of agent ${name}`, "-f", key]);
      execFileSync("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
      return { socket, pid: Number(/SSH_AGENT_PID=(\d+)/.exec(said)?.[1]) };
    });
  });
  afterAll(() => {
    for (const { pid } of agents) process.kill(pid);
  });

  it("the remote sees the caller's agent with it and none without it", async () => {
    const env = { SSH_AUTH_SOCK: agents[0]?.socket };
    const real = await expectSame(["-A", ...words, "ssh-add -l"], { env });
    expect(real.stdout.toString()).toContain("key of agent one");
    const without = await expectSame([...words, "echo ${SSH_AUTH_SOCK:-none}"], { env });
    expect(without.stdout.toString()).toBe("none\n");
  });
  it("two agents in turn, each caller its own", async () => {
    for (const [index, name] of ["one", "two", "one"].entries()) {
      const env = { SSH_AUTH_SOCK: agents[index % 2]?.socket };
      const { stdout } = await runShim(["-A", ...words, "ssh-add -l"], { env });
      expect(stdout.toString()).toContain(`key of agent ${name}`);
    }
  });
  it("is shared: the second call authenticates no more", async () => {
    const env = { SSH_AUTH_SOCK: agents[0]?.socket };
    await runShim(["-A", ...words, "true"], { env });
    await expectSameShared(sshd, ["-A", ...words, "ssh-add -l"], { env });
  });
  it("with an agent that is gone", async () => {
    await expectSame(["-A", ...words, "echo ${SSH_AUTH_SOCK:+set}; true"], { env: { SSH_AUTH_SOCK: "/nonexistent/agent" } });
  });
  it("ForwardAgent of the configuration", async () => {
    const env = { SSH_AUTH_SOCK: agents[0]?.socket };
    const real = await expectSame(["-o", "ForwardAgent=yes", ...words, "ssh-add -l"], { env });
    expect(real.stdout.toString()).toContain("key of agent one");
    expect((await runReal(["-a", ...words, "echo ${SSH_AUTH_SOCK:-none}"], { env })).stdout.toString()).toBe("none\n");
    await expectSame(["-A", "-a", ...words, "echo ${SSH_AUTH_SOCK:-none}"], { env });
  });
});
