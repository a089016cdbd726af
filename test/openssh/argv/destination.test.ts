// The destination in all its spellings, and where the command starts.
import { describe, expect, it } from "vitest";
import { lettersOf } from "../../../src/openssh/argv/options.ts";
import { type Parsed, parseArguments } from "../../../src/openssh/argv/parse.ts";

describe("the destination", () => {
  it.each<[string, Partial<Parsed>]>([
    ["h", { host: "h", user: undefined, port: undefined, uri: false }],
    ["u@h", { host: "h", user: "u" }],
    ["u@v@h", { host: "h", user: "u@v" }],
    ["u@", { host: "", user: "u" }],
    ["H.Example", { host: "H.Example" }],
    ["::1", { host: "::1" }],
    ["h:22", { host: "h:22", port: undefined }],
    ["ssh://h", { host: "h", uri: true, port: undefined }],
    ["ssh://u@h:2200", { host: "h", user: "u", port: 2200, uri: true }],
    ["ssh://h:2200/", { host: "h", port: 2200 }],
    ["ssh://h/", { host: "h" }],
    ["ssh://h:", { host: "h", port: undefined }],
    ["ssh://h.", { host: "h" }],
    ["ssh://[h]:22", { host: "h", port: 22 }],
    ["ssh://u;fingerprint=x@h", { host: "h", user: "u" }],
    ["ssh://u%40v+w@h", { host: "h", user: "u@v w" }],
    ["SSH://h", { host: "SSH://h", uri: false }],
  ])("%s is understood", (word, wanted) => {
    expect(parse([word])).toMatchObject({ error: undefined, destination: word, destinationIndex: 0, ...wanted });
  });

  it.each([
    "@h",
    "ssh://h/path",
    "ssh://h:22/path",
    "ssh://h:0",
    "ssh://@h",
    "ssh://;x@h",
    "ssh://u%zz@h",
    "ssh://u%00@h",
    "ssh://",
    "ssh://u@",
  ])("%s is refused", (word) => {
    expect(parse([word]).error).toMatch(/bad destination/);
  });

  // valid_domain knows no colon, so not even in brackets.
  it.each(["ssh://[::1]:22", "ssh://u@v@h", "ssh://h..i", "ssh://-h", "ssh://[h]x", "ssh://h:22:23"])("%s is refused too", (word) => {
    expect(parse([word]).error).toMatch(/bad destination/);
  });

  it.each(["-", "-h", "a b", "a;b", "$x", "a,b", "a\tb", "a\u0001b"])("%j is no host name", (word) => {
    expect(parse(["--", word]).error).toMatch(/hostname contains/);
  });

  it("gives way to a user and a port that came before, and wins over those that come after", () => {
    expect(parse(["-lx", "-p1", "ssh://u@h:2"])).toMatchObject({ user: "x", port: 1, destinationUser: "u", destinationPort: 2 });
    expect(parse(["ssh://u@h:2", "-lx", "-p1"])).toMatchObject({ user: "u", port: 2 });
    expect(parse(["-oUser=x", "-oPort=1", "ssh://u@h:2"])).toMatchObject({ user: "x", port: 1 });
  });

  it("is missing where there is none", () => {
    for (const words of [[], ["-v"], ["--"]]) expect(parse(words).error).toBe("no destination");
  });
});

describe("where the command starts", () => {
  it.each<[string[], number]>([
    [["h"], 1],
    [["h", "ls", "-p", "9"], 1],
    [["h", "-p", "9", "ls"], 3],
    [["--", "h", "-p", "9"], 2],
    [["h", "--", "-p", "9"], 2],
    [["-i", "--", "h", "-p", "9"], 3],
    [["h", "-", "-v"], 1],
    [["h", "-v-", "ls"], 1],
  ])("of %j is %i", (words, index) => {
    expect(parse(words)).toMatchObject({ error: undefined, commandIndex: index });
  });

  it("depends on the arity that the installed ssh has", () => {
    expect(parseArguments(["-P", "a", "h"], lettersOf([9, 3]))).toMatchObject({ host: "a", commandIndex: 2 });
    expect(parseArguments(["-P", "a", "h"], lettersOf([9, 4]))).toMatchObject({ host: "h", commandIndex: 3, effective: { tag: "a" } });
    expect(parseArguments(["-Z", "h"], lettersOf([10, 4])).error).toMatch(/unknown option -- Z/);
  });
});

function parse(words: string[]): Parsed {
  return parseArguments(words, lettersOf([10, 5]));
}
