// The real ssh as the oracle: for generated argument lists the front's walk and the control plane's parser must see what the ssh that is
// installed here sees. It is asked three ways: what `ssh -G` makes of the list, what a mux client asks a master for (the only place where
// the command shows), and what a ProxyCommand is told. `npm run oracle` asks about more lists than `npm test`; SSHIM_ORACLE_SEED and
// SSHIM_ORACLE_LISTS choose others.
import { isUtf8 } from "node:buffer";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { lettersOf, parseVersion } from "../../../src/openssh/argv/options.ts";
import { controlPathOf, hasLetter, type ParsedArguments, parseArguments } from "../../../src/openssh/argv/parse.ts";
import { temporary } from "../../support/index.ts";
import { compileDrivers, type Run, type Walk, walkAll } from "./drivers.ts";
import { generateLists } from "./generator.ts";
import { asks, type Case, describeAsked, expectedOutcome, isPlain } from "./oracle-case.ts";
import { askReal, dialWords } from "./real-ssh.ts";
import { connectionLines, readSettings } from "./settings.ts";

const SEED = Number(process.env.SSHIM_ORACLE_SEED ?? 20261122);
const COUNT = Number(process.env.SSHIM_ORACLE_LISTS ?? 1200);
const SSH = process.env.SSHIM_REAL_SSH || "/usr/bin/ssh";
const LETTERS = lettersOf(parseVersion(spawnSync(SSH, ["-V"], { encoding: "utf8" }).stderr));

let cases: Case[] = [];

beforeAll(async () => {
  const directory = temporary("ar-");
  const drivers = await compileDrivers(directory);
  const lists = generateLists(SEED, COUNT, LETTERS);
  const words = lists.map((list) => list.words);
  const [walks, anyVersion] = await Promise.all([walkAll(drivers.walk, words, LETTERS), walkAll(drivers.walk, words)]);
  cases = lists.map((list, number) => {
    const walk = walks[number] as Walk;
    const parsed = parseHead(list.words.slice(0, walk.command - 1), LETTERS);
    return { number, list, walk, walkOfAnyVersion: anyVersion[number] as Walk, parsed };
  });
  const half = Math.ceil(cases.length / 2);
  await Promise.all([
    askReal(join(directory, "1"), drivers.manyMains, SSH, cases.slice(0, half)),
    askReal(join(directory, "2"), drivers.manyMains, SSH, cases.slice(half)),
  ]);
}, 900_000);

it("asked the real ssh about good lists, bad ones and ones that are not UTF-8", () => {
  expect(cases.length).toBe(COUNT);
  expect(cases.filter((each) => each.parsed?.error === undefined).length).toBeGreaterThan(COUNT / 4);
  expect(cases.filter((each) => each.parsed?.error !== undefined).length).toBeGreaterThan(COUNT / 10);
  expect(cases.filter((each) => each.parsed === undefined).length).toBeGreaterThan(COUNT / 200);
  expect(cases.filter((each) => each.asked?.some((asked) => asked.kind === "session")).length).toBeGreaterThan(COUNT / 10);
});

it("the walk and the parser find the same host and the same command", () => {
  check((each, complain) => {
    const { walk, parsed, list } = each;
    const head = list.words.slice(0, walk.command - 1);
    if (walk.utf8 !== head.every((word) => isUtf8(word))) complain(`the walk says UTF-8: ${walk.utf8}`);
    if (parsed === undefined || asks(parsed)) return;
    const misspelt = /^(unknown option|option requires)/.test(parsed.error ?? "");
    if (misspelt && !walk.odd) complain(`not odd, though ${parsed.error}`);
    const dash = list.words.some((word) => /^-.+-$/.test(word.toString("latin1")));
    if (walk.odd && parsed.error === undefined && !dash) complain("odd without an error");
    if (walk.odd) return;
    if (parsed.error !== undefined) return;
    if (walk.host !== parsed.destinationIndex + 1) complain(`host at ${walk.host}, not ${parsed.destinationIndex + 1}`);
    if (walk.command !== parsed.commandIndex + 1) complain(`command at ${walk.command}, not ${parsed.commandIndex + 1}`);
    if (walk.result !== 0) complain("the walk found something wrong");
  });
});

it("the walk without letters reports exactly the letters that versions differ in", () => {
  check((each, complain) => {
    const head = each.list.words.slice(0, each.walkOfAnyVersion.command - 1);
    const parsed = parseHead(head, lettersOf());
    if (parsed === undefined || parsed.error !== undefined || asks(parsed)) return;
    const varies = hasLetter(parsed, "PZ");
    if (varies !== each.walkOfAnyVersion.ambiguous) complain(`ambiguous: ${each.walkOfAnyVersion.ambiguous}`);
  });
});

it("reading only the words before the command gives the same as reading them all", () => {
  check((each, complain) => {
    if (each.parsed === undefined || !each.list.words.every((word) => isUtf8(word))) return;
    const whole = parseHead(each.list.words, LETTERS);
    if (JSON.stringify(whole) !== JSON.stringify(each.parsed)) complain(`${JSON.stringify(whole)} is not ${JSON.stringify(each.parsed)}`);
  });
});

it("what the parser refuses `ssh -G` refuses too", () => {
  check((each, complain) => {
    const { parsed, printed } = each;
    const accepted = printed?.exitCode === 0;
    // "-v-" is odd only to the walk, and after -V or -Q nothing is.
    const odd = each.walk.odd && !each.list.words.some((word) => /^-(.+-$|.*[VQ])/.test(word.toString("latin1")));
    if (odd && accepted) complain("odd here, accepted by ssh");
    if (parsed === undefined) return;
    if (parsed.error !== undefined && accepted) complain(`refused here (${parsed.error}), accepted by ssh`);
  });
});

it("the control path of the words is the one that `ssh -G` prints, which prints no `none`", () => {
  check((each, complain) => {
    if (!isPlain(each)) return;
    const printed = readSettings(decode(each.printed?.output ?? "")).get("controlpath");
    const path = controlPathOf(each.parsed);
    if (printed !== (path?.toLowerCase() === "none" ? undefined : path)) complain(`${printed}, not ${path}`);
  });
});

it("the options for a dial make the same connection", () => {
  check((each, complain) => {
    if (each.dialled === undefined || !isPlain(each)) return;
    if (each.dialled.exitCode !== 0) complain(`refused with ${dialWords(each.parsed)}: ${each.dialled.output}`);
    else if (connectionLines(each.dialled.output) !== connectionLines(each.printed?.output ?? ""))
      complain(`${dialWords(each.parsed)} gives ${difference(each.dialled.output, each.printed?.output ?? "")}`);
  });
});

it("ssh refuses what `ssh -G` refuses, and else asks what follows from its answer, to the byte", () => {
  let compared = 0;
  let rawCommands = 0;
  check((each, complain) => {
    const { attached, asked = [], parsed } = each;
    if (attached === undefined) return;
    compared++;
    const session = asked.find((one) => one.kind === "session");
    if (session !== undefined && !each.walk.odd && !/remotecommand/i.test(each.list.words.join(" "))) {
      const command = joinCommand(each.list.words.slice(each.walk.command - 1));
      if (!isUtf8(command)) rawCommands++;
      if (!session.command?.equals(command)) complain(`the command is ${session.command}, not ${command}`);
    }
    if (parsed === undefined || each.printed === undefined) return;
    const seen = { exitCode: attached.exitCode, asked: asked.map(describeAsked).join(", "), proxy: proxyLine(attached) };
    const wanted = expectedOutcome(each, parsed, each.printed.exitCode === 0 ? readSettings(decode(each.printed.output)) : undefined);
    for (const [what, value] of Object.entries(wanted))
      if (value !== undefined && seen[what as keyof typeof seen] !== value)
        complain(`${what} is ${seen[what as keyof typeof seen]}, not ${value}; ${attached.output}`);
  });
  expect(compared).toBeGreaterThan(COUNT / 2);
  expect(rawCommands).toBeGreaterThan(COUNT / 100);
});

/** Runs `judge` over every case, and fails with the seed and the first few complaints. */
function check(judge: (each: Case, complain: (text: string) => void) => void): void {
  const complaints: string[] = [];
  for (const each of cases)
    judge(each, (text) =>
      complaints.push(
        `#${each.number} ssh ${each.list.words.map((word) => JSON.stringify(word.toString("latin1"))).join(" ")}\n    ${text}`,
      ),
    );
  const shown = complaints.slice(0, Number(process.env.SSHIM_ORACLE_SHOW ?? 8)).join("\n  ");
  expect(complaints.length, `seed ${SEED}, ${complaints.length} of ${cases.length} lists:\n  ${shown}`).toBe(0);
}

function parseHead(head: Buffer[], letters: string): ParsedArguments | undefined {
  if (!head.every((word) => isUtf8(word))) return undefined;
  return parseArguments(
    head.map((word) => word.toString()),
    letters,
  );
}

function proxyLine(run: Run): string | undefined {
  return /^PROXY (.*)$/m.exec(decode(run.output))?.[1];
}

function decode(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString();
}

// ssh joins the command's words with spaces.
function joinCommand(words: Buffer[]): Buffer {
  return Buffer.concat(words.flatMap((word, index) => (index === 0 ? [word] : [Buffer.from(" "), word])));
}

function difference(one: string, other: string): string {
  const lines = new Set(connectionLines(other).split("\n"));
  return connectionLines(one)
    .split("\n")
    .filter((line) => !lines.has(line))
    .join("; ");
}
