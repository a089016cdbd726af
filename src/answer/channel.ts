/**
 * The conversation with the front on descriptor 3 (docs/protocol.md, "Asking"), and the request that began it.
 * When the front is gone it throws, and the process ends without a last line.
 */
import { type RequestKind, requests } from "../protocol/contract.ts";
import { decodeWord } from "../protocol/paths.ts";
import { exit } from "../sys/environment.ts";
import { read, writeAll } from "../sys/files.ts";
import { byteLength } from "../sys/text.ts";

/** What the front asks: its argv, and the first line of the channel. */
export interface Request {
  readonly kind: RequestKind;
  /** RUN, checked by the front. */
  readonly run: string;
  /** The path of the front itself: every ssh is started through it. */
  readonly clientPath: string;
  readonly callId: string;
  /** The hash of the call id: the name of its ticket. */
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

export interface Channel {
  /** Takes a lock (any of name/0 … name/count-1 when count is above 1), waiting at most so many seconds. */
  lock(name: string, count: number, seconds: number): "got" | "waited" | "busy";
  unlock(name: string): void;
  /** The front waits so many seconds from now for the next line; 0: without end. */
  wait(seconds: number): void;
  /** Hands over a ticket for this one call. */
  ticket(text: string): void;
  /** Sends the reply, and ends the process. */
  finish(reply: Reply): never;
}

/** What the front is to do: look again, become the real ssh, or end. */
export type Reply = "again" | "pass" | `exit ${number}`;

const CHANNEL = 3;

/**
 * Reads `REQUEST run=… front=… … -- words` (what follows `sshim answer`).
 * Throws a RangeError when the request is not one that this version knows.
 */
export function parseRequest(words: readonly string[], callId: string): Request {
  const kind = requests.find((each) => each === words[0]);
  const end = words.indexOf("--");
  if (kind === undefined || end < 0) {
    throw new RangeError(`cannot answer: no request is called ${JSON.stringify(words[0] ?? "")}`);
  }
  const fields = new Map<string, string>();
  for (const word of words.slice(1, end)) {
    const equals = word.indexOf("=");
    fields.set(word.slice(0, equals), word.slice(equals + 1));
  }
  const stage = fields.get("stage");
  const failure = fields.get("failure");
  const detail = fields.get("detail");
  return {
    kind,
    run: need(fields, "run"),
    clientPath: need(fields, "front"),
    callId,
    ticket: need(fields, "ticket"),
    command: fields.get("command") === "1",
    argv0: decodeWord(fields.get("argv0") ?? "ssh"),
    real: decodeWord(need(fields, "real")),
    shard: readNumber(fields.get("shard")),
    ...(stage === undefined ? {} : { stage }),
    ...(failure === undefined ? {} : { failure }),
    attempt: readNumber(fields.get("attempt")),
    ...(detail === undefined ? {} : { detail: decodeWord(detail) }),
    words: words.slice(end + 1),
  };
}

/** The channel to the front that started this process; its first line, the call id, has been read. */
export function openChannel(): Channel & { readonly callId: string } {
  let pending = "";
  const chunk = new Uint8Array(4096);

  function send(text: string): void {
    writeAll(CHANNEL, text);
  }

  function readLine(): string {
    for (;;) {
      const newline = pending.indexOf("\n");
      if (newline >= 0) {
        const line = pending.slice(0, newline);
        pending = pending.slice(newline + 1);
        return line;
      }
      const count = read(CHANNEL, chunk);
      if (count === 0) {
        throw new Error("cannot hear the front: it hung up");
      }
      pending += String.fromCharCode(...chunk.subarray(0, count));
    }
  }

  return {
    callId: readLine(),
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
    finish(reply) {
      send(`${reply}\n`);
      exit(0);
    },
  };
}

function need(fields: ReadonlyMap<string, string>, name: string): string {
  const value = fields.get(name);
  if (value === undefined || value === "") {
    throw new RangeError(`cannot answer: the front did not say ${name}=`);
  }
  return value;
}

function readNumber(text: string | undefined): number {
  return text !== undefined && /^\d{1,9}$/.test(text) ? Number(text) : 0;
}
