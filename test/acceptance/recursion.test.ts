/** The real ssh is found past ourselves, and a wrapper that calls us again is detected and named instead of running for ever. */
import { chmodSync, copyFileSync, linkSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { fixture, type Result, runReal, runShim, shimFolder, systemPath, temporary, visible } from "../support/index.ts";

const { words } = await fixture();
let folder: string;
const front = join(shimFolder, "ssh");
beforeEach(() => {
  folder = temporary();
});

function place(name: string, make: (file: string) => void): string {
  const directory = join(folder, name);
  mkdirSync(directory);
  make(join(directory, "ssh"));
  return directory;
}
function writeScript(file: string, text: string): void {
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
}
const withPath = (path: string, args: string[]): Promise<Result> => runShim(args, { program: front, env: { PATH: path } });

/** It ends, and either the real ssh ran, or one line names what calls whom. */
function expectNamed(result: Result, name: string): void {
  expect(result.timedOut).toBe(false);
  expect({ exitCode: result.exitCode, stdout: result.stdout.toString() }).toEqual({ exitCode: 255, stdout: "" });
  const lines = result.stderr.toString().trimEnd().split(/\r?\n/);
  expect(lines.length).toBe(1);
  expect(lines[0]).toContain(name);
}

describe("finding the real ssh", () => {
  const links: Record<string, (file: string) => void> = {
    "a symlink to us": (file) => symlinkSync(front, file),
    "a hard link to us": (file) => {
      try {
        linkSync(front, file);
      } catch {
        symlinkSync(front, file);
      }
    },
    "a folder of that name": (file) => mkdirSync(file),
    "a file that is not executable": (file) => writeFileSync(file, "#!/bin/sh\nexit 77\n"),
    "a dangling symlink": (file) => symlinkSync("/nonexistent/ssh", file),
  };
  for (const [name, make] of Object.entries(links))
    it(`goes past ${name}`, async () => {
      const path = `${place("first", make)}:${shimFolder}:${systemPath}`;
      expect(visible(await withPath(path, ["-V"]))).toEqual(visible(await runReal(["-V"])));
      expect((await withPath(path, [...words, "exit 3"])).exitCode).toBe(3);
    });

  it("SSHIM_REAL_SSH names another one", async () => {
    const directory = place("other", (file) => writeScript(file, 'echo "other: $*"'));
    const result = await runShim(["-V", "x"], { env: { SSHIM_REAL_SSH: join(directory, "ssh") } });
    expect(result.stdout.toString()).toBe("other: -V x\n");
  });

  it("a wrapper further on PATH is the real ssh for us, and gets the caller's words", async () => {
    const directory = place("wrapper", (file) => writeScript(file, `echo wrapped >&2; exec /usr/bin/ssh "$@"`));
    const result = await withPath(`${shimFolder}:${directory}:${systemPath}`, ["-V"]);
    expect(result.stderr.toString()).toMatch(/^wrapped\nOpenSSH_/);
  });
});

describe("recursion", () => {
  const wrappers: Record<string, (file: string) => void> = {
    "a wrapper that calls us by path": (file) => writeScript(file, `exec ${front} "$@"`),
    "a wrapper that calls us by path and waits": (file) => writeScript(file, `${front} "$@"`),
    "a wrapper that cleans the environment": (file) => writeScript(file, `exec env -i PATH="$PATH" ${front} "$@"`),
  };
  for (const [name, make] of Object.entries(wrappers))
    it(`${name} is named, for a call that the real ssh would do`, async () => {
      const directory = place("wrapper", make);
      const result = await withPath(`${shimFolder}:${directory}:${systemPath}`, ["-V"]);
      // Where the loop can be left, leaving it is as good as naming it.
      if (result.exitCode === 0) expect(visible(result)).toEqual(visible(await runReal(["-V"])));
      else expectNamed(result, directory);
    });

  it("a wrapper that calls us is named, for a session", async () => {
    const directory = place("wrapper", (file) => writeScript(file, `exec ${front} "$@"`));
    const result = await withPath(`${shimFolder}:${directory}:${systemPath}`, [...words, "-oServerAliveInterval=33", "echo ran; exit 3"]);
    if (result.exitCode === 3) expect(result.stdout.toString()).toBe("ran\n");
    else expectNamed(result, directory);
  });

  it("a wrapper before us on PATH that calls ssh by name past itself is no recursion", async () => {
    const directory = place("wrapper", (file) => writeScript(file, `PATH=${shimFolder}:${systemPath}; exec ssh "$@"`));
    expect((await runShim([...words, "exit 3"], { program: join(directory, "ssh") })).exitCode).toBe(3);
    expect((await runShim(["-V"], { program: join(directory, "ssh") })).exitCode).toBe(0);
  });

  it("two copies of the front on PATH", async () => {
    const copies = ["one", "two"].map((name) =>
      place(name, (file) => {
        copyFileSync(front, file);
        chmodSync(file, 0o755);
      }),
    );
    const result = await withPath(`${copies.join(":")}:${systemPath}`, ["-V"]);
    if (result.exitCode === 0) expect(visible(result)).toEqual(visible(await runReal(["-V"])));
    else expectNamed(result, "ssh");
    const first = await runShim(["-V"], {
      program: join(copies[0] as string, "ssh"),
      env: { PATH: `${copies.join(":")}:${systemPath}` },
    });
    if (first.exitCode === 0) expect(visible(first)).toEqual(visible(await runReal(["-V"])));
    else expectNamed(first, copies[1] as string);
  });

  it("SSHIM_REAL_SSH that is ourselves is named", async () => {
    const result = await runShim(["-V"], { env: { SSHIM_REAL_SSH: front } });
    if (result.exitCode === 0) expect(visible(result)).toEqual(visible(await runReal(["-V"])));
    else expectNamed(result, front);
  });
});
