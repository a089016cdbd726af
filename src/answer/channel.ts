/**
 * The conversation with the front on descriptor 3 (docs/protocol.md, "Asking"), and the question as it came in argv.
 * It carries words both ways and judges nothing; when the front is gone it throws, and the process ends without a last line.
 */
import { decodeWord } from "../protocol/paths.ts";
import { exit } from "../sys/environment.ts";
import { read, writeAll } from "../sys/files.ts";
import { byteLength } from "../sys/text.ts";

/** What the front asks. */
export type Question = "resolve" | "dial" | "heal" | "control" | "letters";

/** A question of the front, as its argv says it. */
export interface Asking {
  readonly question: Question;
  /** RUN, checked by the front. */
  readonly run: string;
  /** The path of the front itself: every ssh is started through it. */
  readonly front: string;
  /** The hash of the caller's question: the name of its ticket. */
  readonly ticket: string;
  /** Whether the caller gave a command. */
  readonly command: boolean;
  /** The caller's argv[0]. */
  readonly argv0: string;
  /** The real ssh. */
  readonly real: string;
  readonly shard: number;
  /** Where in the protocol something failed, and how; only for `dial` and `heal`. */
  readonly stage?: string;
  readonly failure?: string;
  readonly attempt: number;
  readonly detail?: string;
  /** The caller's argv[1] … up to the command. */
  readonly words: readonly string[];
}

/** The front's side of the line, as an answer sees it. */
export interface Front {
  /** Takes a lock (any of name/0 … name/count-1 when count is above 1), waiting at most so many seconds. */
  lock(name: string, count: number, seconds: number): "got" | "waited" | "busy";
  unlock(name: string): void;
  /** The front waits so many seconds from now for the next line; 0: without end. */
  wait(seconds: number): void;
  /** Hands over a ticket for this one call. */
  ticket(text: string): void;
  /** Says the last line and ends the process. */
  finish(verdict: "again" | "pass" | `exit ${number}`): never;
}

const LINE = 3;
const QUESTIONS: readonly string[] = ["resolve", "dial", "heal", "control", "letters"];

/**
 * Reads `QUESTION run=… front=… … -- words` (what follows `sshim answer`).
 * Throws a RangeError when the question is not one that this version knows.
 */
export function parseAsking(words: readonly string[]): Asking {
  const question = words[0] ?? "";
  const end = words.indexOf("--");
  if (!QUESTIONS.includes(question) || end < 0) {
    throw new RangeError(`cannot answer: ${question === "" ? "no question" : `no question is called ${question}`}`);
  }
  const said = new Map<string, string>();
  for (const word of words.slice(1, end)) {
    const equals = word.indexOf("=");
    said.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const stage = said.get("stage");
  const failure = said.get("failure");
  const detail = said.get("detail");
  return {
    question: question as Question,
    run: need(said, "run"),
    front: need(said, "front"),
    ticket: said.get("ticket") ?? "",
    command: said.get("command") === "1",
    argv0: decodeWord(said.get("argv0") ?? "ssh"),
    real: decodeWord(need(said, "real")),
    shard: readNumber(said.get("shard")),
    ...(stage === undefined ? {} : { stage }),
    ...(failure === undefined ? {} : { failure }),
    attempt: readNumber(said.get("attempt")),
    ...(detail === undefined ? {} : { detail: decodeWord(detail) }),
    words: words.slice(end + 1),
  };
}

/** The line to the front that started this process, on descriptor 3. */
export function openLine(): Front {
  let pending = "";
  const chunk = new Uint8Array(256);

  function send(text: string): void {
    writeAll(LINE, text);
  }

  function readLine(): string {
    for (;;) {
      const newline = pending.indexOf("\n");
      if (newline >= 0) {
        const line = pending.slice(0, newline);
        pending = pending.slice(newline + 1);
        return line;
      }
      const count = read(LINE, chunk);
      if (count === 0) {
        throw new Error("cannot hear the front: it hung up");
      }
      pending += String.fromCharCode(...chunk.subarray(0, count));
    }
  }

  return {
    lock(name, count, seconds) {
      send(`lock ${name} ${count} ${seconds}\n`);
      const reply = readLine();
      switch (reply) {
        case "locked 0":
          return "got";
        case "locked 1":
          return "waited";
        case "busy":
          return "busy";
        default:
          throw new Error(`cannot understand the front: it said ${JSON.stringify(reply)} to a lock`);
      }
    },
    unlock: (name) => send(`unlock ${name}\n`),
    wait: (seconds) => send(`wait ${seconds}\n`),
    ticket: (text) => send(`ticket ${byteLength(text)}\n${text}`),
    finish(verdict) {
      send(`${verdict}\n`);
      exit(0);
    },
  };
}

function need(said: ReadonlyMap<string, string>, name: string): string {
  const value = said.get(name);
  if (value === undefined || value === "") {
    throw new RangeError(`cannot answer: the front did not say ${name}=`);
  }
  return value;
}

function readNumber(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
