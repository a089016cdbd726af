/** Deployer, by its shapes: an argv without a shell, the script on stdin, -A, its own ControlPath (with CI and without), rsync, five workers at once. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { onBothSides, onSide, type Side, visibleIn } from "../support/both-sides.ts";
import { endProcesses, poll, realProgram, type Sshd, scratch, shimProgram, startSshd, tree, visible } from "../support/index.ts";

let hosts: Sshd[];
let agent: { socket: string; pid: number };
const first = () => hosts[0] as Sshd;

beforeAll(async () => {
  hosts = await Promise.all([1, 2, 3, 4, 5].map((n) => startSshd({ host: `h${n}` })));
  const socket = join(scratch(), "agent");
  const child = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  agent = { socket, pid: child.pid as number };
  await poll(() => existsSync(socket), "the agent");
  for (const { keyFile } of hosts)
    execFileSync("ssh-add", ["-q", keyFile], { env: { ...process.env, SSH_AUTH_SOCK: socket }, stdio: "ignore" });
});
afterAll(() => endProcesses([agent.pid]));

/** The options of Deployer v8: `controlPath` in the place that it chooses. */
function optionsFor(host: Sshd, controlPath: string, config = host.configFile): string[] {
  const sharing = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", `ControlPath=${controlPath}`];
  return ["-p", String(host.port), "-F", config, "-i", host.keyFile, "-A", ...sharing];
}

const destination = (host: Sshd) => `${host.user}@${host.host}`;

/** One `run()` of a recipe. */
function runTask(side: Side, host: Sshd, controlPath: string, script: string, id: string) {
  const args = [...optionsFor(host, controlPath), destination(host), `: id$${id}; bash -ls`];
  return side.run("ssh", args, { input: script, env: { SSH_AUTH_SOCK: agent.socket } });
}

describe("Deployer", () => {
  it.each([
    ["in its own folder without CI", {}],
    ["beside /dev/shm with CI", { CI: "1" }],
  ])("runs a recipe's commands, a failing one too, %s", async (_, env) => {
    const { real, shim, authentications, withoutShim } = await onBothSides(
      first(),
      async (side) => {
        const path = `${side.folder}/root@h1:${first().port}`;
        const scripts = [
          "echo one",
          "cd /tmp && pwd",
          "echo $SSHIM_DIR$CI; exit 12",
          'test -S "$SSH_AUTH_SOCK" && ssh-add -l | wc -l',
          "cat <<'E'\na $b\nE",
        ];
        const results = [];
        for (const [index, script] of scripts.entries())
          results.push(visibleIn(side, await runTask(side, first(), path, script, `5f${index}`)));
        return { results, foreign: readdirSync(side.folder).filter((name) => name !== `root@h1:${first().port}`) };
      },
      env,
    );
    expect(shim).toEqual(real);
    expect(shim.results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 12, 0, 0]);
    expect(shim.results[3]?.stdout).toBe("5\n");
    expect([withoutShim, authentications]).toEqual([1, 1]);
  });

  it("sends a release with rsync over the same connection", async () => {
    const { real, shim, authentications } = await onBothSides(first(), async (side) => {
      const path = `${side.folder}/cp`;
      await runTask(side, first(), path, `mkdir -p ${side.folder}/releases/1`, "60");
      writeFileSync(join(side.folder, "index.php"), "<?php\n");
      const shell = `ssh ${optionsFor(first(), path).join(" ")}`;
      const words = ["-az", "-e", shell, "index.php", `${destination(first())}:${side.folder}/releases/1/`];
      const result = await side.succeed("rsync", words, { env: { SSH_AUTH_SOCK: agent.socket } });
      return { ...visible(result), files: tree(join(side.folder, "releases")) };
    });
    expect(shim).toEqual(real);
    expect(shim.files["1/index.php"]).toContain("<?php");
    expect(authentications).toBe(1);
  });

  it("expands the tilde of its ControlPath as ssh does", async () => {
    const { real, shim } = await onBothSides(first(), async (side) => {
      const args = ["-G", ...optionsFor(first(), "~/.ssh/user@host:port"), destination(first())];
      return /^controlpath .*$/m.exec((await side.succeed("ssh", args)).stdout.toString())?.[0];
    });
    expect(shim).toBe(real);
  });

  it("gives a person a shell on a terminal (dep ssh), unshared options and all", async () => {
    const results = [];
    for (const side of ["real", "shim"] as const) {
      const args = ["-t", "-p", String(first().port), "-F", first().configFile, "-A", destination(first()), "cd /tmp; exec sh -i"];
      const terminal = startOnTerminal(side, args, {
        program: side === "real" ? realProgram : shimProgram,
        env: { SSH_AUTH_SOCK: agent.socket },
        home: first().home,
      });
      await poll(() => /[#$] $/.test(terminal.shown()), "the prompt");
      terminal.type("pwd; test -S $SSH_AUTH_SOCK && exit 21\n");
      results.push({ end: await terminal.ended, there: terminal.shown().includes("\r\n/tmp\r\n") });
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[0]).toEqual({ end: "exit 21", there: true });
  });

  it("five workers at once, twelve commands each: five authentications, nothing lost", async () => {
    const before = hosts.map((host) => host.authentications());
    const [codes] = await onSide("shim", first(), async (side) => {
      const work = async (host: Sshd) => {
        const results = [];
        for (let n = 0; n < 12; n++)
          results.push(
            await runTask(side, host, `${side.folder}/root@${host.host}:22`, `echo ${n} >>${side.folder}/${host.host}; exit ${n}`, `7${n}`),
          );
        return results.map(({ exitCode, stderr }) => `${exitCode}${stderr}`).join(" ");
      };
      const results = await Promise.all(hosts.map(work));
      const ledgers = hosts.map(({ host }) => readFileSync(join(side.folder, host), "utf8").split("\n").filter(Boolean).join(" "));
      return [...results, ...ledgers];
    });
    expect(new Set(codes)).toEqual(new Set(["0 1 2 3 4 5 6 7 8 9 10 11"]));
    expect(hosts.map((host, index) => host.authentications() - (before[index] ?? 0))).toEqual([1, 1, 1, 1, 1]);
  });

  it("does not give one caller's agent to another", async () => {
    const [results, cost] = await onSide("shim", first(), async (side) => {
      const show = (socket: string | undefined) =>
        side.run("ssh", [...first().options, "-A", "h1", "ssh-add -l 2>/dev/null | wc -l"], { env: { SSH_AUTH_SOCK: socket } });
      return [await show(agent.socket), await show(undefined), await show(agent.socket)].map((result) => result.stdout.toString().trim());
    });
    expect(results).toEqual(["5", "0", "5"]);
    expect(cost).toBe(2);
  });
});
