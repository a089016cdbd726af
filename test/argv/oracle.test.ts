// The real ssh as the oracle: for thousands of generated argument lists the front's walk and the control plane's parser must see what the ssh
// that is installed here sees. It is asked three ways: what `ssh -G` makes of the list, what a mux client asks a master for (the only place
// where the command shows), and what a ProxyCommand is told. SSHIM_ORACLE_SEED and SSHIM_ORACLE_LISTS choose other lists.
import { isUtf8 } from "node:buffer";
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { lettersOf, parseVersion } from "../../src/argv/options.ts";
import { connectionArguments, dialDestination, type Parsed, parseArguments } from "../../src/argv/parse.ts";
import { temporary } from "../support/index.ts";
import { compileDrivers, type Run, runAll, type Walk, walkAll } from "./drivers.ts";
import { generateLists, type List, SERVED } from "./generator.ts";
import { type Asked, Recorder } from "./recorder.ts";
import { connectionLines, expectedSettings, readSettings } from "./settings.ts";

const SEED = Number(process.env.SSHIM_ORACLE_SEED ?? 20261122);
const COUNT = Number(process.env.SSHIM_ORACLE_LISTS ?? 3200);
const SSH = process.env.SSHIM_REAL_SSH || "/usr/bin/ssh";
const LETTERS = lettersOf(parseVersion(spawnSync(SSH, ["-V"], { encoding: "utf8" }).stderr));
const USER = userInfo().username;

interface Case {
  number: number;
  list: List;
  walk: Walk;
  walkOfAnyVersion: Walk;
  /** undefined where a word before the command is no UTF-8: such a line never reaches the control plane */
  parsed: Parsed | undefined;
  hasCommand: boolean;
  /** `ssh -G` */
  printed?: Run;
  /** ssh with masters at hand and a ProxyCommand that fails; undefined where it would really connect */
  attached?: Run;
  asked?: Asked[];
  /** `ssh -G` with the options for a dial */
  dialled?: Run;
}

let cases: Case[] = [];

beforeAll(async () => {
  const directory = temporary("ar-");
  const drivers = await compileDrivers(directory);
  const lists = generateLists(SEED, COUNT, LETTERS);
  const words = lists.map((list) => list.words);
  const [walks, anyVersion] = await Promise.all([walkAll(drivers.walk, words, LETTERS), walkAll(drivers.walk, words)]);
  cases = lists.map((list, number) => {
    const walk = walks[number] as Walk;
    const hasCommand = walk.command <= list.words.length;
    const parsed = parseHead(list.words.slice(0, walk.command - 1), LETTERS, walk.odd ? undefined : hasCommand);
    return { number, list, walk, walkOfAnyVersion: anyVersion[number] as Walk, parsed, hasCommand };
  });
  const half = Math.ceil(cases.length / 2);
  await Promise.all([
    askReal(join(directory, "1"), drivers.batch, cases.slice(0, half)),
    askReal(join(directory, "2"), drivers.batch, cases.slice(half)),
  ]);
}, 120_000);

it("asked the real ssh about at least 3,000 lists, good ones, bad ones and ones that are no UTF-8", () => {
  expect(cases.length).toBeGreaterThanOrEqual(Math.min(3000, COUNT));
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
    if (parsed === undefined || parsed.effective.asksItself === "V" || parsed.effective.asksItself === "Q") return;
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
    const parsed = parseHead(head, lettersOf(), each.walkOfAnyVersion.command <= each.list.words.length);
    if (parsed === undefined || parsed.error !== undefined || (parsed.effective.asksItself ?? "Z") !== "Z") return;
    const varies = parsed.options.some((option) => "PZ".includes(option.letter));
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

it("what the parser refuses is what `ssh -G` refuses", () => {
  check((each, complain) => {
    const { parsed, printed } = each;
    const accepted = printed?.exitCode === 0;
    if (parsed === undefined) return;
    // An empty command is none to ssh here, but the parser never looks at it.
    if (parsed.error === "a command with RemoteCommand" && commandText(each) === "") return;
    if (isRefused(each) && accepted) complain(`refused here (${parsed.error}), accepted by ssh`);
    else if (!isRefused(each) && !accepted && !isUnjudged(each)) complain(`accepted here, refused by ssh: ${printed?.output}`);
  });
});

it("the settings are those that `ssh -G` prints", () => {
  check((each, complain) => {
    if (!isPlain(each)) return;
    const printed = readSettings(decode(each.printed?.output ?? ""));
    for (const [keyword, value] of expectedSettings(each.parsed, USER))
      if (printed.get(keyword) !== value) complain(`${keyword} is ${printed.get(keyword)}, not ${value}`);
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

it("a mux client's request, a master's path and a ProxyCommand's words are those that were expected, to the byte", () => {
  let compared = 0;
  check((each, complain) => {
    const { attached, asked = [], parsed } = each;
    if (attached === undefined) return;
    compared++;
    const session = asked.find((one) => one.kind === "session");
    if (session !== undefined && !each.walk.odd && !/remotecommand/i.test(each.list.words.join(" "))) {
      const command = join0(each.list.words.slice(each.walk.command - 1));
      if (!session.command?.equals(command)) complain(`the command is ${session.command}, not ${command}`);
    }
    if (parsed === undefined) return;
    const seen = { exitCode: attached.exitCode, asked: asked.map(describe).join(", "), proxy: proxyLine(attached) };
    if (parsed.error === "a command with RemoteCommand") return;
    const wanted = expectedOutcome(each, parsed);
    if (isUnjudged(each) && attached.exitCode === 255 && seen.asked === "" && seen.proxy === undefined) return;
    for (const [what, value] of Object.entries(wanted))
      if (value !== undefined && seen[what as keyof typeof seen] !== value)
        complain(`${what} is ${seen[what as keyof typeof seen]}, not ${value}; ${attached.output}`);
  });
  expect(compared).toBeGreaterThan(COUNT / 2);
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

async function askReal(directory: string, batch: string, own: Case[]): Promise<void> {
  mkdirSync(directory);
  writeFileSync(join(directory, "id"), "");
  writeFileSync(join(directory, "conf"), "ServerAliveCountMax 7\n");
  // Its stdout stays open until the line is out: ssh ends a ProxyCommand that has closed it.
  writeFileSync(join(directory, "proxy"), '#!/bin/sh\nprintf "PROXY [%s] [%s] [%s]\\n" "$@" >&2\n', { mode: 0o755 });
  const recorder = new Recorder();
  await recorder.listen(directory, SERVED);
  try {
    const env = { PATH: "/usr/bin:/bin", HOME: directory, SHELL: "/bin/sh", TERM: "dumb" };
    const options = { cwd: directory, env };
    const none = ["-F", "none"].map((word) => Buffer.from(word));
    const printed = await runAll(
      batch,
      SSH,
      own.map((each) => [Buffer.from("-G"), ...none, ...each.list.words]),
      options,
    );
    own.forEach((each, index) => {
      each.printed = printed[index] as Run;
    });

    const attaching = own.filter((each) => !wouldJump(each));
    const attached = await runAll(
      batch,
      SSH,
      attaching.map((each) => [...none, ...attachWords(each), ...each.list.words]),
      { ...options, mark: join(directory, "mark") },
    );
    attaching.forEach((each, index) => {
      each.attached = attached[index] as Run;
      each.asked = recorder.asked.get(index) ?? [];
    });

    const dialling = own.filter((each) => isPlain(each));
    const dialled = await runAll(
      batch,
      SSH,
      dialling.map((each) => [Buffer.from("-G"), ...none, ...dialWords(each.parsed as Parsed)]),
      options,
    );
    dialling.forEach((each, index) => {
      each.dialled = dialled[index] as Run;
    });
  } finally {
    await recorder.close();
  }
}

function parseHead(head: Buffer[], letters: string, hasCommand?: boolean): Parsed | undefined {
  if (!head.every((word) => isUtf8(word))) return undefined;
  return parseArguments(
    head.map((word) => word.toString()),
    letters,
    hasCommand,
  );
}

function dialWords(parsed: Parsed): Buffer[] {
  return [...connectionArguments(parsed), dialDestination(parsed) ?? ""].map((word) => Buffer.from(word));
}

// A control path to start with, and a ProxyCommand that says what it was told and fails; -J would object to the latter.
function attachWords(each: Case): Buffer[] {
  const proxy = mentionsJump(each) ? [] : ["-oProxyCommand=./proxy '%p' '%r' '%h'"];
  return ["-S", "d", ...proxy].map((word) => Buffer.from(word));
}

function mentionsJump(each: Case): boolean {
  return each.list.words.some((word) => /j/i.test(word.toString("latin1")));
}

function wouldJump(each: Case): boolean {
  if (!mentionsJump(each)) return false;
  return each.parsed === undefined || each.parsed.error !== undefined || !attaches(each.parsed);
}

// Refused on its face, or for what the whole of it lacks (which a configuration could still supply, so that the parser does not say it).
function isRefused(each: Case): boolean {
  const it = each.parsed?.effective;
  if (each.parsed === undefined || it === undefined) return false;
  const lonelyFork = it.fork && commandText(each) === "" && (it.remoteCommand ?? "none") === "none" && it.sessionType !== "none";
  return each.parsed.error !== undefined || (lonelyFork === true && !asks(each.parsed));
}

// Only the real ssh knows services by name.
function isUnjudged(each: Case): boolean {
  return each.list.unjudged || typeof each.parsed?.port === "string";
}

function commandText(each: Case): string {
  const start = each.walk.odd ? (each.parsed?.commandIndex ?? 0) : each.walk.command - 1;
  return each.list.words.slice(start).join(" ");
}

function asks(parsed: Parsed): boolean {
  return parsed.effective.asksItself === "V" || parsed.effective.asksItself === "Q";
}

function isPlain(each: Case): each is Case & { parsed: Parsed } {
  return each.parsed !== undefined && !isRefused(each) && !asks(each.parsed) && each.printed?.exitCode === 0;
}

function controlPath(parsed: Parsed): string | undefined {
  // The list follows "-S d", which only another -S can change.
  return parsed.options.findLast((option) => option.letter === "S")?.argument ?? "d";
}

function attaches(parsed: Parsed): boolean {
  return SERVED.includes(controlPath(parsed) ?? "") && !["yes", "ask"].includes(parsed.effective.controlMaster ?? "no");
}

interface Outcome {
  exitCode?: number | undefined;
  asked?: string | undefined;
  proxy?: string | undefined;
}

// What a run with masters at hand should end in; undefined: not compared.
function expectedOutcome(each: Case, parsed: Parsed): Outcome {
  const it = parsed.effective;
  if (isRefused(each)) return { exitCode: 255, asked: "" };
  if (asks(parsed) || it.printsConfiguration) return { exitCode: 0, asked: "" };
  const path = controlPath(parsed) ?? "";
  // With ControlMaster yes or ask a -O is forgotten, and ssh connects.
  if (it.control !== undefined && !["yes", "ask"].includes(it.controlMaster ?? "no")) {
    if (!SERVED.includes(path)) return { exitCode: 255, asked: "" };
    return it.control === "forward" ? {} : { exitCode: 0, asked: `${it.control} on ${path}` };
  }
  if (attaches(parsed)) {
    const forward = it.hasForward ? undefined : "";
    if (forward === undefined) return {};
    // -W of a path came later than 9.2, which opens a session instead.
    if (it.stdioForward?.port === -2) return {};
    if (it.stdioForward !== undefined) {
      const { host, port } = it.stdioForward;
      return { exitCode: 0, asked: typeof port === "number" ? `check on ${path}, stdio ${host}:${port >>> 0} on ${path}` : undefined };
    }
    const flags = [
      it.requestTty === "force" && "tty",
      it.agentSocket === undefined && it.agent === true && "agent",
      it.sessionType === "subsystem" && "subsystem",
    ].filter(Boolean);
    if (it.agentSocket !== undefined) return {};
    return { exitCode: 0, asked: `check on ${path}, session ${flags.join("+")} on ${path}` };
  }
  // With ControlPersist a ProxyCommand's stderr is nobody's.
  if (it.controlPersist !== undefined || typeof (it.port ?? 22) !== "number") return { exitCode: 255, asked: "" };
  const settings = expectedSettings(parsed, USER);
  return {
    exitCode: 255,
    asked: "",
    proxy: mentionsJump(each) ? undefined : `[${settings.get("port")}] [${settings.get("user")}] [${settings.get("hostname")}]`,
  };
}

function describe(asked: Asked): string {
  if (asked.kind === "stdio") return `stdio ${asked.host}:${asked.port} on ${asked.socket}`;
  if (asked.kind !== "session") return `${asked.kind} on ${asked.socket}`;
  const flags = [asked.tty && "tty", asked.agent && "agent", asked.subsystem && "subsystem"].filter(Boolean);
  return `session ${flags.join("+")} on ${asked.socket}`;
}

function proxyLine(run: Run): string | undefined {
  return /^PROXY (.*)$/m.exec(decode(run.output))?.[1];
}

function decode(latin1: string): string {
  return Buffer.from(latin1, "latin1").toString();
}

// ssh joins the command's words with spaces.
function join0(words: Buffer[]): Buffer {
  return Buffer.concat(words.flatMap((word, index) => (index === 0 ? [word] : [Buffer.from(" "), word])));
}

function difference(one: string, other: string): string {
  const lines = new Set(connectionLines(other).split("\n"));
  return connectionLines(one)
    .split("\n")
    .filter((line) => !lines.has(line))
    .join("; ");
}
