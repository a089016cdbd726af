/** The front fails open: whatever is broken around it, the real ssh runs, with nothing of ours printed. */
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  controlPlane,
  poll,
  processesOf,
  type RunOptions,
  runReal,
  runShim,
  type Sshd,
  shimFolder,
  startSshd,
  temporary,
  visible,
} from "../support/index.ts";
import { expectSame, makeGate, shell } from "./cases.ts";

const isRoot = process.getuid?.() === 0;
const sanitized = shimFolder.includes("asan");
let sshd: Sshd;
let words: string[];
let folder: string;
let run: string;
beforeAll(async () => {
  sshd = await startSshd();
  words = [...sshd.options, sshd.host];
  expect(visible(await runReal([...words, command], { input: "in" }))).toEqual(whole);
});
beforeEach(() => {
  folder = temporary();
  run = join(folder, "r");
});

const command = "echo out; echo err >&2; cat; exit 3";

/** What the real ssh makes of the command where nothing is wrong: it is the same in every case. */
const whole = { stdout: "out\nin", stderr: "err\n", exitCode: 3, signal: undefined };

/** The command with stdin, in a runtime directory of its own. */
async function expectOpen(options: RunOptions = {}, times = 1): Promise<void> {
  for (let time = 0; time < times; time++)
    expect(visible(await runShim([...words, command], { input: "in", run, ...options }))).toEqual(whole);
}
/** The same through a shell script that ends in `ssh "$@"`, which may be hard on the real ssh too. */
async function expectOpenInShell(script: string, options: RunOptions = {}): Promise<void> {
  const [args, all] = mix(shell(script, [...words, command]), { input: "in", run, ...options });
  const real = visible(await runReal(args, all));
  expect(visible(await runShim(args, all))).toEqual(real);
}
const mix = ([args, program]: [string[], { program: string }], options: RunOptions): [string[], RunOptions] => [
  args,
  { ...options, ...program },
];

function writeProgram(place: string, text: string, mode = 0o755): string {
  const file = join(place, "control");
  writeFileSync(file, text);
  chmodSync(file, mode);
  return file;
}

describe("the control plane", () => {
  const broken: Record<string, (place: string) => string> = {
    "is missing": (place) => join(place, "nothing-here"),
    "is not executable": (place) => writeProgram(place, "#!/bin/sh\nexit 0\n", 0o644),
    "is a folder": (place) => place,
    "is no program": (place) => writeProgram(place, "\x7fELF nonsense"),
    "has an interpreter that is missing": (place) => writeProgram(place, "#!/nonexistent/interpreter\n"),
    "ends at once and says nothing": (place) => writeProgram(place, "#!/bin/sh\nexit 0\n"),
    "ends with an error": (place) => writeProgram(place, "#!/bin/sh\nexit 1\n"),
    crashes: (place) => writeProgram(place, "#!/bin/sh\nkill -SEGV $$\n"),
    "is killed": (place) => writeProgram(place, "#!/bin/sh\nkill -KILL $$\n"),
    "answers nonsense": (place) => writeProgram(place, "#!/bin/sh\necho nonsense >&3\nsleep 0.1\n"),
    "answers half a line": (place) => writeProgram(place, "#!/bin/sh\nprintf agai >&3\n"),
    "answers an endless line": (place) => writeProgram(place, "#!/bin/sh\nhead -c 300000 /dev/zero | tr '\\0' x >&3\n"),
    "answers NULs": (place) => writeProgram(place, "#!/bin/sh\nhead -c 3000 /dev/zero >&3\n"),
    "says again without end": (place) => writeProgram(place, "#!/bin/sh\necho again >&3\n"),
    "sends a ticket that is none": (place) => writeProgram(place, "#!/bin/sh\nprintf 'ticket 10\\n0123456789again\\n' >&3\n"),
    "sends a shorter ticket than it says": (place) => writeProgram(place, "#!/bin/sh\nprintf 'ticket 1000\\n0123456789' >&3\n"),
    "sends a ticket of four GB": (place) => writeProgram(place, "#!/bin/sh\nprintf 'ticket 4294967296\\nxxx' >&3\n"),
    "sends a ticket of a negative length": (place) => writeProgram(place, "#!/bin/sh\nprintf 'ticket -1\\nxxx' >&3\n"),
    "asks for a lock with a bad name": (place) => writeProgram(place, "#!/bin/sh\nprintf 'lock ../../x 1 1\\nlock\\nlock a b c\\n' >&3\n"),
    "exits with a code that is none": (place) => writeProgram(place, "#!/bin/sh\necho exit 100000 >&3\n"),
    "stops itself after an answer": (place) => writeProgram(place, "#!/bin/sh\necho pass >&3\nkill -STOP $$\n"),
    "forks away and leaves the line open": (place) => writeProgram(place, "#!/bin/sh\n(sleep 0.5) & echo pass >&3\n"),
  };
  for (const [name, make] of Object.entries(broken))
    it.concurrent(name, async () => {
      const place = temporary();
      await expectOpen({ env: { SSHIM_CONTROL: make(place) }, run: join(place, "r") });
    });

  it("hangs: ten seconds, and it does not stay", async () => {
    const program = writeProgram(folder, "#!/bin/sh\nexec sleep 300\n");
    await expectOpen({ env: { SSHIM_CONTROL: program } });
    await poll(
      () => !processesOf(folder).some(({ command }) => command.includes("sleep 300")),
      5000,
      "the end of the hanging control plane",
    );
  });

  it("is gone when a connection is already there: a warm call does not need it", async () => {
    expect((await runShim([...words, "true"], { run })).exitCode).toBe(0);
    const before = sshd.authentications();
    expect((await runShim([...words, "exit 4"], { run })).exitCode).toBe(4);
    expect(sshd.authentications()).toBe(before);
  });
});

describe("the runtime directory", () => {
  const places: Record<string, () => string> = {
    "is a file": () => {
      writeFileSync(run, "");
      return run;
    },
    "is a symlink": () => {
      mkdirSync(join(folder, "target"), { mode: 0o700 });
      symlinkSync(join(folder, "target"), run);
      return run;
    },
    "is open to others": () => {
      mkdirSync(run);
      chmodSync(run, 0o777);
      return run;
    },
    "has no parent": () => join(folder, "a/b/c/d"),
    "is relative": () => "relative/place",
    "is a very long path": () => join(folder, "x".repeat(250), "y".repeat(250)),
    "has a name of odd characters": () => join(folder, "a b%c\n'd\""),
  };
  for (const [name, make] of Object.entries(places))
    it(name, async () => {
      await expectOpen({ run: make() }, 2);
    });
  it("a locks file that is a folder", async () => {
    mkdirSync(join(run, "locks"), { recursive: true, mode: 0o700 });
    await expectOpen();
  });
  it("files where its folders should be", async () => {
    mkdirSync(run, { mode: 0o700 });
    for (const name of ["t", "k"]) writeFileSync(join(run, name), "");
    await expectOpen();
  });
  it("a journal that is a folder", async () => {
    mkdirSync(join(run, "journal.jsonl"), { recursive: true, mode: 0o700 });
    await expectOpen();
  });
  it("a journal that is a full device", async () => {
    mkdirSync(run, { mode: 0o700 });
    symlinkSync("/dev/full", join(run, "journal.jsonl"));
    await expectOpen();
  });

  const inNamespace = (mount: string) => `mkdir -m 700 -p "$SSHIM_DIR"; ${mount}; exec ssh "$@"`;
  async function expectOpenInNamespace(script: string): Promise<void> {
    const args = ["-m", "/bin/sh", "-c", inNamespace(script), "sh", ...words, command];
    expect(visible(await runShim(args, { program: "/usr/bin/unshare", input: "in", run }))).toEqual(whole);
  }
  it.runIf(isRoot)("a disk that is full (as root)", async () => {
    await expectOpenInNamespace(
      'mount -t tmpfs -o size=4k,mode=700 none "$SSHIM_DIR"; head -c 4096 /dev/zero > "$SSHIM_DIR/x" 2>/dev/null',
    );
  });
  it.runIf(isRoot)("a disk with room for a few files (as root)", async () => {
    for (const size of ["8k", "12k", "20k"]) await expectOpenInNamespace(`mount -t tmpfs -o size=${size},mode=700 none "$SSHIM_DIR"`);
  });
  it.runIf(isRoot)("a disk without inodes (as root)", async () => {
    for (const inodes of [1, 2, 3, 5]) await expectOpenInNamespace(`mount -t tmpfs -o nr_inodes=${inodes},mode=700 none "$SSHIM_DIR"`);
  });
  it.runIf(isRoot)("a disk that is read-only (as root)", async () => {
    await expectOpenInNamespace('mount -t tmpfs -o ro,mode=700 none "$SSHIM_DIR"');
  });
});

describe("what surrounds the call", () => {
  it("a current directory that was deleted", async () => {
    await expectOpenInShell(`d=$(mktemp -d ${folder}/XXXXXX); cd "$d"; rmdir "$d"; exec ssh "$@"`);
  });
  it("a current directory that may not be read", async () => {
    await expectOpenInShell(`d=$(mktemp -d ${folder}/XXXXXX); cd "$d"; chmod 0 "$d"; exec ssh "$@"`);
  });
  it.runIf(isRoot && !sanitized)("no /proc (as root; not with sanitizers, which say that they miss it)", async () => {
    await expectSame(["-m", "/bin/sh", "-c", 'umount -l /proc; exec ssh "$@"', "sh", ...words, command], {
      program: "/usr/bin/unshare",
      input: "in",
      run,
    });
  });
  it.runIf(isRoot)("no /dev but its null device (as root)", async () => {
    const script = `mkdir ${folder}/dev-$$; : > ${folder}/null-$$; mount --bind /dev/null ${folder}/null-$$; mount -t tmpfs none /dev; : > /dev/null; mount --bind ${folder}/null-$$ /dev/null; exec ssh "$@"`;
    await expectSame(["-m", "/bin/sh", "-c", script, "sh", ...words, command], { program: "/usr/bin/unshare", input: "in", run });
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
    const call = (program: string, more: string[]) =>
      runShim(["-i", program, ...more], { program: "/usr/bin/env", input: "in", argv0: "env" });
    const real = await call("/usr/bin/ssh", [...args, command]);
    for (let time = 0; time < 2; time++) expect(visible(await call(front, [...args, command]))).toEqual(visible(real));
    expect((await call(front, ["-O", "exit", ...args])).exitCode).toBe(0);
    await poll(() => own.processes().length === 1, 10_000, "the end of its master");
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
    await poll(gate.begun, 15_000, "the remote command");
    const ours = processesOf(run).filter(({ command }) => command.includes(controlPlane));
    expect(ours).toEqual([]);
    gate.open();
    expect((await running).exitCode).toBe(5);
  });
});
