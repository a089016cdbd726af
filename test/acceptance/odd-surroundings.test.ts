/** The front fails open: whatever is odd about the process that calls it, the real ssh's bytes come out, with nothing of ours printed. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectSame, shell } from "../support/compare.ts";
import { controlPlane, makeGate, poll, processesOf, runShim, shimFolder, startSshd, visible } from "../support/index.ts";
import { canMount } from "../support/rights.ts";
import { command, expectOpen, expectOpenInShell, folder, mix, run, sanitized, sshd, whole, words } from "./fails-open-cases.ts";

describe("what surrounds the call", () => {
  it("a current directory that was deleted", async () => {
    await expectOpenInShell(`d=$(mktemp -d ${folder}/XXXXXX); cd "$d"; rmdir "$d"; exec ssh "$@"`);
  });
  it("a current directory that may not be read", async () => {
    await expectOpenInShell(`d=$(mktemp -d ${folder}/XXXXXX); cd "$d"; chmod 0 "$d"; exec ssh "$@"`);
  });
  it.runIf(canMount && !sanitized)("no /proc (as root; not with sanitizers, which say that they miss it)", async () => {
    await expectSame(["-m", "/bin/sh", "-c", 'umount -l /proc; exec ssh "$@"', "sh", ...words, command], {
      program: "unshare",
      input: "in",
      run,
    });
  });
  it.runIf(canMount)("no /dev but its null device (as root)", async () => {
    const script = `mkdir ${folder}/dev-$$; : > ${folder}/null-$$; mount --bind /dev/null ${folder}/null-$$; mount -t tmpfs none /dev; : > /dev/null; mount --bind ${folder}/null-$$ /dev/null; exec ssh "$@"`;
    await expectSame(["-m", "/bin/sh", "-c", script, "sh", ...words, command], { program: "unshare", input: "in", run });
  });
  for (const closed of ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
    it(`closed descriptors: ${closed}`, async () => {
      await expectOpenInShell(`exec ssh "$@" ${closed}`);
    });
  for (const [what, limit] of [
    ...[4, 5, 6, 8, 12, 24].map((count) => [`at most ${count} descriptors`, `ulimit -n ${count}`] as const),
    ["files of no bytes", "ulimit -f 0"],
    ["files of 512 bytes", "ulimit -f 1"],
    ["no core files and a small stack", "ulimit -c 0; ulimit -s 256"],
    ["a second of processor time", "ulimit -t 5"],
  ] as const)
    it(`limits: ${what}`, async () => {
      // The script's own redirections would count against the limit, so ssh replaces the shell.
      await expectOpenInShell(`${limit}; exec ssh "$@"`);
    });
  for (const kilobytes of [60_000, 200_000, 2_000_000])
    it.skipIf(sanitized)(`limits: ${kilobytes} KB of address space (not with sanitizers, which need more)`, async () => {
      await expectOpenInShell(`ulimit -v ${kilobytes}; exec ssh "$@"`);
    });
  for (const option of [
    "--ignore-signal=CHLD",
    "--block-signal=CHLD",
    "--ignore-signal=PIPE",
    "--block-signal=TERM",
    "--block-signal",
    "--ignore-signal",
  ])
    it(`signals as a caller may leave them: env ${option}`, async () => {
      await expectOpenInShell(`exec env ${option} ssh "$@"`);
    });
  it("a umask that takes everything, and one that takes nothing", async () => {
    for (const mask of ["0777", "0000", "0277"]) await expectOpenInShell(`umask ${mask}; exec ssh "$@"`, { run: join(folder, `r${mask}`) });
  });
  it("a PATH that is empty, unset, or holds no other ssh", async () => {
    const front = join(shimFolder, "ssh");
    for (const path of ["PATH=", "-u PATH", `PATH=${shimFolder}`, "PATH=/nonexistent:", "PATH=:.:relative"]) {
      const result = await runShim(
        ...mix(shell(`exec /usr/bin/env ${path} ${front} "$@"`, [...words, command]), { input: "in", run, cwd: folder }),
      );
      expect({ path, ...visible(result) }).toEqual({ path, ...whole });
    }
  });
  it("an environment of nothing at all", async () => {
    const front = join(shimFolder, "ssh");
    const own = await startSshd();
    const args = [...own.options, own.host];
    const call = (program: string, more: string[]) => runShim(["-i", program, ...more], { program: "env", input: "in", argv0: "env" });
    const real = await call("/usr/bin/ssh", [...args, command]);
    for (let time = 0; time < 2; time++) expect(visible(await call(front, [...args, command]))).toEqual(visible(real));
    expect((await call(front, ["-O", "exit", ...args])).exitCode).toBe(0);
    await poll(() => own.processes().length === 1, "the end of its master");
    // Without a word about it our directory is the one in /tmp, which others may use at this moment: only what names this server goes again.
    const keys = `/tmp/sshim-${process.getuid?.()}/k`;
    for (const key of readdirSync(keys)) {
      const files = readdirSync(join(keys, key)).map((name) => join(keys, key, name));
      if (files.some((file) => statSync(file).isFile() && readFileSync(file, "latin1").includes(`:${own.port}`)))
        rmSync(join(keys, key), { recursive: true });
    }
  });
  it("thousands of variables, and one of 100 KB", async () => {
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`V${index}`, `value ${index}`]));
    await expectOpen({ env: { ...many, BIG: "x".repeat(100_000), SSHIM_BIG: undefined } });
    await expectOpen({ env: { SSHIM_BIG: "x".repeat(20_000) } });
  });
  it("an argv[0] of nothing, of a path and of another name", async () => {
    for (const argv0 of ["", "/somewhere/else/ssh", "slogin", "-ssh"]) await expectOpen({ argv0 });
  });
  it("more options than a ticket holds", async () => {
    const patterns = Array.from({ length: 60 }, (_, index) => `PATTERN_${index}_*`);
    await expectSame(["-o", `SendEnv=${patterns.join(" ")}`, ...words, "echo $PATTERN_59_X"], { run, env: { PATTERN_59_X: "arrived" } });
    const variables = Array.from({ length: 60 }, (_, index) => `-oSetEnv=S${index}=${index}`);
    await expectSame([...variables, ...words, "echo $S0 $S59"], { run });
    mkdirSync(join(folder, "conf.d"));
    for (let index = 0; index < 600; index++) writeFileSync(join(folder, "conf.d", `${index}.conf`), `# ${index}\n`);
    const file = join(folder, "config");
    writeFileSync(file, `Include ${folder}/conf.d/*.conf\nInclude ${sshd.configFile}\n`);
    await expectSame(["-F", file, sshd.host, "echo x; exit 3"], { run });
    await expectSame([...words, "-o", `User=${"u".repeat(17_000)}`, "-o", "BatchMode=yes", "true"], { run });
  });
  it("while the caller's session goes on, nothing of ours but the master is left", async () => {
    const gate = makeGate();
    const running = runShim([...words, gate.command], { run });
    await poll(gate.begun, "the remote command");
    const ours = processesOf(run).filter(({ command }) => command.includes(controlPlane));
    expect(ours).toEqual([]);
    gate.open();
    expect((await running).exitCode).toBe(5);
  });
});
