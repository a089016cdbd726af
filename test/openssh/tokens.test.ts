/** A line of a configuration, or an -o in all its spellings: keyword and arguments as readconf.c cuts them. */
import { expect, it } from "vitest";
import { keywordValues, parseArguments } from "../../src/openssh/argv/parse.ts";
import { readConfigLine, splitArguments } from "../../src/openssh/tokens.ts";

it.each([
  "ControlPath=/x",
  "ControlPath /x",
  "ControlPath = /x",
  "ControlPath= /x",
  "ControlPath\t/x",
  "ControlPath   =   /x",
  "controlpath=/x",
  "CONTROLPATH=/x",
  " ControlPath=/x",
  "=ControlPath /x",
  '"ControlPath" /x',
  '"ControlPath"/x',
  'Control"Path" /x',
  'ControlPath="/x"',
  "ControlPath='/x'",
  "ControlPath=/'x'",
  "ControlPath=/x # a comment",
  "ControlPath=/x \t\r\n\f",
])("%j sets the control path", (argument) => {
  expect(readConfigLine(argument)?.keyword).toBe("controlpath");
  for (const words of [
    ["-o", argument, "h"],
    [`-o${argument}`, "h"],
    ["-vo", argument, "h"],
    ["h", "-o", argument],
  ]) {
    const parsed = parseArguments(words);
    expect(parsed).toMatchObject({ error: undefined, host: "h" });
    expect(keywordValues(parsed, "controlpath")).toEqual([["/x"]]);
  }
});

it.each(["", " ", "# comment", " # comment", "\n", '"User', "User", "User=", "User "])("%j says nothing", (argument) => {
  expect(readConfigLine(argument)).toBeUndefined();
  expect(parseArguments(["-o", argument, "h"]).error).toBeUndefined();
});

it.each<[string, string[]]>([
  ["K a \"b c\" 'd e'", ["a", "b c", "d e"]],
  ["K a\\ b", ["a b"]],
  ['K "a\\"b"', ['a"b']],
  ["K 'a\\ b'", ["a\\ b"]],
  ["K a\\nb", ["a\\nb"]],
  ["K a#b #c", ["a#b"]],
  ['K ""', [""]],
  ["K 'a b", ["a b"]],
])("%j splits into its values", (line, values) => {
  expect(splitArguments(readConfigLine(line)?.rest ?? "")).toEqual(values);
});
