/** Which machine a call reaches, when what decides it changes between two calls that look alike: a jump host, a proxy, a name, a file. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { alone, beside, date, type Field, line, reach, type Side, scratch, startField, writeConfig } from "./scene.ts";

let field: Field;
let pipe: string;
beforeAll(async () => {
  field = await startField();
  pipe = buildFake("tcp-pipe");
});

/** The machine that took the connection of one call, beside what the call showed: a jump host says nothing of itself. */
async function through(side: Side, words: readonly string[]): Promise<string> {
  const [one, two] = [field.one.connections(), field.two.connections()];
  const shown = line(await side.ssh([...words, reach]));
  return `${shown}, ${field.one.connections() - one} of one, ${field.two.connections() - two} of two`;
}

describe("a jump host's own configuration", () => {
  /** `target` is machine one behind `jump`; the blocks say where and as whom `jump` is reached. */
  const configure = (side: Side, blocks: readonly string[]) =>
    writeConfig(side.path("config"), field, ["Host target", `  Port ${field.one.port}`, "  ProxyJump jump", ...blocks]);
  const told = ["0: one alice, 2 of one, 0 of two", "0: one alice, 1 of one, 1 of two"];

  beside(
    "a jump host that leads elsewhere since its HostName or Port changed",
    async (side) => {
      const seen = [];
      for (const { port } of [field.one, field.two]) {
        configure(side, ["Host jump", `  Port ${port}`]);
        seen.push(await through(side, ["-F", side.path("config"), "target"]));
      }
      return seen;
    },
    told,
  );

  beside(
    "a jump host whose Match exec answers otherwise",
    async (side) => {
      const test = `Match host jump exec "test -e ${side.path("two")}"`;
      configure(side, [test, `  Port ${field.two.port}`, "Host jump", `  Port ${field.one.port}`]);
      const words = ["-F", side.path("config"), "target"];
      const first = await through(side, words);
      writeFileSync(side.path("two"), "");
      return [first, await through(side, words)];
    },
    told,
  );

  beside(
    "a jump host before the jump host that leads elsewhere",
    async (side) => {
      const seen = [];
      for (const { port } of [field.one, field.two]) {
        configure(side, ["Host jump", "  ProxyJump first", `  Port ${field.one.port}`, "Host first", `  Port ${port}`]);
        seen.push(await through(side, ["-F", side.path("config"), "target"]));
      }
      return seen;
    },
    ["0: one alice, 3 of one, 0 of two", "0: one alice, 2 of one, 1 of two"],
  );

  beside(
    "a jump host whose identity file was replaced",
    async (side) => {
      configure(side, ["Host jump", `  Port ${field.two.port}`, `  IdentityFile ${side.path("id")}`]);
      const seen = [];
      for (const key of [field.keys.alice, field.keys.bob]) {
        copyFileSync(key, side.path("id"));
        seen.push(await through(side, ["-F", side.path("config"), "target"]));
      }
      return seen;
    },
    ["0: one alice, 1 of one, 1 of two", "0: one alice, 1 of one, 1 of two"],
  );
});

describe("a ProxyCommand", () => {
  const configure = (side: Side, command: string, more: readonly string[] = []) =>
    writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", `  ProxyCommand ${command}`, ...more]);
  const call = async (side: Side, env: Record<string, string> = {}, cwd = side.folder) =>
    line(await side.ssh(["-F", side.path("config"), "box", reach], { env, cwd }));
  /** A script that leads to the machine that a word names; the word is an expression of the shell. */
  const leads = (word: string) => `case ${word} in *two*) exec ${pipe} ${field.two.port};; *) exec ${pipe} ${field.one.port};; esac`;
  const told = ["0: one alice", "0: two alice", "0: one alice"];

  beside(
    "a ProxyCommand whose script reads a variable",
    async (side) => {
      configure(side, `${side.script("px", leads('"$AWS_PROFILE"'))} %h %p`);
      return [await call(side, { AWS_PROFILE: "one" }), await call(side, { AWS_PROFILE: "two" }), await call(side, { AWS_PROFILE: "one" })];
    },
    told,
  );

  beside(
    "a ProxyCommand that is found by PATH",
    async (side) => {
      configure(side, "px %h %p");
      for (const name of ["one", "two"]) {
        mkdirSync(side.path(name));
        side.script(`${name}/px`, leads(name));
      }
      const at = (name: string) => call(side, { PATH: `${side.path(name)}:${side.env().PATH}` });
      return [await at("one"), await at("two"), await at("one")];
    },
    told,
  );

  beside(
    "a ProxyCommand that is found in HOME",
    async (side) => {
      configure(side, "~/px %h %p");
      for (const name of ["one", "two"]) {
        mkdirSync(side.path(name));
        side.script(`${name}/px`, leads(name));
      }
      const at = (name: string) => call(side, { HOME: side.path(name) });
      return [await at("one"), await at("two"), await at("one")];
    },
    told,
  );

  beside(
    "a ProxyCommand whose script was edited",
    async (side) => {
      const seen = [];
      for (const name of ["one", "two", "one"]) {
        configure(side, `${side.script("px", leads(name))} %h %p`);
        date(side.path("config"));
        seen.push(await call(side));
      }
      return seen;
    },
    told,
  );

  // What numbers the jobs of make, xargs and parallel, the steps of a CI, or what a terminal sets, decides nothing.
  alone("a ProxyCommand's terminals, jobs of one make and steps of one CI job share a connection", async (side) => {
    configure(side, `${side.script("px", leads("one"))} %h %p`);
    const before = field.one.authentications();
    for (const env of [
      {},
      { TERM: "screen", COLUMNS: "80", LINES: "24", SHLVL: "3", WINDOWID: "7", SSH_TTY: "/dev/pts/7" },
      { MAKELEVEL: "1", MAKEFLAGS: " -j50 --jobserver-auth=3,4", MFLAGS: "-j50" },
      { PARALLEL_SEQ: "7", PARALLEL_PID: "77", PARALLEL_JOBSLOT: "3" },
      { GITHUB_ACTION: "__run_2", GITHUB_STEP_SUMMARY: "/tmp/step_2", GITHUB_OUTPUT: "/tmp/output_2", GITHUB_ENV: "/tmp/env_2" },
      { OLDPWD: "/", PWD: "/", _: "/usr/bin/env" },
    ] as Record<string, string>[])
      expect(await call(side, env)).toBe("0: one alice");
    expect(field.one.authentications() - before).toBe(1);
  });
});

/** A library that leads ssh's connections to one port to another one, as torsocks and proxychains do to a proxy. */
function redirecting(from: number, to: number): string {
  const folder = scratch();
  const code = `#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>
int connect(int fd, const struct sockaddr *address, socklen_t length)
{
	struct sockaddr_in other;
	if (address->sa_family == AF_INET && ((const struct sockaddr_in *)address)->sin_port == htons(${from})) {
		other = *(const struct sockaddr_in *)address;
		other.sin_port = htons(${to});
		address = (const struct sockaddr *)&other;
	}
	return (int)syscall(SYS_connect, fd, address, length);
}
`;
  writeFileSync(join(folder, "connect.c"), code);
  execFileSync("cc", ["-shared", "-fPIC", "-o", join(folder, "connect.so"), join(folder, "connect.c")]);
  return join(folder, "connect.so");
}

describe("a library before the others (LD_PRELOAD)", () => {
  const play = async (side: Side, order: readonly boolean[]) => {
    const config = writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`]);
    const library = redirecting(field.one.port, field.two.port);
    const seen = [];
    for (const through of order)
      seen.push(line(await side.ssh(["-F", config, "box", reach], { env: through ? { LD_PRELOAD: library } : {} })));
    return seen;
  };
  beside("a library in LD_PRELOAD that leads through a proxy, after a direct call", (side) => play(side, [false, true]), [
    "0: one alice",
    "0: two alice",
  ]);
  beside("a direct call after one with a library in LD_PRELOAD that leads through a proxy", (side) => play(side, [true, false]), [
    "0: two alice",
    "0: one alice",
  ]);
});

describe("a file that was replaced", () => {
  beside(
    "an ssh_config that was replaced by one of equal size and times",
    async (side) => {
      const seen = [];
      for (const { port } of [field.one, field.two, field.one]) {
        const config = writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", `  Port ${port}`]);
        date(config);
        seen.push(line(await side.ssh(["-F", config, "box", reach])));
      }
      return seen;
    },
    ["0: one alice", "0: two alice", "0: one alice"],
  );

  beside(
    "an identity file that was replaced by one of equal size and times",
    async (side) => {
      const config = writeConfig(
        side.path("config"),
        field,
        ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`],
        side.path("id"),
      );
      const seen = [];
      for (const key of [field.keys.alice, field.keys.bob, field.keys.alice]) {
        copyFileSync(key, side.path("id"));
        date(side.path("id"));
        seen.push(line(await side.ssh(["-F", config, "box", reach])));
      }
      return seen;
    },
    ["0: one alice", "0: one bob", "0: one alice"],
  );
});
