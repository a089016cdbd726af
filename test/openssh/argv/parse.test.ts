// Each of ssh's options in each of its forms (joined, separate, clustered, repeated and after the host), and what the rules read of them.
import { describe, expect, it } from "vitest";
import { lettersOf } from "../../../src/openssh/argv/options.ts";
import { argumentOf, hasLetter, type ParsedArguments, parseArguments, stdioForwardOf } from "../../../src/openssh/argv/parse.ts";

const LETTERS = lettersOf([10, 5]);

describe.each([..."246AaCfGgKkMNnqsTtvXxYyZ"])("-%s", (letter) => {
  it("says the same alone, in a cluster and after the host", () => {
    for (const words of [
      [`-${letter}`, "h"],
      [`-2${letter}`, "h"],
      [`-${letter}2`, "h"],
      ["h", `-${letter}`],
      ["h", `-2${letter}2`],
    ]) {
      expect(parse(words)).toMatchObject({ error: undefined, host: "h" });
      expect(hasLetter(parse(words), letter)).toBe(true);
    }
  });
  it("can be repeated", () => {
    for (const words of [
      [`-${letter}${letter}`, "h"],
      [`-${letter}`, `-${letter}`, "h"],
      [`-${letter}`, "h", `-${letter}`],
    ]) {
      expect(parse(words)).toMatchObject({ error: undefined, host: "h", commandIndex: words.length });
      expect(parse(words).options.map((option) => option.letter)).toEqual([letter, letter]);
    }
  });
});

const WITH_ARGUMENT: [string, string, string][] = [
  ["B", "lo", "eth0"],
  ["b", "10.0.0.1", "::1"],
  ["c", "aes128-ctr", "aes256-ctr"],
  ["D", "1080", "1081"],
  ["E", "one", "two"],
  ["e", "^A", "none"],
  ["F", "one", "two"],
  ["I", "one.so", "two.so"],
  ["i", "one", "two"],
  ["J", "a", "b"],
  ["L", "8080:h:80", "/a:/b"],
  ["l", "alice", "bob"],
  ["m", "hmac-sha2-256", "hmac-sha2-512"],
  ["O", "check", "exit"],
  ["P", "one", "two"],
  ["p", "2022", "2023"],
  ["R", "8080:h:80", "0"],
  ["S", "one", "two"],
  ["W", "h:80", "i:81"],
  ["w", "0:1", "any"],
  ["o", "ControlPath=one", "ControlPath=two"],
];

describe.each(WITH_ARGUMENT)("-%s", (letter, one, two) => {
  it("takes its argument joined, separate, at the end of a cluster and after the host", () => {
    const spelled = [[`-${letter}${one}`], [`-${letter}`, one], [`-2${letter}${one}`], [`-2${letter}`, one]];
    for (const words of spelled.flatMap((option) => [
      [...option, "h"],
      ["h", ...option],
    ])) {
      expect(parse(words)).toMatchObject({ error: undefined, host: "h" });
      expect(parse(words).options.at(-1)).toMatchObject({ letter, argument: one });
      expect(argumentOf(parse(words), letter)).toBe(one);
    }
  });
  it("keeps both, in order, when given twice", () => {
    for (const words of [
      [`-${letter}${one}`, `-${letter}`, two, "h"],
      [`-${letter}`, one, "h", `-${letter}${two}`],
    ]) {
      expect(parse(words).options.map((option) => option.argument)).toEqual([one, two]);
      expect(argumentOf(parse(words), letter)).toBe(two);
    }
  });
  it("is refused without its argument", () => {
    expect(parse(["h", `-${letter}`]).error).toMatch(/requires an argument/);
  });
});

describe("-W", () => {
  it.each<[string, ReturnType<typeof stdioForwardOf>]>([
    ["h:80", { host: "h", port: 80 }],
    [" h:080", { host: "h", port: 80 }],
    ["[::1]:22", { host: "::1", port: 22 }],
    ["x/y:80", { host: "x/y", port: 80 }],
    ["80", undefined],
    ["h:ssh", undefined],
    [":80", undefined],
    ["/a/path", undefined],
    ["a\\:b:80", undefined],
  ])("of %j", (argument, forward) => {
    expect(stdioForwardOf(parse(["-W", argument, "h"]))).toEqual(forward);
    expect(stdioForwardOf(parse(["h", `-W${argument}`]))).toEqual(forward);
  });
});

describe("what ends the reading", () => {
  it("nothing after -V and -Q is read", () => {
    expect(parse(["-V", "-z"])).toMatchObject({ error: undefined, host: undefined });
    expect(parse(["-vQcipher", "--nonsense"])).toMatchObject({ error: undefined, host: undefined });
    expect(hasLetter(parse(["-vQcipher", "--nonsense"]), "Q")).toBe(true);
  });
  it("an unknown letter", () => {
    expect(parse(["-z", "h"])).toMatchObject({ error: "unknown option -- z", host: undefined });
    expect(parse(["h", "-vz"])).toMatchObject({ error: "unknown option -- z", host: "h" });
  });
});

function parse(words: string[]): ParsedArguments {
  return parseArguments(words, LETTERS);
}
