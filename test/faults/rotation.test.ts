/** Masters that grow old, and keys and options that change, under running sessions: nobody is cut, and the old masters leave. */
import { copyFileSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { freshOptions, isAlive, makeGate, outcome, poll, runShim, type Sshd, start, startSshd, temporary } from "../support/index.ts";
import { journalOf, recordsOf } from "../support/runtime-directory.ts";
import { rotate } from "./rotation.ts";

describe("rotation", () => {
  it("forty sessions of up to three seconds against max_age 2s: none fails, none twice, no old master stays", async () => {
    const { failures, startedTwice, neverStarted, retired, left } = await rotate(40, 3, 10);
    expect({ failures, startedTwice, neverStarted, left }).toEqual({ failures: [], startedTwice: 0, neverStarted: 0, left: 0 });
    expect(retired).toBeGreaterThan(0);
  });

  /** A session that runs while `change` happens; then a second caller. Gives the pid of the master before, which has to leave with its session. */
  async function changeUnderSession(sshd: Sshd, args: string[], change: () => string[]) {
    const options = freshOptions(sshd);
    const gate = makeGate("echo old; exit 6");
    const running = start("shim", [...args, gate.command], options);
    await poll(gate.begun, "the session");
    const old = recordsOf(options.run)[0]?.record.pid ?? 0;
    const next = await runShim([...change(), "echo new; exit 7"], options);
    expect(outcome(next)).toEqual({ stdout: "new\n", stderr: "", exitCode: 7 });
    expect(sshd.authentications()).toBe(2);
    expect(isAlive(old)).toBe(true);
    gate.open();
    expect(outcome((await running) as never)).toEqual({ stdout: "old\n", stderr: "", exitCode: 6 });
    return { old, options };
  }

  it("an identity file that changes under a session, on a caller's ControlPath: a new master there, the old one leaves with its session", async () => {
    const sshd = await startSshd();
    const key = join(temporary(), "key");
    copyFileSync(sshd.keyFile, key);
    const path = join(temporary(), "mux");
    const words = ["-oIdentitiesOnly=yes", `-oUserKnownHostsFile=${sshd.knownHosts}`, "-oControlMaster=auto", `-oControlPath=${path}`];
    const args = ["-F", "none", "-i", key, "-p", `${sshd.port}`, ...words, "127.0.0.1"];
    const { old, options } = await changeUnderSession(sshd, args, () => {
      writeFileSync(key, readFileSync(key));
      utimesSync(key, 1_000_000_000, 1_000_000_000);
      return args;
    });
    await poll(() => !isAlive(old), "the end of the master with the old key");
    expect(journalOf(options.run)).toContainEqual(expect.objectContaining({ event: "retire", reason: "identity" }));
  });

  it("an option that changes under a session: a master of its own", async () => {
    const sshd = await startSshd();
    const args = [...sshd.options, sshd.host];
    await changeUnderSession(sshd, args, () => ["-oCompression=yes", ...args]);
  });
});
