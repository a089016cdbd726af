/** What the front says of a call: its call id, written out here from docs/protocol.md, and the request that goes with it. */
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseRequest } from "../../src/answer/channel.ts";
import { hashName } from "../../src/protocol/paths.ts";
import { homeDirectory, runDirectory, runShim, shimProgram, temporary } from "../support/index.ts";

/** What the front asks for this call: its arguments and the first line of the channel, told by a control plane that answers nothing. */
async function asked(args: string[], env: Record<string, string> = {}, program = "ssh") {
  const directory = temporary();
  const control = join(directory, "control");
  const told = join(directory, "told");
  const script = [
    'const { readSync, writeFileSync } = require("node:fs");',
    "const bytes = Buffer.alloc(20000);",
    'const callId = bytes.toString("latin1", 0, readSync(3, bytes));',
    `writeFileSync(${JSON.stringify(told)}, JSON.stringify({ words: process.argv.slice(2), callId }));`,
  ];
  writeFileSync(control, `#!${process.execPath}\n${script.join("\n")}\n`, { mode: 0o755 });
  await runShim(args, { env: { SSHIM_CONTROL: control, SSHIM_REAL_SSH: "/bin/true", ...env }, program });
  return JSON.parse(readFileSync(told, "utf8")) as { words: string[]; callId: string };
}

const start = () => `1 command=1 HOME=${homeDirectory()}`;
const inode = (space: string) => statSync(`/proc/self/ns/${space}`, { bigint: true }).ino;
const network = () => `network=${inode("net")} mounts=${inode("mnt")}`;
const settings = (control: string, others: string[]) =>
  [...others, `SSHIM_CONTROL=${control}`, `SSHIM_DIR=${runDirectory()}`, "SSHIM_REAL_SSH=/bin/true"].sort().join(" ");

describe("the call id", () => {
  const rows: Array<[name: string, args: string[], words: string, env?: Record<string, string>, others?: string[], agent?: string]> = [
    ["of a command", ["-p", "22", "h.example", "uptime"], "-p 22 h.example"],
    [
      "of options after the host, and words of a command that look like some",
      ["h.example", "-p", "9", "--", "-p", "x"],
      "h.example -p 9 --",
    ],
    [
      "of spaces, per cent, nothing, and letters beyond ASCII",
      ["-o", "User=a b%c", "-l", "", "höst", "x"],
      "-o User=a%20b%25c -l % h%C3%B6st",
    ],
    [
      "of an agent and settings, in the order of their bytes",
      ["h.example", "x"],
      "h.example",
      { SSH_AUTH_SOCK: "/tmp/a b", SSHIM_SCOPE: "ü", SSHIM_PERSIST: "5", SSHIM: "1", SSHIMMER: "1" },
      ["SSHIM=1", "SSHIM_PERSIST=5", "SSHIM_SCOPE=%C3%BC"],
      " SSH_AUTH_SOCK=/tmp/a%20b",
    ],
    [
      "without what steers a runtime, and without marks",
      ["h.example", "x"],
      "h.example",
      { BUN_OPTIONS: "x", SSHIM_PARENT: "1", SSHIM_RAW_1: "00" },
    ],
  ];
  for (const [name, args, words, env, others = [], agent = ""] of rows) {
    it(name, async () => {
      const { words: argv, callId } = await asked(args, env);
      const control = /SSHIM_CONTROL=(\S+)/.exec(callId)?.[1] ?? "";
      expect(callId).toBe(`${start()}${agent} ${network()} ${settings(control, others)} -- ${words}\n`);
      const request = parseRequest(argv.slice(1), callId.trimEnd());
      expect(request).toMatchObject({ kind: "resolve", run: runDirectory(), real: "/bin/true", argv0: expect.stringMatching(/ssh$/) });
      expect(hashName(request.callId)).toBe(request.ticket);
    });
  }

  it("says that there is no command, also where there is one of nothing", async () => {
    for (const args of [["h"], ["h", ""]]) expect((await asked(args)).callId).toMatch(/^1 command=0 /);
  });

  it("keeps every byte of a variable", async () => {
    const script = `SSHIM_SCOPE=$(printf 'a\\377') exec ${shimProgram} h true`;
    expect((await asked(["-c", script], {}, "/bin/sh")).callId).toContain(" SSHIM_SCOPE=a%FF ");
  });
});

describe("a request", () => {
  it("is refused where it is none", () => {
    const rest = ["run=/r", "front=/f", "ticket=0", "command=1", "argv0=ssh", "real=/usr/bin/ssh", "--", "h"];
    expect(parseRequest(["dial", "shard=3", "attempt=2", "stage=connect", "failure=none", "detail=a%20b", ...rest], "1 x")).toEqual({
      ...{ kind: "dial", run: "/r", clientPath: "/f", callId: "1 x", ticket: "0", command: true, argv0: "ssh", real: "/usr/bin/ssh" },
      ...{ shard: 3, attempt: 2, stage: "connect", failure: "none", detail: "a b", words: ["h"] },
    });
    expect(() => parseRequest(["what", ...rest], "")).toThrow('no request is called "what"');
    expect(() => parseRequest(["dial", "run=/r", "--", "h"], "")).toThrow("the front did not say front=");
    expect(() => parseRequest([], "")).toThrow("no request");
  });
});
