// The front's walk over argv, word by word: where the host lies, where the command starts, and what it leaves to the real ssh.
import { afterAll, beforeAll, expect, it } from "vitest";
import { lettersOf } from "../../../src/openssh/argv/options.ts";
import { temporary } from "../../support/index.ts";
import { compileDrivers, startWalk, type Walk } from "./drivers.ts";

let program: string;
const walks = new Map<string | undefined, ReturnType<typeof startWalk>>();

beforeAll(async () => {
  program = (await compileDrivers(temporary("aw-"))).walk;
});
afterAll(() => {
  for (const { end } of walks.values()) end();
});

function walk(words: readonly (string | Buffer)[], letters?: string): Promise<Walk> {
  const started = walks.get(letters) ?? startWalk(program, letters);
  walks.set(letters, started);
  return started.ask(words.map((word) => Buffer.from(word as string)));
}

it.each<[string, string[], number, number]>([
  ["a host alone", ["h"], 1, 2],
  ["a host and a command", ["h", "ls", "-l"], 1, 2],
  ["a flag, a cluster and a joined argument", ["-v", "-tt", "-p22", "h", "ls"], 4, 5],
  ["a separate argument", ["-p", "22", "h", "ls"], 3, 4],
  ["a cluster that ends in a letter with an argument", ["-vtp", "22", "h", "ls"], 3, 4],
  ["a cluster that carries its argument", ["-vtp22", "h", "ls"], 2, 3],
  ["an argument that looks like an option", ["-l", "-v", "h", "ls"], 3, 4],
  ["an empty argument", ["-o", "", "h", "ls"], 3, 4],
  ["options after the host", ["h", "-p", "9", "-v", "ls", "-p"], 1, 5],
  ["nothing but options after the host", ["h", "-p", "9"], 1, 4],
  ["-- before the host, after which options belong to the command", ["--", "h", "-p", "9"], 2, 3],
  ["-- after the host", ["h", "--", "-p", "9"], 1, 3],
  ["-- after options after the host", ["h", "-v", "--", "-p"], 1, 4],
  ["a second -- after the host, which is the command", ["h", "--", "--", "x"], 1, 3],
  ["a second -- before the host, which is the host", ["--", "--", "x"], 2, 3],
  ["an option's argument --, which ends the options as well", ["-l", "--", "h", "-p", "9"], 3, 4],
  ["a joined --, which does not", ["-l--", "h", "-p", "9"], 2, 5],
  ["a lone - as the host", ["-", "ls"], 1, 2],
  ["a lone - as the command", ["h", "-v", "-", "-v"], 1, 3],
  ["an empty host", ["", "ls"], 1, 2],
  ["an empty command", ["h", "", "-v"], 1, 2],
])("finds host and command of %s", async (_, words, host, command) => {
  expect(await walk(words)).toEqual({ host, command, ambiguous: false, odd: false, result: 0, utf8: true });
});

it.each<[string, string[]]>([
  ["an unknown letter", ["-z", "h"]],
  ["an unknown letter after the host", ["h", "-z", "ls"]],
  ["a colon", ["-:", "h"]],
  ["a long option", ["--help"]],
  ["a missing argument", ["h", "-p"]],
  ["a missing argument before the host", ["-vp"]],
  ["a cluster that ends in -, which is an option and the next word at once", ["h", "-v-", "ls"]],
])("leaves %s to the real ssh", async (_, words) => {
  expect(await walk(words)).toMatchObject({ odd: true, result: -1, command: words.length + 1 });
});

it("finds no host in an empty line, in options alone and after --", async () => {
  for (const words of [[], ["-v"], ["-p", "22"], ["--"], ["-v", "--"]])
    expect(await walk(words)).toMatchObject({ host: -1, command: words.length + 1, odd: false, result: -1 });
});

it("reports letters that versions write differently, but only while nobody said which version it is", async () => {
  expect(await walk(["-P", "tag", "h"])).toMatchObject({ ambiguous: true, host: 3 });
  expect(await walk(["-vZ", "h"])).toMatchObject({ ambiguous: true, host: 2 });
  expect(await walk(["h", "-P", "x"])).toMatchObject({ ambiguous: true });
  expect(await walk(["-p", "P", "h", "ls", "-P"])).toMatchObject({ ambiguous: false });
  expect(await walk(["-P", "tag", "h"], lettersOf([9, 2]))).toMatchObject({ ambiguous: false, host: 2, command: 3 });
  expect(await walk(["-P", "tag", "h"], lettersOf([9, 4]))).toMatchObject({ ambiguous: false, host: 3, command: 4 });
  expect(await walk(["-Z", "h"], lettersOf([9, 4]))).toMatchObject({ ambiguous: false, odd: true });
});

it.each<[string, number[], boolean]>([
  ["ASCII", [0x20, 0x7f], true],
  ["two, three and four bytes", [0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xf0, 0x9f, 0x98, 0x80], true],
  ["the last code point", [0xf4, 0x8f, 0xbf, 0xbf], true],
  ["the first code points of each length", [0xc2, 0x80, 0xe0, 0xa0, 0x80, 0xf0, 0x90, 0x80, 0x80], true],
  ["those around the surrogates", [0xed, 0x9f, 0xbf, 0xee, 0x80, 0x80], true],
  ["a lone continuation byte", [0x80], false],
  ["an overlong slash", [0xc0, 0xaf], false],
  ["an overlong three-byte form", [0xe0, 0x9f, 0xbf], false],
  ["an overlong four-byte form", [0xf0, 0x8f, 0xbf, 0xbf], false],
  ["a surrogate", [0xed, 0xa0, 0x80], false],
  ["beyond the last code point", [0xf4, 0x90, 0x80, 0x80], false],
  ["a byte that is never used", [0xff], false],
  ["a start without its end", [0x61, 0xc3], false],
  ["three bytes of four", [0xf0, 0x9f, 0x98], false],
  ["a start followed by ASCII", [0xe2, 0x82, 0x41], false],
])("knows UTF-8: %s", async (_, bytes, valid) => {
  expect(await walk([Buffer.from(bytes)])).toMatchObject({ utf8: valid });
});
