/** stdin, stdout and stderr of a shared session: every byte, in both directions, of any size, whatever the descriptors are. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectSame, expectSameShared, shell } from "../support/compare.ts";
import { fixture, makeGate, poll, runShim, start, temporary } from "../support/index.ts";

const { sshd, words } = await fixture({ warm: true });

describe("bytes", () => {
  it("8 MiB of noise go in and come back", async () => {
    const input = randomBytes(8 << 20);
    const real = await expectSameShared(sshd, [...words, "cat"], { input });
    expect(real.stdout.equals(input)).toBe(true);
  });

  it("8 MiB on stdout and on stderr at the same time", async () => {
    const hash = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    const command = "(head -c 8388608 /dev/zero | tr '\\0' o) & (head -c 8388608 /dev/zero | tr '\\0' e >&2); wait; exit 3";
    const result = await runShim([...words, command]);
    expect([hash(result.stdout), hash(result.stderr)]).toEqual(["o", "e"].map((letter) => hash(Buffer.alloc(8 << 20, letter))));
    expect(result.exitCode).toBe(3);
  });

  it("every byte value on stdin, stdout and stderr", async () => {
    const input = Buffer.from(Array.from({ length: 256 }, (_, value) => value));
    await expectSameShared(sshd, [...words, "tee /dev/stderr"], { input });
  });

  it("stdin that the remote does not read to its end", async () => {
    await expectSameShared(sshd, [...words, "head -c 3"], { input: Buffer.alloc(4 << 20, "x") });
  });
});

describe("the shape of the descriptors", () => {
  it("a command ends although nobody closes its stdin", async () => {
    for (const side of ["real", "shim"] as const) {
      const child = start(side, [...words, "read line; echo got $line; exit 6"], { stdinOpen: true });
      child.stdin?.write("one\n");
      const result = await child;
      expect([Buffer.from(result.stdout as Uint8Array).toString(), result.exitCode]).toEqual(["got one\n", 6]);
    }
  });

  it("answers go back and forth while both ends stay open", async () => {
    const child = start("shim", [...words, "while read line; do echo got $line; done"], { stdinOpen: true });
    let seen = "";
    child.stdout?.on("data", (bytes: Buffer) => {
      seen += bytes;
    });
    for (const line of ["one", "two", "three"]) {
      child.stdin?.write(`${line}\n`);
      await poll(() => seen.endsWith(`got ${line}\n`), `the answer to ${line}`);
    }
    child.stdin?.end();
    expect((await child).exitCode).toBe(0);
  });

  it("-n reads nothing of the caller's stdin", async () => {
    const script = 'ssh -n "$@" "wc -c"; cat';
    const [args, options] = shell(script, words);
    const real = await expectSameShared(sshd, args, { ...options, input: "still here" });
    expect(real.stdout.toString()).toBe("0\nstill here");
  });

  it("StdinNull yes does the same as -n", async () => {
    await expectSame([...shell('ssh -o StdinNull=yes "$@" "wc -c"; cat', words)[0]], { program: "/bin/sh", input: "still here" });
  });

  it("a file as stdin, a file as stdout, and its offset where the remote left it", async () => {
    const folder = temporary();
    writeFileSync(join(folder, "in"), "first\nsecond\n");
    const script = 'cd "$0"; ssh "$@" "cat; echo end >&2" < in > out 2> err; cat out err';
    await expectSame(["-c", script, folder, ...words], { program: "/bin/sh" });
    expect(readFileSync(join(folder, "out"), "utf8")).toBe("first\nsecond\n");
  });

  it("the same file for stdout and stderr keeps both", async () => {
    await expectSameShared(sshd, ...shell('ssh "$@" "echo a; echo b >&2; echo c" 2>&1 | sort', words));
  });

  it("a pipe whose reader leaves early (| head -1)", async () => {
    const script = 'ssh "$@" "while echo y 2>/dev/null; do :; done" | head -1; echo "${PIPESTATUS[0]}"';
    await expectSame(...shell(script, words, "bash"));
  });

  it("stderr ends for its reader when the caller's ssh is killed, although the remote goes on", async () => {
    // A master keeps the stderr that it is given until the remote command ends; OpenSSH's own mux client has that fault, ssh itself has not.
    const gate = makeGate();
    const said = join(temporary(), "said");
    const script = `words=$(timeout 1 ssh "$@" 2>&1 >/dev/null); echo "ended with $?, while the remote $(test -e ${said} && echo ended || echo runs)"`;
    await expectSame(...shell(script, [...words, `${gate.command}; touch ${said}`]));
    gate.open();
  });

  it("stderr that is a file keeps its place, and one that is appended to is appended to", async () => {
    const file = join(temporary(), "log");
    const script = `ssh "$@" "echo one >&2" 2>>${file}; ssh "$@" "echo two >&2; exit 4" 2>>${file}; echo $?; cat ${file}; rm ${file}`;
    await expectSame(...shell(script, words));
  });

  it("a caller that dials leaves none of its descriptors with the master", async () => {
    const child = start("shim", ["-o", "ServerAliveInterval=77", ...words, "echo done"], { stdinOpen: true });
    const ended = once(child, "close");
    child.stdin?.end();
    // "close" comes only when nobody holds stdout and stderr any more: a master that kept them would hang this.
    await ended;
    expect((await child).exitCode).toBe(0);
  });
});
