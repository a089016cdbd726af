/** The caller's environment: what the remote and a ProxyCommand see of it, and that none of it steers our own programs. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { expectSame, expectSameShared, shell } from "../support/compare.ts";
import { fixture, type RunOptions, runReal, runShim, temporary, textOf } from "../support/index.ts";
import { journalOf } from "../support/runtime-directory.ts";

const { sshd, words } = await fixture({ warm: true });

describe("what the remote sees", () => {
  it("SendEnv with patterns, and what it does not match", async () => {
    const env = { LC_ALL: "C", LC_TIME: "C.UTF-8", SECRET: "no", GIT_PROTOCOL: "version=2", EMPTY_ONE: "" };
    const command = 'echo "$LC_ALL|$LC_TIME|${SECRET-unset}|$GIT_PROTOCOL|${EMPTY_ONE-unset}"';
    const real = await expectSameShared(sshd, ["-o", "SendEnv=LC_* GIT_PROTOCOL", "-o", "SendEnv=EMPTY_*", ...words, command], { env });
    expect(real.stdout.toString()).toBe("C|C.UTF-8|unset|version=2|\n");
    await expectSameShared(sshd, ["-o", "SendEnv=SECRE?", ...words, command], { env });
  });
  it("a second caller's values, not the first one's", async () => {
    for (const value of ["first", "second", "third value"])
      expect((await runShim(["-o", "SendEnv=WHO", ...words, "echo $WHO"], { env: { WHO: value } })).stdout.toString()).toBe(`${value}\n`);
  });
  it("SetEnv, and SetEnv over SendEnv", async () => {
    await expectSameShared(sshd, ["-o", "SetEnv=A=1 B=two", ...words, 'echo "$A|$B"']);
    await expectSame(["-o", "SendEnv=A", "-o", "SetEnv=A=set", ...words, "echo $A"], { env: { A: "sent" } });
    await expectSame(["-o", 'SetEnv=Q="a b"', ...words, 'echo "$Q"']);
  });
  it("values that are not UTF-8, or of several lines", async () => {
    const script = 'export ODD="$(printf "\\377 a\\nb")"; exec ssh -o SendEnv=ODD "$@" \'printf %s "$ODD" | od -An -tx1\'';
    const [args, options] = shell(script, words);
    expect((await expectSameShared(sshd, args, options)).stdout.toString().trim()).toBe("ff 20 61 0a 62");
  });
  it("an environment entry without a name or a value hurts nobody", async () => {
    const script = 'exec env -i "=x" "PATH=$PATH" "HOME=$HOME" "SSHIM_DIR=$SSHIM_DIR" A=1 ssh -o SendEnv=A "$@" "echo \\$A"';
    await expectSame(...shell(script, words));
  });
  it("RemoteCommand of the configuration, and one that a command conflicts with", async () => {
    await expectSameShared(sshd, ["-o", "RemoteCommand=echo from the configuration; exit 4", ...words]);
    await expectSame(["-o", "RemoteCommand=echo a", ...words, "echo b"]);
    await expectSame(["-o", "RemoteCommand=echo %h %r %%", ...words]);
  });
  it("two callers with other SendEnv and SetEnv share one connection", async () => {
    const before = sshd.authentications();
    for (const option of ["SendEnv=X1", "SetEnv=X2=a", "SetEnv=X2=b"]) await runShim(["-o", option, ...words, "true"]);
    expect(sshd.authentications()).toBe(before);
  });
});

const attacks: Record<string, (folder: string) => Record<string, string>> = {
  "BUN_OPTIONS with a preload": (folder) => ({ BUN_OPTIONS: `--preload=${folder}/evil.js` }),
  BUN_BE_BUN: () => ({ BUN_BE_BUN: "1" }),
  BUN_INSPECT: () => ({ BUN_INSPECT: "ws://127.0.0.1:0/x", BUN_INSPECT_NOTIFY: "unix:///nonexistent" }),
  BUN_INSPECT_PRELOAD: (folder) => ({ BUN_INSPECT_PRELOAD: `${folder}/evil.js` }),
  "BUN_JSC_ that aborts": () => ({ BUN_JSC_useJIT: "nonsense", BUN_JSC_validateOptions: "1" }),
  BUN_FEATURE_FLAG_: () => ({ BUN_FEATURE_FLAG_DISABLE_ASYNC_TRANSPILER: "1", BUN_DEBUG_QUIET_LOGS: "0" }),
  "NODE_OPTIONS with a preload": (folder) => ({ NODE_OPTIONS: `--require=${folder}/evil.js` }),
  "NODE_PATH and a certificate file": (folder) => ({ NODE_PATH: folder, NODE_EXTRA_CA_CERTS: "/nonexistent", NODE_NO_WARNINGS: "0" }),
};

describe("what steers a runtime has no effect on us", () => {
  for (const [name, variables] of Object.entries(attacks))
    it(name, async () => {
      const folder = makeTrap();
      const attack = variables(folder);
      await expectUnmoved(folder, { env: attack, cwd: "/" }, Object.keys(attack)[0] as string);
    });

  it("files of a project in the current directory", async () => {
    const folder = makeTrap();
    writeFileSync(join(folder, "bunfig.toml"), `preload = ["./evil.js"]\n[run]\npreload = ["./evil.js"]\n`);
    writeFileSync(
      join(folder, ".env"),
      `SSHIM=off\nSSHIM_DIR=${folder}/elsewhere\nBUN_OPTIONS=--preload=./evil.js\nHOME=/nonexistent\nSEEN=from-env-file\n`,
    );
    writeFileSync(join(folder, ".env.local"), "SEEN=from-env-file\n");
    writeFileSync(join(folder, "tsconfig.json"), "{ nonsense");
    writeFileSync(join(folder, "package.json"), '{ "type": "module", "main": "evil.js", nonsense');
    mkdirSync(join(folder, "node_modules/smol-toml"), { recursive: true });
    writeFileSync(
      join(folder, "node_modules/smol-toml/index.js"),
      `require("fs").writeFileSync(${JSON.stringify(`${folder}/moved`)}, "x");`,
    );
    await expectUnmoved(folder, { cwd: folder }, "SEEN");
  });

  /** Cold, then warm, with a connection of its own and a ProxyCommand; the trap's file may not appear, and the variable arrives where the caller's ssh shows it. */
  async function expectUnmoved(folder: string, options: RunOptions, variable: string): Promise<void> {
    const seen = join(folder, "proxy-saw");
    const proxy = writeProxy(folder, `printf '%s\\n' "$${variable}" >> ${seen}`);
    const args = ["-o", `ProxyCommand=${proxy}`, "-o", `SendEnv=${variable}`, ...words, `echo "\${${variable}-unset}"`];
    const jailed = { ...options, run: join(folder, "run") };
    const real = await expectSame(args, jailed);
    expect(real.exitCode).toBe(0);
    expect(textOf(join(folder, "moved"))).toBe("");
    const lines = textOf(seen).split("\n").slice(0, -1);
    expect(lines).toEqual([(options.env?.[variable] as string) ?? "", (options.env?.[variable] as string) ?? ""]);
    expect(
      journalOf(jailed.run)
        .filter(({ event }) => event === "session")
        .map(({ lane }) => lane),
    ).toEqual(["attach", "attach"]);
  }
});

describe("a ProxyCommand", () => {
  it("sees the caller's environment with its odd bytes, and its stderr reaches the caller", async () => {
    const folder = temporary();
    const proxy = writeProxy(folder, `printf %s "$ODD" | od -An -tx1 >> ${folder}/$SIDE; echo said >&2`);
    const script = `export ODD="$(printf '\\377x')"; exec ssh -o ProxyCommand=${proxy} "$@" true`;
    const real = await runReal(...withSide(shell(script, words), "real"));
    expect([real.exitCode, real.stderr.toString()]).toEqual([0, "said\n"]);
    expect((await runShim(...withSide(shell(script, words), "shim"))).stderr.toString()).toBe("said\n");
    expect(textOf(join(folder, "real"))).toBe(" ff 78\n");
    expect(textOf(join(folder, "shim"))).toBe(" ff 78\n");
  });
});

/** A ProxyCommand that does something first; a script, because ssh puts an exec before the command. */
function writeProxy(folder: string, first: string): string {
  const file = join(folder, "proxy");
  writeFileSync(file, `#!/bin/sh\n${first}\nexec ${buildFake("tcp-pipe")} ${sshd.port}\n`, { mode: 0o755 });
  return file;
}

function withSide([args, options]: [string[], RunOptions], side: string): [string[], RunOptions] {
  return [args, { ...options, env: { SIDE: side } }];
}

function makeTrap(): string {
  const folder = temporary();
  writeFileSync(join(folder, "evil.js"), `require("fs").writeFileSync(${JSON.stringify(`${folder}/moved`)}, "x");\n`);
  return folder;
}
