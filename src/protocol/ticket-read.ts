/**
 * Reads a ticket back, by the front's own rules (src/front/ticket-parse.c): a line that is not known, a number that is none, a missing
 * `end` make it no ticket. It repairs nothing.
 */

import { readOwnFile } from "../sys/files.ts";
import { decodeStrictUtf8 } from "../sys/text.ts";
import { limits, openings } from "./contract.ts";
import { type Dependency, formatIdentity, readIdentity } from "./dependencies.ts";
import { type Environment, hashVariable } from "./environment.ts";
import { decodeWord, ticketPath } from "./paths.ts";
import type { Action, Session, Target, Ticket } from "./ticket.ts";

/** Reads RUN/t/<hash>; undefined when there is none that is ours alone and whole. */
export function readTicket(run: string, hash: string): Ticket | undefined {
  const bytes = readOwnFile(ticketPath(run, hash), limits.ticketBytes);
  return bytes && parseTicket(bytes);
}

/** Reads the bytes of a ticket; undefined when the front would not take them. */
export function parseTicket(bytes: Uint8Array): Ticket | undefined {
  if (bytes.length > limits.ticketBytes || bytes.includes(0)) {
    return undefined;
  }
  try {
    const lines = (decodeStrictUtf8(bytes) ?? "").split("\n");
    if (lines[0] !== openings.ticket || lines.at(-1) !== "" || lines.indexOf("end") !== lines.length - 2) {
      return undefined;
    }
    return readLines(lines.slice(1, -2));
  } catch {
    return undefined;
  }
}

/** The first dependency that changed since the ticket was written; undefined when it is fresh here and now. */
export function findStale(ticket: Ticket, env: Environment): Dependency | undefined {
  return ticket.dependencies.find((dependency) => isStale(dependency, env));
}

function isStale(dependency: Dependency, env: Environment): boolean {
  switch (dependency.kind) {
    case "file": {
      const found = readIdentity(dependency.path);
      return found === undefined || found === "unknown" || formatIdentity(found) !== formatIdentity(dependency.identity);
    }
    case "nofile":
      return readIdentity(dependency.path) !== undefined;
    case "env":
      return hashVariable(env, dependency.name) !== dependency.hash;
    case "cwd": {
      const found = readIdentity(".");
      return found === undefined || found === "unknown" || found.device !== dependency.device || found.inode !== dependency.inode;
    }
  }
}

/** What the lines say, each kind of it by its name. */
interface TicketLines {
  readonly dependencies: Dependency[];
  readonly accept: string[];
  readonly sendEnv: string[];
  readonly setEnv: string[];
  readonly words: Map<string, string[]>;
  readonly numbers: Map<string, number>;
  once: boolean;
}

/** One word each but `journal` and `stdio`, and how many fields they have. */
const WORDS: Readonly<Record<string, number>> = {
  ...{ lane: 2, reason: 2, key: 2, keydir: 2, socket: 2, socket_option: 2, command: 2, closing: 2, control: 2, tty: 2, question: 2 },
  ...{ journal: 4, stdio: 3 },
};
/** Numbers and the greatest that the front takes. */
const NUMBERS: Readonly<Record<string, number>> = {
  ...{ connect_timeout: Number.MAX_SAFE_INTEGER, shards: Number.MAX_SAFE_INTEGER, limit: Number.MAX_SAFE_INTEGER },
  ...{ persist: Number.MAX_SAFE_INTEGER, max_age: Number.MAX_SAFE_INTEGER, escape: 0xffffffff, loglevel: 0xffffffff },
  ...{ agent: 1, subsystem: 1, stdin_null: 1 },
};

function readLines(lines: readonly string[]): Ticket {
  const said: TicketLines = { dependencies: [], accept: [], sendEnv: [], setEnv: [], words: new Map(), numbers: new Map(), once: false };
  for (const line of lines) {
    readLine(line, said);
  }
  const action = readChoice(word(said, "lane"), ["pass", "attach", "establish", "control"]) as Action;
  const journal = said.words.get("journal");
  const option = said.words.get("socket_option")?.[0];
  return {
    callId: word(said, "question"),
    forThisCallOnly: said.once,
    dependencies: said.dependencies,
    action,
    reason: decodeWord(word(said, "reason")),
    journal: journal && { path: decodeWord(journal[0] ?? ""), limit: readNumber(journal[1] ?? ""), fragment: decodeWord(journal[2] ?? "") },
    socketOption: option === undefined ? undefined : decodeWord(option),
    target: action === "pass" ? undefined : readTarget(said),
  };
}

function readLine(line: string, said: TicketLines): void {
  if (line.startsWith("question ")) {
    said.words.set("question", [line.slice(9)]);
    return;
  }
  const [name = "", ...fields] = line.split(/ +/);
  if (name === "once" && fields.length === 0) {
    said.once = true;
  } else if (["file", "nofile", "env", "cwd"].includes(name)) {
    said.dependencies.push(readDependency(name, fields));
    refuseIf(said.dependencies.length > limits.dependencies);
  } else if (name === "accept" || name === "sendenv" || name === "setenv") {
    const list = name === "accept" ? said.accept : name === "sendenv" ? said.sendEnv : said.setEnv;
    list.push(...fields.map(decodeWord));
    refuseIf(fields.length === 0 || list.length > (name === "accept" ? limits.accepts : limits.variables));
  } else if (WORDS[name] !== undefined) {
    refuseIf(fields.length + 1 !== WORDS[name]);
    said.words.set(name, fields);
  } else {
    readNumbers([name, ...fields], said);
  }
}

function readDependency(kind: string, fields: readonly string[]): Dependency {
  const [first = ""] = fields;
  refuseIf(fields.length !== { file: 6, nofile: 1, env: 2, cwd: 2 }[kind]);
  switch (kind) {
    case "file": {
      const [device, inode, size, seconds, nanoseconds] = fields.slice(1).map(readBig) as [bigint, bigint, bigint, bigint, bigint];
      refuseIf(device < 0n || inode < 0n || size < 0n || nanoseconds < 0n || nanoseconds > 999_999_999n);
      return { kind, path: decodeWord(first), identity: { device, inode, size, seconds, nanoseconds, type: "other" } };
    }
    case "nofile":
      return { kind, path: decodeWord(first) };
    case "env":
      return { kind, name: first, hash: fields[1] ?? "" };
    default:
      return { kind: "cwd", device: readBig(first), inode: readBig(fields[1] ?? "") };
  }
}

/** One or more `name number` in a line. */
function readNumbers(fields: readonly string[], said: TicketLines): void {
  refuseIf(fields.length % 2 !== 0);
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] as string;
    const most = NUMBERS[name];
    const value = readNumber(fields[index + 1] as string);
    refuseIf(most === undefined || value > most);
    said.numbers.set(name, value);
  }
}

function readTarget(said: TicketLines): Target {
  const poolKey = word(said, "key");
  refuseIf(!/^[0-9a-f]{32}$/.test(poolKey));
  const control = said.words.get("control")?.[0];
  const number = (name: string) => said.numbers.get(name) ?? 0;
  return {
    ...{ poolKey, poolDir: decodeWord(word(said, "keydir")), socket: decodeWord(word(said, "socket")), accept: said.accept },
    ...{ shards: number("shards"), limit: number("limit"), persist: number("persist"), maxAge: number("max_age") },
    ...{ connectTimeout: number("connect_timeout"), closing: decodeWord(said.words.get("closing")?.[0] ?? "%") },
    session: readSession(said, number),
    control: control === undefined ? undefined : (readChoice(control, ["check", "other"]) as "check" | "other"),
  };
}

function readSession(said: TicketLines, number: (name: string) => number): Session {
  const stdio = said.words.get("stdio");
  const command = said.words.get("command")?.[0];
  return {
    tty: readChoice(said.words.get("tty")?.[0] ?? "no", ["no", "auto", "yes", "force"]) as Session["tty"],
    ...{ escape: number("escape"), agent: number("agent") === 1, subsystem: number("subsystem") === 1 },
    ...{ stdinNull: number("stdin_null") === 1, logLevel: number("loglevel"), sendEnv: said.sendEnv, setEnv: said.setEnv },
    stdio: stdio && { host: decodeWord(stdio[0] ?? ""), port: readNumber(stdio[1] ?? "") },
    command: command === undefined ? undefined : decodeWord(command),
  };
}

function word(said: TicketLines, name: string): string {
  const found = said.words.get(name)?.[0];
  refuseIf(found === undefined);
  return found as string;
}

function readChoice(text: string, choices: readonly string[]): string {
  refuseIf(!choices.includes(text));
  return text;
}

function readNumber(text: string): number {
  refuseIf(!/^\d{1,16}$/.test(text));
  return Number(text);
}

function readBig(text: string): bigint {
  refuseIf(!/^-?\d{1,20}$/.test(text));
  return BigInt(text);
}

function refuseIf(wrong: boolean): void {
  if (wrong) {
    throw new RangeError("cannot read the ticket: a line is not as it should be");
  }
}
