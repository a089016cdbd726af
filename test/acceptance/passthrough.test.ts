/** What sshim cannot do better, the real ssh does: the same bytes and code, by its own connection where it makes one. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { expectSame } from "../support/compare.ts";
import { fixture, freePort, freshPath, makeGate, poll, runReal, start, temporary } from "../support/index.ts";

const { sshd, words } = await fixture({ warm: true });
let server: Server;
let port: number;
beforeAll(async () => {
  server = createServer((socket) => socket.end("hello\n"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  port = (server.address() as { port: number }).port;
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

describe("calls without a session", () => {
  const calls: Record<string, string[]> = {
    "-V": ["-V"],
    "-V among others": ["-4V", "-p", "22"],
    "-Q": ["-Q", "cipher"],
    "-Q with a bad word": ["-Q", "nonsense"],
    "-G": ["-F", "none", "-G", "user@host"],
    "-G with options": ["-F", "none", "-G", "-p", "2200", "-o", "ControlPath=/tmp/%C", "host"],
    "no argument at all": [],
    "a bad option": ["-:"],
    "an option without its argument": ["-p"],
    "a bad port": ["-p", "nonsense", "host"],
    "a bad -o": ["-F", "none", "-o", "Nonsense=yes", "host", "true"],
    "a bad value of -o": ["-F", "none", "-o", "Compression=perhaps", "host", "true"],
    "an empty host": ["-F", "none", "", "true"],
    "a host of only a user": ["-F", "none", "@host", "true"],
    "a host with a dash": ["-F", "none", "--", "-host", "true"],
    "a URI with a path": ["-F", "none", "ssh://host/path", "true"],
    "a configuration that is not there": ["-F", "/nonexistent/config", "host", "true"],
    "a name that nobody has": ["-F", "none", "name.invalid", "true"],
    "-s with -N": ["-F", "none", "-s", "-N", "host"],
    "-f without a command": ["-F", "none", "-f", "host"],
    "-O with -W": ["-F", "none", "-O", "check", "-W", "a:1", "host"],
    "two -J": ["-F", "none", "-J", "a", "-J", "b", "host"],
  };
  for (const [name, args] of Object.entries(calls))
    it(name, async () => {
      await expectSame(args);
    });

  it("a configuration with an error in a file", async () => {
    const { writeFileSync } = await import("node:fs");
    const file = join(temporary(), "config");
    writeFileSync(file, "Host *\n  Nonsense yes\n");
    await expectSame(["-F", file, "host", "true"]);
    writeFileSync(file, "Host *\n  Port 22 22\n");
    await expectSame(["-F", file, "host", "true"]);
  });
});

describe("sessions that the real ssh makes itself", () => {
  const lanes: Record<string, string[]> = {
    "-S none": ["-S", "none"],
    "ControlPath none": ["-o", "ControlPath=none"],
    "-X without a display": ["-X"],
    "-Y without a display": ["-Y"],
    "a LocalCommand": ["-o", "PermitLocalCommand=yes", "-o", "LocalCommand=echo local %h %r"],
    "-y": ["-y"],
  };
  for (const [name, options] of Object.entries(lanes))
    it(name, async () => {
      const before = sshd.authentications();
      const real = await expectSame([...options, ...words, "echo out; echo err >&2; exit 3"]);
      expect(real.exitCode).toBe(3);
      expect(sshd.authentications() - before, "each call authenticates").toBe(3);
    });

  it("SSHIM=off", async () => {
    const before = sshd.authentications();
    await expectSame([...words, "echo x; exit 3"], { env: { SSHIM: "off" } });
    expect(sshd.authentications() - before).toBe(3);
  });

  it("-L, -R and -D", async () => {
    for (const [letter, place] of [
      ["-L", `:127.0.0.1:${port}`],
      ["-R", `:127.0.0.1:${port}`],
      ["-D", ""],
    ] as const)
      await expectSame([letter, `127.0.0.1:${await freePort()}${place}`, ...words, "echo forwarded; exit 4"]);
  });
  it("-L carries, and ends with its command", async () => {
    const local = await freePort();
    const gate = makeGate();
    const child = start("shim", ["-L", `127.0.0.1:${local}:127.0.0.1:${port}`, ...words, gate.command]);
    await poll(gate.begun, "the remote command");
    expect(await textFrom(local)).toBe("hello\n");
    gate.open();
    expect((await child).exitCode).toBe(5);
    await expect(textFrom(local)).rejects.toThrow("ECONNREFUSED");
  });
  it("a forward of the configuration", async () => {
    const local = await freePort();
    await expectSame(["-o", `LocalForward=127.0.0.1:${local} 127.0.0.1:${port}`, ...words, "echo x"]);
  });
  it("-N -L stays until it is killed", async () => {
    const local = await freePort();
    const ends = [];
    for (const side of ["real", "shim"] as const) {
      const child = start(side, ["-N", "-L", `127.0.0.1:${local}:127.0.0.1:${port}`, ...words]);
      await poll(() => textFrom(local).then((text) => text === "hello\n"), "the forward");
      child.kill("SIGTERM");
      const { exitCode, signal } = await child;
      ends.push({ exitCode, signal });
    }
    expect(ends[1]).toEqual(ends[0]);
  });
  it("-f with a command", async () => {
    const marker = join(temporary(), "ran");
    await expectSame(["-f", ...words, `echo ran >> ${marker}`]);
    await poll(() => readFileSync(marker, "utf8") === "ran\nran\nran\n", "three runs in the background");
  });
  it("-v, but for what differs between any two runs", async () => {
    const settle = (text: string) =>
      text
        .replace(/\d+/g, "N")
        .replace(/^debugN: (Sending env|channel N: free|Fd N|client_input_channel_req).*\r?\n/gm, "")
        .replace(/[\d.]+ seconds|[\d.]+, received [\d.]+/g, "");
    await expectSame(["-v", ...words, "echo x; exit 3"], {}, settle);
  });
  it("-E writes its log where the caller wants it", async () => {
    const file = join(temporary(), "log");
    await expectSame(["-E", file, ...words, "echo x; exit 3"]);
    await expectSame(["-v", "-E", file, ...words, "echo x; exit 3"]);
    expect(readFileSync(file, "utf8")).toContain("Authenticated to 127.0.0.1");
  });
  it("ControlMaster ask asks", async () => {
    const path = freshPath();
    await expectSame(["-o", "ControlMaster=ask", "-S", path, ...words, "echo x; exit 3"]);
    await expectSame(["-o", "ControlMaster=autoask", "-S", path, ...words, "echo x; exit 3"]);
  });
  it("-M in the foreground with a command makes the caller's process the master", async () => {
    const path = freshPath();
    const gate = makeGate();
    const child = start("shim", ["-M", "-S", path, ...words, gate.command]);
    await poll(gate.begun, "the remote command");
    const said = (await runReal(["-O", "check", "-S", path, "x"])).stderr.toString();
    expect(said).toBe(`Master running (pid=${child.pid})\r\n`);
    gate.open();
    expect((await child).exitCode).toBe(5);
  });
});

async function textFrom(from: number): Promise<string> {
  const { connect } = await import("node:net");
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(from, "127.0.0.1");
    socket.on("data", (bytes) => {
      text += bytes;
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}
