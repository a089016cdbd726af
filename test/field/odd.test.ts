/** What is odd, or secret, around a call: a proxy that writes secrets, a disk without inodes, a pipe where a file should be, forbidden system calls, wrong settings. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, renameSync, statSync, writeFileSync } from "node:fs";
import { arch } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { endProcesses, processesOf } from "../support/index.ts";
import { canMount } from "../support/rights.ts";
import { alone, beside, type Field, line, reach, scratch, startField, textOf, toBox } from "./scene.ts";

let field: Field;
let pipe: string;
beforeAll(async () => {
  field = await startField();
  pipe = buildFake("tcp-pipe");
});

const SECRET = "hunter2";
/** Files below a folder that hold the secret, with their modes. */
const holding = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => readFileSync(path, "latin1").includes(SECRET))
    .map((path) => `${path.slice(folder.length + 1)} ${(statSync(path).mode & 0o777).toString(8)}`);

describe("secrets", () => {
  for (const [name, end] of [
    ["what a ProxyCommand writes before it fails is not in the journal, nor shown raw", "exit 1"],
    ["what a ProxyCommand writes before the connection breaks is not in the journal, nor shown raw", "break"],
  ] as const)
    alone(name, async (side) => {
      const through = end === "break" ? `timeout 3 ${pipe} ${field.one.port}` : end;
      const command = side.script("px", `printf 'token=${SECRET} \\033[31m\\n' >&2; ${through}`);
      // Quiet, so that ssh itself adds no last word.
      const words = toBox(side, field, [`ProxyCommand ${command}`, "LogLevel QUIET"]);
      expect((await side.ssh([...words, "sleep 20"])).exitCode).toBe(255);
      expect(textOf(join(side.run, "journal.jsonl"))).not.toContain(SECRET);
      for (const operator of ["why", "log", "report"]) {
        const shown = await side.call("sshim", [operator]);
        expect([operator, shown.stdout.includes(SECRET), shown.stdout.includes("\x1b[31m")]).toEqual([operator, false, false]);
      }
    });

  alone("ps shows no ProxyCommand of a connection whose caller has gone", async (side) => {
    const command = `${side.script("px", `exec ${pipe} ${field.one.port}`)} --token=${SECRET}`;
    expect(line(await side.ssh([`-oProxyCommand=${command}`, ...toBox(side, field), reach]))).toBe("0: one alice");
    const masters = processesOf(side.run).filter(({ pid }) => readlinkSync(`/proc/${pid}/exe`).endsWith("/ssh"));
    expect(masters.length).toBeGreaterThan(0);
    expect(masters.filter(({ command: shown }) => shown.includes(SECRET))).toEqual([]);
    expect(holding(side.run).filter((file) => !file.endsWith(" 600"))).toEqual([]);
  });

  for (const [name, option] of [
    ["no file of ours keeps a SetEnv", `SetEnv=TOKEN=${SECRET}`],
    ["no file of ours keeps a RemoteCommand", `RemoteCommand=echo ${SECRET} > /dev/null`],
  ] as const)
    alone(name, async (side) => {
      const words = option.startsWith("Remote") ? [] : ["true"];
      for (let count = 0; count < 2; count++)
        expect(line(await side.ssh(["-T", `-o${option}`, ...toBox(side, field), ...words]))).toBe("0:");
      expect(holding(side.run)).toEqual([]);
    });
});

describe("a disk without inodes", () => {
  beside(
    "a call is served though the disk of our own files has few inodes left, or none",
    async (side) => {
      const words = [...toBox(side, field), "cat; echo out; exit 3"];
      const seen = [];
      for (let inodes = 1; inodes <= 9; inodes++) {
        const script = `mount -t tmpfs -o nr_inodes=${inodes},mode=700 none "$SSHIM_DIR"; ssh "$@"; code=$?; ssh ${words.slice(0, 3).join(" ")} -O exit 2>/dev/null; exit $code`;
        seen.push(line(await side.call("unshare", ["-m", "/bin/sh", "-c", script, "sh", ...words], { input: "in" })));
      }
      return seen;
    },
    Array(9).fill("3: inout"),
    canMount,
  );
});

describe("a pipe where a file should be", () => {
  const makePipe = (path: string) => {
    execFileSync("mkfifo", [path]);
    return path;
  };
  beside(
    "a call does not wait for a configuration that is a pipe",
    async (side) =>
      line(await side.ssh([...toBox(side, field), reach], { env: { SSHIM_CONFIG: makePipe(side.path("fifo")) }, timeout: 8000 })),
    "0: one alice",
  );
  beside(
    "a call does not wait for a journal that is a pipe",
    async (side) => {
      writeFileSync(side.path("config.toml"), `journal = ${JSON.stringify(makePipe(side.path("fifo")))}\n`);
      return line(await side.ssh([...toBox(side, field), reach], { env: { SSHIM_CONFIG: side.path("config.toml") }, timeout: 8000 }));
    },
    "0: one alice",
  );
  alone("a call does not wait for a file in the runtime directory that is a pipe", async (side) => {
    const words = [...toBox(side, field), reach];
    expect(line(await side.ssh(words))).toBe("0: one alice");
    await endProcesses(processesOf(side.run).map(({ pid }) => pid));
    const files = readdirSync(side.run, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const seen: Record<string, string> = {};
    for (const path of files.map((entry) => join(entry.parentPath, entry.name))) {
      renameSync(path, side.path("kept"));
      makePipe(path);
      seen[path.slice(side.run.length + 1)] = line(await side.ssh(words, { timeout: 6000 }));
      renameSync(side.path("kept"), path);
    }
    expect(seen).toEqual(Object.fromEntries(Object.keys(seen).map((name) => [name, "0: one alice"])));
  });
});

/** Becomes a program that may not make some system calls (by their numbers on x86-64): they fail with EPERM. */
function forbidding(): string {
  const folder = scratch();
  const code = `#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>
int main(int count, char **words)
{
	struct sock_filter filter[64];
	unsigned short at = 0;
	char *next = words[1];
	if (count < 3)
		return 64;
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	while (*next != '\\0' && at < 60) {
		filter[at++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)strtoul(next, &next, 10), 0, 1);
		filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM);
		next += *next == ',';
	}
	filter[at++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = {at, filter};
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		return 71;
	execvp(words[2], words + 2);
	return 127;
}
`;
  writeFileSync(join(folder, "forbid.c"), code);
  execFileSync("cc", ["-o", join(folder, "forbid"), join(folder, "forbid.c")]);
  return join(folder, "forbid");
}

describe("system calls that are forbidden (x86-64)", () => {
  for (const [name, numbers] of [
    ["a call is served where stat is forbidden", "4,6"],
    ["a call is served where access is forbidden", "21,269"],
    ["a call is served where stat and access are forbidden", "4,6,21,269,439"],
  ] as const)
    beside(
      name,
      async (side) => {
        const words = [...toBox(side, field), reach];
        const forbid = forbidding();
        const call = async () => line(await side.call(forbid, [numbers, "ssh", ...words]));
        return [await call(), line(await side.ssh(words)), await call()];
      },
      ["0: one alice", "0: one alice", "0: one alice"],
      arch() === "x64",
    );
});

describe("a wrong setting", () => {
  beside(
    "a call is served though SSHIM_REAL_SSH names nothing",
    async (side) => line(await side.ssh([...toBox(side, field), reach], { env: { SSHIM_REAL_SSH: "/nonexistent/ssh" } })),
    "0: one alice",
  );

  alone("an unclosed quote does not switch on what the same file switches off", async (side) => {
    const file = side.path("config.toml");
    const env = { SSHIM_CONFIG: file };
    const words = [...toBox(side, field), reach];
    for (const text of ['enabled = false\npersist = "1h\n', 'persist = "1h\nenabled = false\n']) {
      writeFileSync(file, text);
      const before = field.one.authentications();
      for (let count = 0; count < 2; count++) expect(line(await side.ssh(words, { env }))).toBe("0: one alice");
      expect(field.one.authentications() - before).toBe(2);
    }
  });
});
