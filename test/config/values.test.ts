/** Odd places and values: options that are none or very large, a very small terminal, a directory that is not ours alone, no journal. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { fit } from "../../src/cli/commands/status/status.ts";
import { writeRecord } from "../../src/master/record.ts";
import { session, writeJournal } from "../cli/support/synthetic.ts";
import { runShim, runSshim, startSshd, temporary } from "../support/index.ts";

const text = (bytes: Buffer) => bytes.toString();

describe("values that are none", () => {
  it.each([
    [["log", "--lines", "abc"], 'cannot read --lines: "abc" is not a whole number'],
    [["log", "--since", "abc"], 'cannot read --since: "abc" is neither'],
  ])("%j ends with 2 and one line", async (words, line) => {
    const { exitCode, stdout, stderr } = await runSshim(words);
    expect([exitCode, text(stdout)]).toEqual([2, ""]);
    expect(text(stderr)).toMatch(/^[^\n]+\n$/);
    expect(text(stderr)).toContain(line);
  });

  it("longer ago than there are dates is everything", async () => {
    const run = temporary();
    writeJournal(run, [session(Date.parse("2001-01-01T00:00:00Z"))]);
    expect((await runSshim(["log", "--since", "99999999999d"], { run })).exitCode).toBe(0);
  });
});

describe("what status --watch shows on a small terminal", () => {
  it("never scrolls, and counts what has no room", () => {
    const lines = ["one", "two", "three three three", "four"];
    expect(fit(lines, 6, 10)).toEqual(lines.slice(0, 4));
    // "three three three" takes two rows of ten.
    expect(fit(lines, 5, 10)).toEqual(lines);
    expect(fit(lines, 4, 10)).toEqual(["one", "two", "… 2 more lines"]);
    expect(fit(lines, 4, 80)).toEqual(lines);
    expect(fit(lines, 3, 80)).toEqual(["one", "two", "… 2 more lines"]);
    expect(fit(["\u001b[32mlive\u001b[0m"], 1, 4)).toHaveLength(1);
  });
});

describe("a runtime directory that others may enter", () => {
  it("is not believed and not written into, whatever is asked", async () => {
    const folder = temporary();
    const run = join(folder, "r");
    mkdirSync(join(run, "k", "a".repeat(32)), { recursive: true });
    const child = spawn("sleep", ["300"], { stdio: "ignore" });
    const started = readFileSync(`/proc/${child.pid}/stat`, "latin1").split(") ")[1]?.split(" ")[19] ?? "";
    const path = join(run, "k", "a".repeat(32), `0.m.${child.pid}`);
    writeRecord(path, {
      ...{ connectionKey: "a".repeat(32), pid: child.pid as number, created: 1, limit: 10, listener: 0, persist: 600, socket: "300" },
      ...{ destination: "x@y:22", log: undefined, attributes: { started } },
    });
    writeJournal(run, [session(Date.now())]);
    chmodSync(run, 0o755);
    const before = readdirSync(run, { recursive: true }).sort();
    for (const words of [
      ["status"],
      ["drain", "--all", "--now"],
      ["log"],
      ["why"],
      ["stats", "--prometheus"],
      ["report"],
      ["fresh", "--", "host"],
    ]) {
      const { exitCode, stdout, stderr } = await runSshim(words, { run });
      expect([words, exitCode, text(stdout), text(stderr)]).toEqual([
        words,
        1,
        "",
        `sshim: cannot use the runtime directory ${run}: others may enter it (mode 755)\n`,
      ]);
    }
    const explained = await runSshim(["explain", "--json", "--", "-F", "none", "host", "true"], { run });
    expect(JSON.parse(text(explained.stdout))).toMatchObject({ lane: "pass", reason: "no place", masters: [] });
    expect(readdirSync(run, { recursive: true }).sort()).toEqual(before);
    expect(child.exitCode).toBe(null);
    child.kill("SIGKILL");
  });
});

it("a journal that is switched off has no line of a shared call", async () => {
  const sshd = await startSshd();
  const run = temporary();
  for (const code of [3, 4]) {
    const { exitCode } = await runShim([...sshd.options, sshd.host, `exit ${code}`], { run, env: { SSHIM_JOURNAL: "off" } });
    expect(exitCode).toBe(code);
  }
  expect(readdirSync(run)).not.toContain("journal.jsonl");
});
