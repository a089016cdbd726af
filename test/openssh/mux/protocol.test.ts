/** The control plane's frames against the golden ones, which were written from mux.c and not from this code. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  checkHello,
  FrameReader,
  MAXIMUM_BODY,
  MUX_C_ALIVE_CHECK,
  MUX_C_STOP_LISTENING,
  MUX_C_TERMINATE,
  readReply,
  writeHello,
  writeRequest,
} from "../../../src/openssh/mux/protocol.ts";

const golden = new Map(
  readFileSync(join(import.meta.dirname, "../../golden/mux-frames.txt"), "utf8")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line): [string, Buffer] => {
      const [name, hex] = line.split(" ");
      return [name as string, Buffer.from(hex as string, "hex")];
    }),
);

const frame = (name: string) => golden.get(name) as Buffer;
const body = (name: string) => new FrameReader().push(frame(name))[0] as Uint8Array;

describe("what is sent", () => {
  test("is what OpenSSH's own client sends", () => {
    expect(Buffer.from(writeHello())).toEqual(frame("hello"));
    expect(Buffer.from(writeRequest(MUX_C_ALIVE_CHECK, 0))).toEqual(frame("alive-check"));
    expect(Buffer.from(writeRequest(MUX_C_STOP_LISTENING, 0))).toEqual(frame("stop-listening"));
    expect(Buffer.from(writeRequest(MUX_C_TERMINATE, 0))).toEqual(frame("terminate"));
  });
});

describe("a hello", () => {
  test("is taken with and without extensions", () => {
    checkHello(body("hello"));
    checkHello(body("hello-info"));
  });
  test("of another version is refused", () => expect(() => checkHello(body("hello-version-3"))).toThrow(/version is 3/));
  test("that is another message is refused", () => expect(() => checkHello(body("alive"))).toThrow(/it is none/));
  test("with a cut extension is refused", () => {
    const whole = body("hello-info");
    for (let length = 9; length < whole.length; length++) expect(() => checkHello(whole.subarray(0, length))).toThrow(RangeError);
  });
});

describe("a reply", () => {
  test("to an alive check names the pid", () => {
    expect(readReply(MUX_C_ALIVE_CHECK, 0, body("alive"))).toEqual({ type: "alive", pid: 4242 });
  });
  test("that says OK ends a stop and a terminate, but is none to an alive check", () => {
    expect(readReply(MUX_C_STOP_LISTENING, 0, body("ok"))).toEqual({ type: "ok" });
    expect(readReply(MUX_C_TERMINATE, 0, body("ok"))).toEqual({ type: "ok" });
    expect(() => readReply(MUX_C_ALIVE_CHECK, 0, body("ok"))).toThrow(RangeError);
  });
  test("that refuses says why", () => {
    expect(readReply(MUX_C_STOP_LISTENING, 1, body("permission-denied"))).toEqual({ type: "denied", text: "Permission denied" });
    expect(readReply(MUX_C_STOP_LISTENING, 1, body("failure"))).toEqual({ type: "failure", text: "Session open refused by peer" });
  });
  test("to another request is refused", () => expect(() => readReply(MUX_C_STOP_LISTENING, 7, body("ok"))).toThrow(/not for this request/));
  test.each(["bad-alive-short", "bad-failure-text", "bad-unknown-type", "session-opened"])("of the kind %s is refused", (name) => {
    for (const request of [MUX_C_ALIVE_CHECK, MUX_C_STOP_LISTENING, MUX_C_TERMINATE] as const) {
      for (const rid of [0, 1]) expect(() => readReply(request, rid, body(name))).toThrow(RangeError);
    }
  });
});

describe("frames", () => {
  test("are put together from single bytes, however they come", () => {
    const all = Buffer.concat([frame("hello-info"), frame("alive"), frame("ok")]);
    for (const size of [1, 3, 7, all.length]) {
      const reader = new FrameReader();
      const bodies: Uint8Array[] = [];
      for (let at = 0; at < all.length; at += size) bodies.push(...reader.push(all.subarray(at, at + size)));
      expect(bodies.map((each) => Buffer.from(each).toString("hex"))).toEqual(
        ["hello-info", "alive", "ok"].map((name) => frame(name).subarray(4).toString("hex")),
      );
    }
  });
  test.each(["bad-empty", "bad-short-type", "bad-oversized", "bad-huge"])("of a length that mux.c refuses are refused: %s", (name) => {
    expect(() => new FrameReader().push(frame(name))).toThrow(/length/);
  });
  test("of the greatest length are waited for", () => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(MAXIMUM_BODY);
    expect(new FrameReader().push(head)).toEqual([]);
  });
});
