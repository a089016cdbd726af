// The table of option letters, held against the sources of several versions.
import { expect, it } from "vitest";
import { arityOf, lettersOf, parseVersion, type Version, varyingLetters } from "../../../src/openssh/argv/options.ts";

// ssh.c's own strings, by git tag.
const OF_9_2 = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:PQ:R:S:TVw:W:XYy";
const OF_9_4 = "1246ab:c:e:fgi:kl:m:no:p:qstvxAB:CD:E:F:GI:J:KL:MNO:P:Q:R:S:TVw:W:XYy";
const OF_10_5 = "1246ACGKMNTVXYZafgknqstvxyB:D:E:F:I:J:L:O:P:Q:R:S:W:b:c:e:i:l:m:o:p:w:";

it.each<[Version, string]>([
  [[8, 4], OF_9_2],
  [[9, 2], OF_9_2],
  [[9, 3], OF_9_2],
  [[9, 4], OF_9_4],
  [[9, 9], OF_9_4],
  [[10, 0], OF_9_4],
  [[10, 4], OF_9_4],
  [[10, 5], OF_10_5],
  [[11, 0], OF_10_5],
])("the letters of %s are those of its source", (version, source) => {
  expect(parts(lettersOf(version))).toEqual(parts(source));
});

it("without a version the letters are the newest ones", () => {
  expect(parts(lettersOf())).toEqual(parts(OF_10_5));
});

it("the varying letters are those that differ between the sources", () => {
  const differing = parts(OF_10_5)
    .concat(parts(OF_9_2))
    .filter((letter) => !parts(OF_9_2).includes(letter) || !parts(OF_10_5).includes(letter));
  expect(new Set(varyingLetters())).toEqual(new Set(differing.map((letter) => letter.charAt(0))));
});

it.each([
  ["OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\n", [9, 2]],
  ["OpenSSH_10.5p1, OpenSSL 3.5.0\n", [10, 5]],
  ["OpenSSH_for_Windows_9.5p1, LibreSSL 3.8.2\n", [9, 5]],
  ["Sun_SSH_1.1\n", undefined],
  ["", undefined],
])("the version in %j is %j", (text, version) => {
  expect(parseVersion(text)).toEqual(version);
});

it("a letter has an argument, none, or does not exist", () => {
  expect(["p", "v", "z", ":", "", "pv"].map((letter) => arityOf("vp:", letter))).toEqual([
    "argument",
    "flag",
    "absent",
    "absent",
    "absent",
    "absent",
  ]);
});

function parts(letters: string): string[] {
  return (letters.match(/.:?/g) ?? []).sort();
}
