/** What Coolify's other parts rely on: pids, clean-ups, tunnels, refreshes in the middle of work, kills, the web terminal, two users in one folder. */
import { spawn } from "node:child_process";
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildFake, startOnTerminal } from "../fakes/index.ts";
import {
  fixture,
  isAlive,
  makeGate,
  poll,
  realProgram,
  run,
  shimFolder,
  shimProgram,
  startSshd,
  testRoot,
  visible,
} from "../support/index.ts";
import { asNobody, hasSecondUser, NOBODY, openShim } from "../support/rights.ts";
import { type Coolify, makeCoolify, shown } from "./coolify.ts";

const { sshd } = await fixture();

describe("what its other parts rely on", () => {
  it("the pid that -O check names is the master's, and no clean-up takes it for an orphan", async () => {
    const coolify = makeCoolify("shim", sshd);
    await coolify.run(coolify.commands.establish);
    const { stderr } = await coolify.run(coolify.commands.check);
    const pid = Number(/pid=(\d+)/.exec(stderr.toString())?.[1]);
    expect(isAlive(pid)).toBe(true);
    // CleanupStaleMultiplexedConnections kills `ssh -fN` whose socket is gone (as a retired one's is), and a cloudflared whose parent is no ssh.
    const command = readFileSync(`/proc/${pid}/cmdline`, "latin1").replaceAll("\0", " ");
    expect(command).not.toMatch(/(^|\/)ssh -fN/);
    expect(command).toMatch(/(^|\/)ssh\s/);
  });

  it("a tunnel's ProxyCommand is shared, and its parent is an ssh", async () => {
    const seen = [];
    for (const side of ["real", "shim"] as const) {
      const coolify = makeCoolify(side, sshd);
      const log = join(coolify.mux, "../tunnel");
      const proxy = `-o ProxyCommand="sh -c 'cat /proc/\\$PPID/cmdline >>${log}; exec ${buildFake("tcp-pipe")} ${sshd.port}' %h" `;
      const tunnelled = (command: string) => command.replace(/-i \S+keys/, (key) => proxy + key).replace(/ssh -O/, `ssh ${proxy}-O`);
      const results = [];
      for (const command of [
        coolify.commands.establish,
        coolify.commands.check,
        coolify.commands.script("echo through"),
        coolify.commands.stop,
      ])
        results.push(shown(coolify, await coolify.run(tunnelled(command))));
      seen.push(results);
      expect(readFileSync(log, "latin1").replaceAll("\0", " ")).toMatch(/^\S*ssh /);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]?.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  });

  it("a second establish on a live path succeeds without a second connection", async () => {
    const coolify = makeCoolify("shim", sshd);
    const before = sshd.authentications();
    for (const command of [coolify.commands.establish, coolify.commands.establish, coolify.commands.establishOld])
      expect(visible(await coolify.run(command))).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
    expect(sshd.authentications() - before).toBe(1);
    expect(readdirSync(coolify.mux)).toEqual(["mux_wgkk4cs8ok8o0"]);
  });

  it("ten commands at once on a cold path cost one authentication and leave one socket", async () => {
    const coolify = makeCoolify("shim", sshd);
    const before = sshd.authentications();
    const results = await Promise.all(Array.from({ length: 10 }, (_, n) => coolify.run(coolify.commands.script(`echo ${n}`))));
    expect(results.map((result) => result.stdout.toString().trim())).toEqual(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
    expect(results.map((result) => result.stderr.toString()).join("")).toBe("");
    expect(sshd.authentications() - before).toBe(1);
    expect(readdirSync(coolify.mux)).toEqual(["mux_wgkk4cs8ok8o0"]);
  });

  it.each([["exit"], ["stop"]] as const)("a refresh by -O %s in the middle of a command does not cut it", async (word) => {
    const coolify = makeCoolify("shim", sshd);
    await coolify.run(coolify.commands.establish);
    const gate = makeGate("echo finished; exit 4");
    const long = coolify.run(coolify.commands.script(gate.command));
    await poll(gate.begun, "the command's start");
    await coolify.run(coolify.commands[word]);
    expect(visible(await coolify.run(coolify.commands.establishOld))).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await coolify.run(coolify.commands.health)).stdout.toString()).toBe("health_check_ok\n");
    gate.open();
    expect(visible(await long)).toMatchObject({ exitCode: 4, stdout: "finished\n", stderr: "" });
    expect(readdirSync(coolify.mux)).toEqual(["mux_wgkk4cs8ok8o0"]);
  });

  it("SIGTERM and a SIGKILL right after it end the call at once, and the remote's stdin", async () => {
    for (const side of ["real", "shim"] as const) {
      const coolify = makeCoolify(side, sshd);
      await coolify.run(coolify.commands.establish);
      const there = join(coolify.mux, "../there");
      const command = coolify.commands
        .script("")
        .replace("timeout 3600", "exec")
        .replace(/'bash -se'[\s\S]*/, `'echo on >${there}; cat; echo off >${there}'`);
      const child = spawn("/bin/sh", ["-c", command], { env: coolify.env, stdio: ["pipe", "ignore", "ignore"] });
      const ended = new Promise((resolve) => child.once("exit", resolve));
      await poll(() => existsSync(there), "the command's start");
      child.kill("SIGTERM");
      child.kill("SIGKILL");
      await ended;
      await poll(() => readFileSync(there, "utf8") === "off\n", "the end of the remote's stdin");
      expect((await coolify.run(coolify.commands.check)).exitCode).toBe(0);
      await coolify.run(coolify.commands.stop);
    }
  });

  it("the web terminal has an empty environment, and works on a terminal", async () => {
    const seen = [];
    for (const side of ["real", "shim"] as const) {
      const coolify = makeCoolify(side, sshd);
      const terminal = startOnTerminal(
        side,
        coolify.commands.terminal("stty -echo; echo ready; while stty size | grep -q '^24 80$'; do sleep 0.05; done; stty size; exit 5"),
        {
          program: side === "real" ? realProgram : shimProgram,
          wholeEnv: { TERM: "xterm-256color", PWD: "/" },
          run: coolify.runtime,
        },
      );
      await terminal.shows("ready");
      terminal.order("resize 33 99");
      seen.push({ end: await terminal.ended, shown: terminal.shown() });
      await coolify.run(coolify.commands.exit);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]).toMatchObject({ end: "exit 5" });
    expect(seen[0]?.shown).toContain("33 99");
  });

  it("says the real one's words when the server is away, and is well when it is back", async () => {
    const own = await startSshd();
    const seen = [];
    for (const side of ["real", "shim"] as const) {
      const coolify = makeCoolify(side, own);
      await own.stop();
      const results = [await coolify.run(coolify.commands.establish), await coolify.run(coolify.commands.script("echo x"))];
      await own.restart();
      results.push(await coolify.run(coolify.commands.script("echo x")));
      seen.push(results.map((result) => shown(coolify, result)));
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]?.map(({ exitCode }) => exitCode)).toEqual([255, 255, 0]);
    expect(seen[0]?.[1]?.stderr).toContain("Connection refused");
  });

  it("a rotated key makes a new connection", async () => {
    const coolify = makeCoolify("shim", sshd);
    await coolify.run(coolify.commands.script("true"));
    const before = sshd.authentications();
    const key = join(coolify.mux, "../keys/ssh_key@wgkk4cs8ok8o0");
    const bytes = readFileSync(key);
    writeFileSync(key, `${bytes}\n`);
    expect((await coolify.run(coolify.commands.script("echo on"))).stdout.toString()).toBe("on\n");
    expect(sshd.authentications() - before).toBe(1);
  });

  it.runIf(hasSecondUser)("two users share the folder: the container's own, and root from the terminal's", async () => {
    const seen = [];
    for (const side of ["real", "shim"] as const) {
      const coolify = makeCoolify(side, sshd);
      const asNobody = openFor(coolify, NOBODY);
      const { commands } = coolify;
      const results = [
        await asNobody(commands.establish),
        await coolify.run(commands.check),
        await coolify.run(commands.script("echo root on the other")),
        await asNobody(commands.script("echo its own")),
        await asNobody(commands.stop),
        await coolify.run(commands.establish),
        await asNobody(commands.check),
        await asNobody(commands.script("echo nobody on that of root")),
        await coolify.run(commands.stop),
      ];
      // Where the real ssh complains about a socket that it may not use, ours has a connection of its own and nothing to say.
      const complaint = /^(Control socket connect\(PATH\): Permission denied|ControlSocket PATH already exists.*)\r?\n/gm;
      seen.push(results.map((result) => shown(coolify, result)).map((each) => ({ ...each, stderr: each.stderr.replace(complaint, "") })));
      expect(readdirSync(coolify.mux)).toEqual([]);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[0]?.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 0, 0, 255, 0, 0]);
  });
});

/** Hands the folders of a Coolify to another user, who has a runtime directory of its own, and gives what runs commands as that user. */
function openFor(coolify: Coolify, uid: number) {
  const root = join(coolify.mux, "..");
  for (let folder = root; folder !== testRoot(); folder = dirname(folder)) chmodSync(folder, 0o711);
  const runtime = join(root, "n");
  mkdirSync(runtime, { mode: 0o700 });
  chmodSync(coolify.mux, 0o700);
  for (const path of [coolify.mux, runtime, join(root, "keys"), ...readdirSync(join(root, "keys")).map((name) => join(root, "keys", name))])
    chownSync(path, uid, uid);
  const env = { ...coolify.env, PATH: (coolify.env.PATH as string).replace(shimFolder, openShim()), SSHIM_DIR: runtime };
  return (command: string) => run(coolify.side, [...asNobody, "/bin/sh", "-c", command], { program: "setpriv", wholeEnv: env });
}
