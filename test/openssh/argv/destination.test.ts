// The destination in all its spellings, and where the command starts.
import { describe, expect, it } from "vitest";
import { lettersOf } from "../../../src/openssh/argv/options.ts";
import { type ParsedArguments, parseArguments } from "../../../src/openssh/argv/parse.ts";

describe("the destination", () => {
  it.each<[string, Partial<ParsedArguments>]>([
    ["h", { host: "h", destinationUser: undefined, destinationPort: undefined }],
    ["u@h", { host: "h", destinationUser: "u" }],
    ["u@v@h", { host: "h", destinationUser: "u@v" }],
    ["u@", { host: "", destinationUser: "u" }],
    ["H.Example", { host: "H.Example" }],
    ["::1", { host: "::1" }],
    ["h:22", { host: "h:22", destinationPort: undefined }],
    ["ssh://h", { host: "h", destinationPort: undefined }],
    ["ssh://u@h:2200", { host: "h", destinationUser: "u", destinationPort: "2200" }],
    ["ssh://h:2200/", { host: "h", destinationPort: "2200" }],
    ["ssh://h/", { host: "h" }],
    ["ssh://h:", { host: "h", destinationPort: undefined }],
    ["ssh://h.", { host: "h" }],
    ["ssh://[h]:22", { host: "h", destinationPort: "22" }],
    ["ssh://u;fingerprint=x@h", { host: "h", destinationUser: "u" }],
    ["ssh://u%40v+w@h", { host: "h", destinationUser: "u@v w" }],
    ["SSH://h", { host: "SSH://h" }],
  ])("%s is understood", (word, wanted) => {
    expect(parse([word])).toMatchObject({ error: undefined, destination: word, destinationIndex: 0, ...wanted });
  });

  it.each([
    "@h",
    "ssh://h/path",
    "ssh://h:22/path",
    "ssh://@h",
    "ssh://;x@h",
    "ssh://u%zz@h",
    "ssh://u%00@h",
    "ssh://",
    "ssh://u@",
    "ssh://u@v@h",
    "ssh://[h]x",
  ])("%s is refused", (word) => {
    expect(parse([word]).error).toMatch(/bad destination/);
  });

  it("is read by itself: which user and port count says connection.ts", () => {
    expect(parse(["-lx", "-p1", "ssh://u@h:2"])).toMatchObject({ destinationUser: "u", destinationPort: "2" });
    expect(parse(["ssh://u@h:2", "-lx", "-p1"])).toMatchObject({ destinationUser: "u", destinationPort: "2" });
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
    expect(parseArguments(["-P", "a", "h"], lettersOf([9, 4]))).toMatchObject({ host: "h", commandIndex: 3 });
    expect(parseArguments(["-Z", "h"], lettersOf([10, 4])).error).toMatch(/unknown option -- Z/);
  });
});

function parse(words: string[]): ParsedArguments {
  return parseArguments(words, lettersOf([10, 5]));
}
