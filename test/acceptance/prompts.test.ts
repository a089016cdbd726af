/** What ssh asks while it connects it asks where the caller sits, once: after that the connection is shared. */
import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal, type Terminal } from "../fakes/index.ts";
import { fixture, freshRun, poll, runReal, runShim, temporary, visible } from "../support/index.ts";

const { sshd } = await fixture();
const PASSPHRASE = "correct horse";
/** a key with a passphrase, which the server accepts */
let locked: string;
beforeAll(async () => {
  locked = join(temporary(), "locked");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", PASSPHRASE, "-f", locked]);
  appendFileSync(join(sshd.directory, "authorized_keys"), readFileSync(`${locked}.pub`));
});

const common = () => ["-F", "none", "-p", String(sshd.port), "-o", "IdentitiesOnly=yes", "-o", "GlobalKnownHostsFile=/dev/null"];

async function play(side: "real" | "shim", args: string[], run: string, script: (terminal: Terminal) => Promise<void>) {
  const terminal = startOnTerminal(side, args, { run, env: { TERM: "xterm" } });
  await script(terminal);
  const end = await terminal.ended;
  return { end, shown: terminal.shown().replaceAll(/\r*\n/g, "\n"), restored: terminal.modes().at(-1) === terminal.modes()[0] };
}

describe("on a terminal", () => {
  it("an unknown host key", async () => {
    const results = [];
    const run = freshRun();
    // One file for both, emptied in between: its name is part of the question.
    const known = join(temporary(), "known");
    const args = [...common(), "-i", sshd.keyFile, "-o", `UserKnownHostsFile=${known}`, "127.0.0.1", "echo in; exit 4"];
    for (const side of ["real", "shim"] as const) {
      writeFileSync(known, "");
      results.push(
        await play(side, args, run, async (terminal) => {
          await terminal.shows("(yes/no/[fingerprint])?");
          terminal.type("yes\n");
        }),
      );
      expect(readFileSync(known, "utf8")).toContain(`[127.0.0.1]:${sshd.port} ssh-ed25519 `);
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[1]?.end).toBe("exit 4");
    expect(await play("shim", args, run, async () => undefined)).toEqual({ end: "exit 4", shown: "in\n", restored: true });
  });

  it("an unknown host key that is refused", async () => {
    const known = join(temporary(), "known");
    const args = [...common(), "-i", sshd.keyFile, "-o", `UserKnownHostsFile=${known}`, "127.0.0.1", "echo in"];
    const results = [];
    for (const side of ["real", "shim"] as const)
      results.push(
        await play(side, args, freshRun(), async (terminal) => {
          await terminal.shows("(yes/no/[fingerprint])?");
          terminal.type("no\n");
        }),
      );
    expect(results[1]).toEqual(results[0]);
    expect(results[1]?.end).toBe("exit 255");
  });

  it("the passphrase of a key, asked once for two calls", async () => {
    const run = freshRun();
    const args = [...common(), "-i", locked, "-o", `UserKnownHostsFile=${sshd.knownHosts}`, "127.0.0.1", "echo in; exit 4"];
    const script = async (terminal: Terminal) => {
      await terminal.shows("Enter passphrase for key");
      terminal.type("wrong\n");
      await poll(() => terminal.shown().split("Enter passphrase for key").length === 3, "the second prompt");
      terminal.type(`${PASSPHRASE}\n`);
    };
    const once = async (terminal: Terminal) => {
      await terminal.shows("Enter passphrase for key");
      terminal.type(`${PASSPHRASE}\n`);
    };
    expect(await play("shim", args, run, once)).toEqual(await play("real", args, run, once));
    expect(await play("shim", args, run, async () => undefined)).toEqual({ end: "exit 4", shown: "in\n", restored: true });
    const other = freshRun();
    expect(await play("shim", args, other, script)).toEqual(await play("real", args, other, script));
  });

  it("is given up with Ctrl-C", async () => {
    const args = [...common(), "-i", locked, "-o", `UserKnownHostsFile=${sshd.knownHosts}`, "127.0.0.1", "echo in"];
    const results = [];
    for (const side of ["real", "shim"] as const)
      results.push(
        await play(side, args, freshRun(), async (terminal) => {
          await terminal.shows("Enter passphrase for key");
          terminal.type("\x03");
        }),
      );
    expect(results[1]?.restored).toBe(true);
    expect(results[1]?.end).toBe(results[0]?.end);
  });
});

describe("without a terminal", () => {
  const withLocked = (...more: string[]) => [
    ...common(),
    ...more,
    "-i",
    locked,
    "-o",
    `UserKnownHostsFile=${sshd.knownHosts}`,
    "127.0.0.1",
    "echo in; exit 4",
  ];

  it("SSH_ASKPASS answers, once for two calls", async () => {
    const folder = temporary();
    const [program, asked] = [join(folder, "askpass"), join(folder, "asked")];
    writeFileSync(program, `#!/bin/sh\necho "$1" >> ${asked}\necho '${PASSPHRASE}'\n`, { mode: 0o755 });
    const env = { SSH_ASKPASS: program, SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":99" };
    const run = freshRun();
    const real = visible(await runReal(withLocked(), { env }));
    expect(real).toEqual({ stdout: "in\n", stderr: "", exitCode: 4, signal: undefined });
    const before = readFileSync(asked, "utf8").split("\n").length;
    for (let call = 0; call < 2; call++) expect(visible(await runShim(withLocked(), { env, run }))).toEqual(real);
    expect(readFileSync(asked, "utf8").split("\n").length - before).toBe(1);
  });

  it("BatchMode and a locked key fail as they do for ssh", async () => {
    const args = withLocked("-o", "BatchMode=yes");
    expect(visible(await runShim(args, { run: freshRun() }))).toEqual(visible(await runReal(args)));
  });

  it("a host key that is accepted by itself is said and kept, once", async () => {
    const run = freshRun();
    const folder = temporary();
    const known = join(folder, "known");
    const args = [
      ...common(),
      "-i",
      sshd.keyFile,
      "-o",
      "StrictHostKeyChecking=accept-new",
      "-o",
      `UserKnownHostsFile=${known}`,
      "127.0.0.1",
      "echo in",
    ];
    const real = visible(await runReal(args));
    copyFileSync(known, `${known}.real`);
    writeFileSync(known, "");
    expect(real.stderr).toContain("Permanently added");
    expect(visible(await runShim(args, { run }))).toEqual(real);
    expect(readFileSync(known, "utf8")).toBe(readFileSync(`${known}.real`, "utf8"));
    expect(visible(await runShim(args, { run }))).toEqual({ ...real, stderr: "" });
  });

  it("a warning that every ssh of that configuration writes is written for a shared one, too", async () => {
    const args = [
      ...common(),
      "-i",
      sshd.keyFile,
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
      "127.0.0.1",
      "echo in",
    ];
    const real = visible(await runReal(args));
    expect(visible(await runShim(args, { run: freshRun() }))).toEqual(real);
  });
});
