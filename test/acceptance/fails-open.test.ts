/** The front fails open: whatever is broken in the control plane or the runtime directory, the real ssh runs, with nothing of ours printed. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { poll, processesOf, runShim, temporary, visible } from "../support/index.ts";
import { canMount } from "../support/rights.ts";
import { command, expectOpen, folder, run, sshd, whole, words, writeProgram } from "./fails-open-cases.ts";

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
    await poll(() => !processesOf(folder).some(({ command }) => command.includes("sleep 300")), "the end of the hanging control plane");
  });

  it("is gone when a connection is already there: a warm call does not need it", async () => {
    expect((await runShim([...words, "true"], { run })).exitCode).toBe(0);
    const before = sshd.authentications();
    expect((await runShim([...words, "exit 4"], { run })).exitCode).toBe(4);
    expect(sshd.authentications()).toBe(before);
  });
});

describe("what a setting names", () => {
  it("as journal is a pipe that nobody reads", async () => {
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    await expectOpen({ env: { SSHIM_JOURNAL: pipe } }, 2);
  });

  it("the journal of the runtime directory is a pipe that nobody reads", async () => {
    mkdirSync(run, { mode: 0o700 });
    execFileSync("mkfifo", [join(run, "journal.jsonl")]);
    await expectOpen({}, 2);
  });

  it("the configuration is a pipe that nobody writes", async () => {
    mkdirSync(join(folder, ".config/sshim"), { recursive: true });
    execFileSync("mkfifo", [join(folder, ".config/sshim/config.toml")]);
    await expectOpen({ home: folder }, 2);
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
    expect(visible(await runShim(args, { program: "unshare", input: "in", run }))).toEqual(whole);
  }
  it.runIf(canMount)("a disk that is full (as root)", async () => {
    await expectOpenInNamespace(
      'mount -t tmpfs -o size=4k,mode=700 none "$SSHIM_DIR"; head -c 4096 /dev/zero > "$SSHIM_DIR/x" 2>/dev/null',
    );
  });
  it.runIf(canMount)("a disk with room for a few files (as root)", async () => {
    for (const size of ["8k", "12k", "20k"]) await expectOpenInNamespace(`mount -t tmpfs -o size=${size},mode=700 none "$SSHIM_DIR"`);
  });
  it.runIf(canMount)("a disk without inodes (as root)", async () => {
    for (const inodes of [1, 2, 3, 5]) await expectOpenInNamespace(`mount -t tmpfs -o nr_inodes=${inodes},mode=700 none "$SSHIM_DIR"`);
  });
  it.runIf(canMount)("a disk that is read-only (as root)", async () => {
    await expectOpenInNamespace('mount -t tmpfs -o ro,mode=700 none "$SSHIM_DIR"');
  });
});
