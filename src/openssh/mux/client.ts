/**
 * Asks a master one thing over its control socket: alive, stop listening, terminate. Every step has a deadline, so that a stopped
 * process costs a second and no more. It does not judge the answer, and opens no session.
 */
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

/** How long a master may take for hello and for each answer (milliseconds): both are local and cost it nothing. */
export const ANSWER_TIME = 1000;

/**
 * What came of asking. `stage` says how far it got (as docs/protocol.md names the stages), `failure` what stopped it there:
 * none = no such file, refused = nobody listens, busy = its backlog is full (a stopped process), error = another errno (in `detail`).
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

/** MUX_C_STOP_LISTENING: the master unlinks its path, takes no new client, and leaves when its last session ends. */
export function askToStop(path: string, milliseconds = ANSWER_TIME): Promise<MuxResult> {
  return askMaster(path, MUX_C_STOP_LISTENING, milliseconds);
}

/** MUX_C_TERMINATE: the master ends with all its sessions. Its reply gets lost as a rule: the end of the connection is the answer. */
export async function askToEnd(path: string, milliseconds = ANSWER_TIME): Promise<MuxResult> {
  const asked = await askMaster(path, MUX_C_TERMINATE, milliseconds);
  return !asked.ok && asked.stage === "alive" && asked.failure === "eof" ? { ok: true, reply: { type: "ok" } } : asked;
}

/**
 * Connects, says hello, sends one request and gives the reply. Never rejects.
 * @param milliseconds for the whole of it
 */
async function askMaster(path: string, request: Request, milliseconds: number): Promise<MuxResult> {
  // node:net costs 2.4 ms to load; the ordinary way to a new master never comes here.
  const { connect } = await import("node:net");
  return new Promise((resolve) => {
    const reader = new FrameReader();
    let stage: "connect" | "hello" | "alive" = "connect";
    let closed = false;
    const fail = (failure: Exclude<MuxResult, { ok: true }>["failure"], detail = "") => end({ ok: false, stage, failure, detail });
    const socket = connect({ path });
    const timer = setTimeout(() => fail("timeout"), milliseconds);

    function end(asked: MuxResult): void {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      socket.destroy();
      resolve(asked);
    }

    socket.on("connect", () => {
      stage = "hello";
      socket.write(writeHello());
      socket.write(writeRequest(request, 0));
    });
    socket.on("data", (bytes: Uint8Array) => {
      try {
        for (const body of reader.push(bytes)) {
          if (stage === "hello") {
            checkHello(body);
            stage = "alive";
          } else {
            end({ ok: true, reply: readReply(request, 0, body) });
          }
        }
      } catch (error) {
        fail("nonsense", error instanceof Error ? error.message : String(error));
      }
    });
    socket.on("end", () => fail("eof"));
    socket.on("close", () => fail("eof"));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      switch (error.code) {
        case "ENOENT":
          return fail("none");
        case "ECONNREFUSED":
          return fail("refused");
        case "EAGAIN":
          // The listen backlog is full: nobody has accepted for a long time.
          return fail("timeout", "its backlog is full");
        case "ECONNRESET":
        case "EPIPE":
          return fail("eof");
        default:
          return fail("error", error.code ?? error.message);
      }
    });
  });
}
