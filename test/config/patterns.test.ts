/** Host patterns as the real ssh reads them, and durations. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { matchPattern, matchPatternList, splitPatterns } from "../../src/config/patterns.ts";
import { readDuration } from "../../src/config/values.ts";
import { run, temporary } from "../support/index.ts";

describe("host patterns", () => {
  it.each([
    ["*", "anything", true],
    ["web?", "web1", true],
    ["web?", "web", false],
    ["*.example.com", "a.b.example.com", true],
    ["*.example.com", "example.com", false],
    ["WEB1", "web1", true],
    ["a*b*c", "aXbYbZc", true],
    ["", "", true],
    ["", "a", false],
  ])("%j matches %j: %s", (pattern, name, expected) => {
    expect(matchPattern(pattern, name)).toBe(expected);
  });

  it("lets a negated pattern refuse, and a list of nothing but those match nothing", () => {
    expect(matchPatternList(splitPatterns("*.example.com, !db.example.com"), ["db.example.com"])).toBe(false);
    expect(matchPatternList(splitPatterns("*.example.com !db.example.com"), ["web.example.com"])).toBe(true);
    expect(matchPatternList(["!db"], ["web"])).toBe(false);
  });

  it("agrees with the real ssh on what a Host line matches", async () => {
    const rows = fc.sample(fc.tuple(fc.stringMatching(/^!?[a-c*?.]{1,5}( !?[a-c*?.]{1,4})?$/), fc.stringMatching(/^[a-c][a-c.]{0,4}$/)), {
      seed: 5,
      numRuns: 40,
    });
    const home = temporary();
    for (const [pattern, name] of rows) {
      writeFileSync(join(home, "ssh_config"), `Host ${pattern}\n  Port 4711\n`);
      const real = await run("real", ["-G", "-F", join(home, "ssh_config"), name]);
      const matched = real.stdout.toString().includes("\nport 4711\n");
      expect([pattern, name, matchPatternList(splitPatterns(pattern), [name])]).toEqual([pattern, name, matched]);
    }
  });

  it("takes no time for a pattern that is made to take long", () => {
    expect(matchPattern(`${"*a".repeat(60)}b`, "a".repeat(20_000))).toBe(false);
  });
});

describe("durations", () => {
  it.each([
    [5, 5],
    ["5", 5],
    ["1h30m", 5400],
    ["2d", 172_800],
    ["500ms", 0.5],
    ["1.5h", 5400],
    ["", undefined],
    ["h", undefined],
    ["5x", undefined],
    [-1, undefined],
    [Number.NaN, undefined],
    [true, undefined],
  ])("%j is %s seconds", (text, seconds) => {
    expect(readDuration(text)).toBe(seconds);
  });
});
