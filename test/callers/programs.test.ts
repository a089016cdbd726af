/** Other programs that start ssh: sshpass, borg, tar through a pipe, a pager, and an interactive terminal whose size changes. */
import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { onBothSides, onSide, visibleIn, wholeSize } from "../support/both-sides.ts";
import { findProgram, fixture, makeGate, poll, scratch, shellQuote, tree, visible } from "../support/index.ts";

const { sshd } = await fixture();
let quoted: string;
beforeAll(async () => {
  quoted = sshd.options.map(shellQuote).join(" ");
});

describe.skipIf(!findProgram("sshpass"))("sshpass", () => {
  it("answers the prompt of the one dial; later calls need no answer", async () => {
    const key = join(scratch(), "key");
    execFileSync("cp", ["-p", sshd.keyFile, key]);
    execFileSync("ssh-keygen", ["-q", "-p", "-N", "secret", "-f", key]);
    const ssh = ["ssh", ...sshd.options, "-o", "IdentityAgent=none", "-o", "IdentityFile=none", "-i", key, "target"];
    const { real, shim, authentications, withoutShim } = await onBothSides(sshd, async (side) => {
      const results = [];
      for (const command of ["echo one; exit 5", "cat", "echo two >&2"])
        results.push(await side.run("sshpass", ["-P", "passphrase", "-p", "secret", ...ssh, command], { input: "in\n" }));
      return results.map(visible);
    });
    expect(shim).toEqual(real);
    expect(shim.map(({ exitCode }) => exitCode)).toEqual([5, 0, 0]);
    expect([withoutShim, authentications]).toEqual([3, 1]);
  });

  it("gives the real one's code and words for a wrong answer", async () => {
    const key = join(scratch(), "key");
    execFileSync("cp", ["-p", sshd.keyFile, key]);
    execFileSync("ssh-keygen", ["-q", "-p", "-N", "secret", "-f", key]);
    const plain = [
      "-F",
      "/dev/null",
      "-o",
      `UserKnownHostsFile=${sshd.knownHosts}`,
      "-o",
      "IdentityAgent=none",
      "-o",
      "IdentitiesOnly=yes",
    ];
    const ssh = ["ssh", ...plain, "-i", key, "-o", "NumberOfPasswordPrompts=1", "-p", String(sshd.port), `${sshd.user}@127.0.0.1`, "true"];
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => {
      const result = await side.run("sshpass", ["-P", "passphrase", "-p", "wrong", ...ssh]);
      return { ...visible(result), stdout: "" };
    });
    expect(shim).toEqual(real);
    expect(authentications).toBe(0);
  });
});

describe.skipIf(!findProgram("borg"))("borg", () => {
  it("makes a repository, backs up, lists and restores over one connection", async () => {
    const { real, shim, authentications, withoutShim } = await onBothSides(sshd, async (side) => {
      const source = join(side.folder, "source");
      mkdirSync(source);
      for (let file = 0; file < 50; file++) writeFileSync(join(source, `f${file}`), `${file}\n`.repeat(1000));
      const repository = `ssh://target${side.folder}/repository`;
      const env = {
        BORG_RSH: `ssh ${quoted}`,
        BORG_BASE_DIR: join(side.folder, "base"),
        BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK: "yes",
        BORG_RELOCATED_REPO_ACCESS_IS_OK: "yes",
        PYTHONDONTWRITEBYTECODE: "1",
      };
      await side.succeed("borg", ["init", "--encryption", "none", repository], { env });
      await side.succeed("borg", ["create", `${repository}::one`, "source"], { env });
      const listing = ["list", "--format", "{mode} {size} {path}{NL}", `${repository}::one`];
      const list = wholeSize ? await side.succeed("borg", listing, { env }) : undefined;
      mkdirSync(join(side.folder, "back"));
      await side.succeed("borg", ["extract", `${repository}::one`], { env, cwd: join(side.folder, "back") });
      const missing = wholeSize ? visibleIn(side, await side.run("borg", ["list", `${repository}::two`], { env })) : undefined;
      return { list: list && visible(list), files: tree(join(side.folder, "back")), missing };
    });
    expect(Object.keys(shim.files)).toHaveLength(51);
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
    expect(withoutShim).toBe(wholeSize ? 5 : 3);
  });
});

describe("pipes and terminals", () => {
  it("tar through a pipe, with pipefail", async () => {
    const script = `set -o pipefail; mkdir a b; seq 5000 >a/x; tar cf - a | ssh ${quoted} target 'gzip -c' | gunzip | tar xf - -C b; echo $?; ssh ${quoted} target 'exit 7' | cat; echo $?`;
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => ({
      ...visible(await side.run("bash", ["-c", script])),
      files: tree(side.folder),
    }));
    expect(shim).toEqual(real);
    expect(shim.stdout).toBe("0\n7\n");
    expect(authentications).toBe(1);
  });

  it("a reader that leaves early ends the command without a word", async () => {
    const script = `ssh ${quoted} target 'seq 1000000' | head -3`;
    const { real, shim } = await onBothSides(sshd, async (side) => visible(await side.run("sh", ["-c", script])));
    expect(shim).toEqual(real);
    expect(shim).toMatchObject({ stdout: "1\n2\n3\n", stderr: "", exitCode: 0 });
  });

  it("a loop that reads its list from stdin keeps it with -n", async () => {
    const script = `printf '%s\\n' a b c | while read -r x; do ssh -n ${quoted} target "echo $x"; done`;
    const { real, shim } = await onBothSides(sshd, async (side) => visible(await side.run("sh", ["-c", script])));
    expect(shim).toEqual(real);
    expect(shim.stdout).toBe("a\nb\nc\n");
  });

  it.skipIf(!findProgram("less"))("ssh host command | less shows its pages and gives the terminal back", async () => {
    const { real, shim } = await onBothSides(sshd, async (side) => {
      const terminal = startOnTerminal(side.name, ["-c", `ssh ${quoted} target 'seq 1000' | less -X; stty -a | grep -o '[-]*icanon'`], {
        program: "/bin/sh",
        argv0: "sh",
        run: side.runtime,
        home: sshd.home,
        env: { LESS: "", TERM: "xterm" },
      });
      await terminal.shows("\n22\r");
      terminal.type("G");
      await terminal.shows("1000");
      terminal.type("q");
      const end = await terminal.ended;
      return { end, last: terminal.shown().split("\r\n").at(-2), modes: terminal.modes().at(-1) === terminal.modes()[0] };
    });
    expect(shim).toEqual(real);
    expect(shim).toMatchObject({ end: "exit 0", modes: true });
    expect(shim.last).toContain("icanon");
  });

  it("ssh -t follows the window's size and gives the terminal back", async () => {
    const { real, shim } = await onBothSides(sshd, async (side) => {
      const options = { argv0: "ssh", run: side.runtime, home: sshd.home };
      const remote = "stty -echo; trap 'stty size' WINCH; echo ready; until read -t 0.1 -r x; do :; done; exit 6";
      const terminal = startOnTerminal(side.name, ["-t", ...sshd.options, "target", `exec bash -c ${shellQuote(remote)}`], options);
      await terminal.shows("ready");
      terminal.order("resize 50 120");
      await terminal.shows("50 120");
      terminal.type("go\n");
      const end = await terminal.ended;
      return { end, shown: terminal.shown(), modes: terminal.modes().at(-1) === terminal.modes()[0] };
    });
    expect(shim).toEqual(real);
    expect(shim).toMatchObject({ end: "exit 6", modes: true });
  });

  it("one long session with several short ones beside it", async () => {
    const [results, cost] = await onSide("shim", sshd, async (side) => {
      const gate = makeGate("echo long");
      const long = side.run("ssh", [...sshd.options, "target", gate.command]);
      await poll(gate.begun, "the long session");
      const short = await Promise.all([1, 2, 3, 4].map((n) => side.run("ssh", [...sshd.options, "target", `exit ${n}`])));
      gate.open();
      return [...short, await long].map(({ exitCode }) => exitCode);
    });
    expect(results).toEqual([1, 2, 3, 4, 0]);
    expect(cost).toBe(1);
  });
});
