/** Blocks of ssh_config that depend on where and for what ssh is called: Match exec on the working directory, Match sessiontype; the first call counts. */
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { alone, beside, type Field, line, reach, type Side, startField, textOf, writeConfig } from "./scene.ts";

let field: Field;
let pipe: string;
beforeAll(async () => {
  field = await startField();
  pipe = buildFake("tcp-pipe");
});

/** A working directory below the scene's folder. */
function directory(side: Side, name: string): string {
  mkdirSync(side.path(name), { recursive: true });
  return side.path(name);
}

describe("Match exec on the working directory, at the first call of all", () => {
  /** The call is made in a directory with a file `.two`; the block that asks for it has these lines. */
  const configure = (side: Side, lines: readonly string[], test = "test -f .two") => {
    writeFileSync(join(directory(side, "d"), ".two"), "");
    return writeConfig(side.path("config"), field, [
      `Match host box exec "${test}"`,
      ...lines.map((text) => `  ${text}`),
      "Host box",
      "  HostKeyAlias box",
      `  Port ${field.one.port}`,
    ]);
  };
  const call = async (side: Side, words: readonly string[]) => line(await side.ssh([...words, "box", reach], { cwd: side.path("d") }));
  const toTwo = () => [`Port ${field.two.port}`];

  beside("Match exec on a file here, with a Port", (side) => call(side, ["-F", configure(side, toTwo())]), "0: two alice");
  beside(
    "Match exec on a file here, with an IdentityFile",
    (side) => call(side, ["-F", configure(side, [`IdentityFile ${field.keys.bob}`])]),
    "0: one bob",
  );
  beside(
    "Match exec on a file here, with a User",
    (side) => call(side, ["-oBatchMode=yes", "-F", configure(side, ["User nobody-of-that-name"])]),
    expect.stringMatching(/^255: ! nobody-of-that-name@127\.0\.0\.1: Permission denied/),
  );
  beside("Match exec on pwd", (side) => call(side, ["-F", configure(side, toTwo(), "pwd | grep -q /d$")]), "0: two alice");
  beside(
    "Match exec on $PWD",
    (side) => call(side, ["-F", configure(side, toTwo(), "case $PWD in */d) ;; *) false;; esac")]),
    "0: two alice",
  );
  beside(
    "Match !exec on a file here",
    (side) => {
      writeFileSync(join(directory(side, "d"), ".two"), "");
      const lines = [
        `Match host box !exec "test -f .two"`,
        `  Port ${field.one.port}`,
        "Host box",
        "  HostKeyAlias box",
        `  Port ${field.two.port}`,
      ];
      return call(side, ["-F", writeConfig(side.path("config"), field, lines)]);
    },
    "0: two alice",
  );
  beside(
    "Match exec on a file here, in an included file",
    (side) => {
      const inner = configure(side, toTwo());
      copyFileSync(inner, side.path("included"));
      writeFileSync(inner, `Include ${side.path("included")}\n`);
      return call(side, ["-F", inner]);
    },
    "0: two alice",
  );
  beside(
    "Match exec on a file here, at the caller's own ControlPath",
    (side) =>
      call(side, ["-oControlMaster=auto", "-oControlPersist=60", `-oControlPath=${side.path("s")}`, "-F", configure(side, toTwo())]),
    "0: two alice",
  );
  beside(
    "Match exec on a file here, for a master that the caller makes",
    async (side) => {
      const words = ["-S", side.path("s"), "-F", configure(side, toTwo())];
      const made = line(await side.ssh(["-fNM", ...words, "box"], { cwd: side.path("d") }));
      return [made, await call(side, words)];
    },
    ["0:", "0: two alice"],
  );
  beside(
    "a call with another port goes there after Match exec on a file here",
    async (side) => {
      const config = configure(side, toTwo());
      return [
        await call(side, ["-F", config]),
        await call(side, ["-F", config, "-p", String(field.two.port)]),
        await call(side, ["-F", config, "-p", String(field.one.port)]),
      ];
    },
    ["0: two alice", "0: two alice", "0: one alice"],
  );
});

const newer = process.env.SSHIM_NEWER_SSH;

describe("Match sessiontype (OpenSSH 10 and newer; SSHIM_NEWER_SSH names one)", () => {
  const call = async (side: Side, type: string, lines: readonly string[], words: readonly string[]) => {
    const config = writeConfig(side.path("config"), field, [
      `Match host box sessiontype ${type}`,
      ...lines.map((text) => `  ${text}`),
      "Host box",
      "  HostKeyAlias box",
      `  Port ${field.one.port}`,
    ]);
    const options = side.name === "real" ? { program: newer ?? "" } : { env: { SSHIM_REAL_SSH: newer } };
    return line(await side.ssh(["-F", config, ...words], { ...options, input: "echo $WHERE $WHO\n" }));
  };
  const toTwo = () => [`Port ${field.two.port}`];

  beside("Match sessiontype exec with a Port", (side) => call(side, "exec", toTwo(), ["box", reach]), "0: two alice", newer !== undefined);
  beside(
    "Match sessiontype exec with an IdentityFile",
    (side) => call(side, "exec", [`IdentityFile ${field.keys.bob}`], ["box", reach]),
    "0: one bob",
    newer !== undefined,
  );
  beside("Match sessiontype shell with a Port", (side) => call(side, "shell", toTwo(), ["-T", "box"]), "0: two alice", newer !== undefined);
  beside(
    "Match sessiontype subsystem with a Port",
    async (side) => {
      const before = field.two.connections();
      const shown = await call(side, "subsystem", toTwo(), ["-s", "box", "sftp"]);
      return [shown.replace(/:.*/s, ""), field.two.connections() - before];
    },
    [expect.any(String), 1],
    newer !== undefined,
  );
  beside(
    "a call with another port goes there after Match sessiontype exec",
    async (side) => [
      await call(side, "exec", toTwo(), ["box", reach]),
      await call(side, "exec", toTwo(), ["-p", String(field.two.port), "box", reach]),
      await call(side, "exec", toTwo(), ["-p", String(field.one.port), "box", reach]),
    ],
    ["0: two alice", "0: two alice", "0: one alice"],
    newer !== undefined,
  );
  beside(
    "Match sessiontype exec with a ProxyCommand",
    (side) => call(side, "exec", [`ProxyCommand ${pipe} ${field.two.port}`], ["box", reach]),
    "0: two alice",
    newer !== undefined,
  );
});

describe("Match exec that does something", () => {
  /** How often it ran for calls that plain ssh makes with `plain` runs each. */
  const counting = (name: string, blocks: (side: Side) => string[], words: readonly string[], plain: number) =>
    alone(name, async (side) => {
      const count = side.path("count");
      const config = writeConfig(side.path("config"), field, [`Match exec "echo >> ${count}"`, "  Compression no", ...blocks(side)]);
      for (const call of ["cold", "warm", "warm again"]) {
        writeFileSync(count, "");
        expect(line(await side.ssh(["-F", config, ...words, "box", reach]))).toBe("0: one alice");
        expect([call, textOf(count).length <= 2 * plain, readFileSync(count, "utf8").length]).toEqual([call, true, expect.any(Number)]);
      }
    });
  const box = () => ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`];
  counting("Match exec runs at most twice for a call", box, [], 1);
  counting(
    "Match exec runs at most twice for each ssh of a call through a jump host",
    () => [...box(), "Host jump", `  Port ${field.two.port}`],
    ["-J", "jump"],
    2,
  );
});
