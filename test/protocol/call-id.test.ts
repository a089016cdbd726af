/** The front and the control plane write the same question, and speak the same language on the line, held against the built front. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseAsking } from "../../src/answer/channel.ts";
import { composeQuestion } from "../../src/protocol/call-id.ts";
import { hashName } from "../../src/protocol/paths.ts";
import { runDirectory, runShim, temporary } from "../support/index.ts";

/** What the front asks for this call: its arguments and its environment, told by a control plane that answers nothing. */
async function asked(args: string[], env: Record<string, string> = {}) {
  const directory = temporary();
  const control = join(directory, "control");
  const told = join(directory, "told");
  // Not a shell script: a shell hands on the environment in an order of its own.
  const script = `require("node:fs").writeFileSync(${JSON.stringify(told)}, JSON.stringify({ words: process.argv.slice(2), env: process.env }))`;
  writeFileSync(control, `#!${process.execPath}\n${script}\n`, { mode: 0o755 });
  await runShim(args, { env: { SSHIM_CONTROL: control, SSHIM_REAL_SSH: "/bin/true", ...env } });
  return JSON.parse(readFileSync(told, "utf8")) as { words: string[]; env: Record<string, string> };
}

describe("the question", () => {
  const rows: Array<[string, string[], Record<string, string>?]> = [
    ["a command", ["-p", "22", "h.example", "uptime"]],
    ["no command", ["h.example"]],
    ["options after the host, and words of a command that look like some", ["h.example", "-p", "9", "--", "-p", "cmd"]],
    ["spaces, per cent, nothing, and letters beyond ASCII", ["-o", "User=a b%c", "-l", "", "höst.example", "x"]],
    ["an agent and settings", ["h.example", "x"], { SSH_AUTH_SOCK: "/tmp/a b", SSHIM_PERSIST: "5", SSHIM_SCOPE: "ü" }],
    ["variables in disguise", ["h.example", "x"], { BUN_OPTIONS: "--preload=x", NODE_OPTIONS: "-r x" }],
  ];
  for (const [name, args, env] of rows) {
    it(`is the same on both sides: ${name}`, async () => {
      const { words, env: seen } = await asked(args, env);
      expect(words[0]).toBe("answer");
      const asking = parseAsking(words.slice(1));
      expect(hashName(composeQuestion(seen, asking.command, asking.words))).toBe(asking.ticket);
      expect(asking).toMatchObject({ question: "resolve", run: runDirectory(), real: "/bin/true", argv0: expect.stringMatching(/ssh$/) });
    });
  }
});

describe("what the front asks", () => {
  it("is refused where it is no question", () => {
    const rest = ["run=/r", "front=/f", "ticket=0", "command=1", "argv0=ssh", "real=/usr/bin/ssh", "--", "h"];
    expect(parseAsking(["dial", "shard=3", "attempt=2", "stage=connect", "failure=none", "detail=a%20b", ...rest])).toEqual({
      ...{ question: "dial", run: "/r", front: "/f", ticket: "0", command: true, argv0: "ssh", real: "/usr/bin/ssh" },
      ...{ shard: 3, attempt: 2, stage: "connect", failure: "none", detail: "a b", words: ["h"] },
    });
    expect(() => parseAsking(["what", ...rest])).toThrow("no question is called what");
    expect(() => parseAsking(["dial", "run=/r", "--", "h"])).toThrow("the front did not say front=");
    expect(() => parseAsking([])).toThrow("no question");
  });
});
