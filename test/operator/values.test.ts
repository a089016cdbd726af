/** Values of options that are none or very large, and a terminal that is very small. */
import { describe, expect, it } from "vitest";
import { fit } from "../../src/operator/status/status.ts";
import { runSshim, temporary } from "../support/index.ts";
import { session, writeJournal } from "./support/synthetic.ts";

const text = (bytes: Buffer) => bytes.toString();

describe("values that are none", () => {
  it.each([
    [["log", "--lines", "abc"], 'cannot read --lines: "abc" is no whole number'],
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
