/**
 * Asks a master one thing over its control socket: alive, stop listening, terminate. All of it has
 * a deadline, so that a stopped process costs a second and no more.
 */
import { type Talk, talk } from "../../sys/sockets.ts";
import { joinBytes } from "../../sys/text.ts";
import {
  checkHello,
  FrameReader,
  MUX_C_ALIVE_CHECK,
  MUX_C_STOP_LISTENING,
  MUX_C_TERMINATE,
  type Reply,
  type Request,
  readReply,
  writeHello,
  writeRequest,
} from "./protocol.ts";

/** Milliseconds for hello and answer: both are local and cost a master nothing. */
export const ANSWER_TIME = 1000;

/**
 * What came of asking. `stage` says how far it got (as docs/protocol.md names the stages),
 * `failure` what stopped it there: none = no such file, refused = nobody listens, busy = its
 * backlog is full (a stopped process), error = another errno (in `detail`).
 */
export type MuxResult =
  | { ok: true; reply: Reply }
  | {
      ok: false;
      stage: "connect" | "hello" | "alive";
      failure: "none" | "refused" | "error" | "eof" | "timeout" | "nonsense";
      detail: string;
    };

/** MUX_C_ALIVE_CHECK: gives the pid of the master. */
export function askAlive(path: string, milliseconds = ANSWER_TIME): Promise<MuxResult> {
  return askMaster(path, MUX_C_ALIVE_CHECK, milliseconds);
}

/** MUX_C_STOP_LISTENING: it unlinks its path, and leaves when its last session ends. */
export function askToStop(path: string, milliseconds = ANSWER_TIME): Promise<MuxResult> {
  return askMaster(path, MUX_C_STOP_LISTENING, milliseconds);
}

/** MUX_C_TERMINATE: it ends with its sessions. The reply is mostly lost: then the end is one. */
export async function askToEnd(path: string, milliseconds = ANSWER_TIME): Promise<MuxResult> {
  const asked = await askMaster(path, MUX_C_TERMINATE, milliseconds);
  return !asked.ok && asked.stage === "alive" && asked.failure === "eof" ? { ok: true, reply: { type: "ok" } } : asked;
}

/**
 * Connects, says hello, sends one request and gives the reply. Never rejects.
 * @param milliseconds for the whole of it
 */
async function askMaster(path: string, request: Request, milliseconds: number): Promise<MuxResult> {
  const reader = new FrameReader();
  let stage: "hello" | "alive" = "hello";
  let reply: Reply | undefined;
  let nonsense: string | undefined;
  const take = (bytes: Uint8Array): boolean => {
    try {
      for (const body of reader.push(bytes)) {
        if (stage === "hello") {
          checkHello(body);
          stage = "alive";
        } else {
          reply ??= readReply(request, 0, body);
        }
      }
    } catch (error) {
      nonsense = error instanceof Error ? error.message : String(error);
    }
    return reply !== undefined || nonsense !== undefined;
  };
  const talked = await talk(path, joinBytes(writeHello(), writeRequest(request, 0)), milliseconds, take);
  if (reply !== undefined) return { ok: true, reply };
  const reached = talked.connected ? stage : "connect";
  if (nonsense !== undefined) return { ok: false, stage: reached, failure: "nonsense", detail: nonsense };
  return { ok: false, stage: reached, ...failureOf(talked) };
}

function failureOf({ end, error }: Talk): Pick<Exclude<MuxResult, { ok: true }>, "failure" | "detail"> {
  if (end === "late") return { failure: "timeout", detail: "" };
  switch (error) {
    case "ENOENT":
      return { failure: "none", detail: "" };
    case "ECONNREFUSED":
      return { failure: "refused", detail: "" };
    case "EAGAIN":
      // The listen backlog is full: nobody has accepted for a long time.
      return { failure: "timeout", detail: "its backlog is full" };
    case undefined:
    case "ECONNRESET":
    case "EPIPE":
      return { failure: "eof", detail: "" };
    default:
      return { failure: "error", detail: error };
  }
}
