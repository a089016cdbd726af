/**
 * The frames of OpenSSH's multiplexing protocol that the control plane speaks: hello, alive check,
 * stop listening, terminate. Every length is checked before it is used.
 */
import { decodeUtf8, joinBytes } from "../../sys/text.ts";

/** mux.c's SSHMUX_VER. */
export const SSHMUX_VER = 4;
/** sshbuf's limit for a mux packet: mux.c refuses a longer one. */
export const MAXIMUM_BODY = 262_144;

export const MUX_MSG_HELLO = 0x00000001;
export const MUX_C_ALIVE_CHECK = 0x10000004;
export const MUX_C_TERMINATE = 0x10000005;
export const MUX_C_STOP_LISTENING = 0x10000009;
export const MUX_S_OK = 0x80000001;
export const MUX_S_PERMISSION_DENIED = 0x80000002;
export const MUX_S_FAILURE = 0x80000003;
export const MUX_S_ALIVE = 0x80000005;

/** A request that the control plane sends, by OpenSSH's name. */
export type Request = typeof MUX_C_ALIVE_CHECK | typeof MUX_C_STOP_LISTENING | typeof MUX_C_TERMINATE;

/** What a master answers to a request. `pid` only for MUX_S_ALIVE, `text` only for a refusal. */
export type Reply = { type: "ok" } | { type: "alive"; pid: number } | { type: "denied"; text: string } | { type: "failure"; text: string };

/** Our MUX_MSG_HELLO (mux_client_hello_exchange), without extensions. */
export function writeHello(): Uint8Array {
  return writeFrame(MUX_MSG_HELLO, SSHMUX_VER);
}

/** mux_client_request_alive, _stop_listening, _terminate. `rid` starts at 0. */
export function writeRequest(type: Request, rid: number): Uint8Array {
  return writeFrame(type, rid);
}

/** Throws a RangeError unless this is a whole MUX_MSG_HELLO of our version. */
export function checkHello(body: Uint8Array): void {
  const view = viewOf(body);
  if (body.length < 8 || view.getUint32(0) !== MUX_MSG_HELLO) {
    throw new RangeError("cannot read the master's hello: it is none");
  }
  if (view.getUint32(4) !== SSHMUX_VER) {
    throw new RangeError(`cannot talk to the master: its protocol version is ${view.getUint32(4)}, not ${SSHMUX_VER}`);
  }
  // From 10.3 on name and value of each extension follow, two strings each.
  for (let at = 8; at < body.length; ) {
    at = endOfString(body, endOfString(body, at));
  }
}

/**
 * Reads the reply to `request` with this `rid`. The legal ones (mux_master_process_*):
 * MUX_C_ALIVE_CHECK: MUX_S_ALIVE. MUX_C_STOP_LISTENING, MUX_C_TERMINATE: MUX_S_OK,
 * MUX_S_PERMISSION_DENIED, MUX_S_FAILURE. Throws a RangeError for everything else.
 */
export function readReply(request: Request, rid: number, body: Uint8Array): Reply {
  const view = viewOf(body);
  if (body.length < 8 || view.getUint32(4) !== rid) {
    throw new RangeError("cannot read the master's reply: it is not for this request");
  }
  const type = view.getUint32(0);
  if (type === MUX_S_ALIVE && request === MUX_C_ALIVE_CHECK && body.length >= 12) {
    return { type: "alive", pid: view.getUint32(8) };
  }
  if (type === MUX_S_OK && request !== MUX_C_ALIVE_CHECK) {
    return { type: "ok" };
  }
  if (type === MUX_S_PERMISSION_DENIED || type === MUX_S_FAILURE) {
    const text = decodeUtf8(body.subarray(12, endOfString(body, 8)));
    return { type: type === MUX_S_FAILURE ? "failure" : "denied", text };
  }
  throw new RangeError(`cannot read the master's reply: type 0x${type.toString(16)}`);
}

/** Collects bytes into frames. Throws a RangeError at a length that mux.c would refuse. */
export class FrameReader {
  #pending = new Uint8Array(0);

  /** Adds bytes; gives the bodies that are now complete. */
  push(bytes: Uint8Array): Uint8Array[] {
    const joined = joinBytes(this.#pending, bytes);
    const bodies: Uint8Array[] = [];
    let at = 0;
    while (joined.length - at >= 4) {
      const length = viewOf(joined).getUint32(at);
      if (length < 4 || length > MAXIMUM_BODY) {
        throw new RangeError(`cannot read a frame of the master: its length is ${length}`);
      }
      if (joined.length - at - 4 < length) {
        break;
      }
      bodies.push(joined.subarray(at + 4, at + 4 + length));
      at += 4 + length;
    }
    this.#pending = joined.slice(at);
    return bodies;
  }
}

function writeFrame(type: number, argument: number): Uint8Array {
  const frame = new Uint8Array(12);
  const view = viewOf(frame);
  view.setUint32(0, 8);
  view.setUint32(4, type);
  view.setUint32(8, argument);
  return frame;
}

/** Where the string that starts at `at` ends. */
function endOfString(body: Uint8Array, at: number): number {
  if (body.length - at < 4) {
    throw new RangeError("cannot read the master's words: a string is cut");
  }
  const length = viewOf(body).getUint32(at);
  if (length > body.length - at - 4) {
    throw new RangeError("cannot read the master's words: a string is longer than its frame");
  }
  return at + 4 + length;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
