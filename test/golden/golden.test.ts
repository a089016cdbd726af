/** The examples of this folder through both languages: what is good is taken, what is bad is refused, and the bytes are the same. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readRecord } from "../../src/master/record.ts";
import {
  checkHello,
  FrameReader,
  MUX_C_ALIVE_CHECK,
  MUX_C_STOP_LISTENING,
  MUX_C_TERMINATE,
  readReply,
  writeHello,
  writeRequest,
} from "../../src/openssh/mux/protocol.ts";
import { decodeWord, encodeWord, hashBytes } from "../../src/protocol/paths.ts";
import { buildReader, exampleFrames, goldenFolder } from "../fuzz/build.ts";

const driver = buildReader("golden-driver", ["golden-driver.c"], ["-fsanitize=address,undefined"]);
const ask = (...words: string[]) => execFileSync(driver, words, { encoding: "latin1" }).replace(/\n$/, "");
const rows = (name: string) =>
  readFileSync(join(goldenFolder, name), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(" "));
const bytesOf = (hex: string) => Buffer.from(hex === "-" ? "" : hex, "hex");
const isUtf8 = (bytes: Buffer) => Buffer.from(bytes.toString("utf8")).equals(bytes) && !bytes.includes(0);

describe("tickets and records", () => {
  for (const [kind, reader] of [
    ["tickets", "ticket"],
    ["records", "record"],
  ] as const)
    for (const quality of ["good", "bad"])
      for (const name of readdirSync(join(goldenFolder, kind, quality)))
        it(`${kind}/${quality}/${name} is ${quality} to the front`, () => {
          expect(ask(reader, join(goldenFolder, kind, quality, name))).toBe(quality);
        });

  it("the control plane takes the same records", () => {
    const read = (quality: string, name: string) => readRecord(join(goldenFolder, "records", quality, name));
    const good = readdirSync(join(goldenFolder, "records/good")).filter((name) => name !== "empty.m");
    expect(good.map((name) => [name, read("good", name)?.pid, read("good", name)?.connectionKey])).toEqual(
      good.map((name) => [name, 4242, "00112233445566778899aabbccddeeff"]),
    );
    expect(read("good", "empty.m")).toBeUndefined();
    const bad = readdirSync(join(goldenFolder, "records/bad"));
    expect(bad.filter((name) => read("bad", name) !== undefined)).toEqual([]);
  });
});

describe("words and hashes", () => {
  it("the front encodes and decodes every word", () => {
    for (const [hex = "", word = ""] of rows("words.txt")) {
      const bytes = bytesOf(hex);
      if (bytes.includes(0)) continue;
      expect(ask("word", hex).split("\n")).toEqual([word, bytes.toString("hex")]);
    }
  });
  it("the control plane writes and reads the same words", () => {
    for (const [hex = "", word = ""] of rows("words.txt")) {
      if (!isUtf8(bytesOf(hex))) continue;
      expect(encodeWord(bytesOf(hex).toString())).toBe(word);
      expect(decodeWord(word)).toBe(bytesOf(hex).toString());
    }
  });
  it("both hash alike", () => {
    for (const [hex = "", hash = "", lock = ""] of rows("hashes.txt")) {
      expect([ask("hash", hex), hashBytes(bytesOf(hex))]).toEqual([hash, hash]);
      expect(String(BigInt(`0x${hash}`) & 0x3fff_ffff_ffff_ffffn)).toBe(lock);
    }
  });
});

describe("frames", () => {
  const frames = exampleFrames();
  const expected: Record<string, string> = {
    hello: "00000001 4 0 ",
    "hello-info": "00000001 4 0 ",
    "hello-version-3": "00000001 3 0 ",
    alive: "80000005 0 4242 ",
    "permission-denied": "80000002 1 0 Permission denied",
    failure: "80000003 1 0 Session open refused by peer",
    "session-opened": "80000006 1 2 ",
    "exit-0": "80000004 2 0 ",
    "exit-7": "80000004 2 7 ",
    "exit-255": "80000004 2 255 ",
    "tty-alloc-fail": "80000008 2 0 ",
  };
  it("the front reads what a master may send it", () => {
    expect(Object.keys(expected).map((name) => [name, ask("frame", frames.get(name) as string)])).toEqual(Object.entries(expected));
  });
  it("and waits for the rest of every beginning", () => {
    for (const name of Object.keys(expected)) {
      const hex = frames.get(name) as string;
      for (let bytes = 0; bytes < hex.length / 2; bytes += 3)
        expect(ask("frame", bytes === 0 ? "-" : hex.slice(0, 2 * bytes))).toBe("more");
    }
  });
  it("and refuses the damaged ones", () => {
    const bad = [...frames].filter(([name]) => name.startsWith("bad-"));
    expect(bad.map(([name, hex]) => [name, ask("frame", hex)])).toEqual(bad.map(([name]) => [name, "nonsense"]));
  });
  it("the control plane writes the same requests", () => {
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    expect(hex(writeHello())).toBe(frames.get("hello"));
    expect(hex(writeRequest(MUX_C_ALIVE_CHECK, 0))).toBe(frames.get("alive-check"));
    expect(hex(writeRequest(MUX_C_STOP_LISTENING, 0))).toBe(frames.get("stop-listening"));
    expect(hex(writeRequest(MUX_C_TERMINATE, 0))).toBe(frames.get("terminate"));
  });
  it("and reads the same replies", () => {
    const body = (name: string) => {
      const [only] = new FrameReader().push(bytesOf(frames.get(name) as string));
      return only as Uint8Array;
    };
    expect(() => checkHello(body("hello"))).not.toThrow();
    expect(() => checkHello(body("hello-info"))).not.toThrow();
    expect(() => checkHello(body("hello-version-3"))).toThrow(/version/);
    expect(readReply(MUX_C_ALIVE_CHECK, 0, body("alive"))).toEqual({ type: "alive", pid: 4242 });
    expect(readReply(MUX_C_STOP_LISTENING, 0, body("ok"))).toEqual({ type: "ok" });
    expect(readReply(MUX_C_STOP_LISTENING, 1, body("failure"))).toEqual({ type: "failure", text: "Session open refused by peer" });
    expect(() => readReply(MUX_C_ALIVE_CHECK, 7, body("alive"))).toThrow(RangeError);
    for (const name of ["bad-alive-short", "bad-failure-text", "bad-unknown-type"])
      expect(() => readReply(MUX_C_ALIVE_CHECK, 0, body(name))).toThrow(RangeError);
    for (const name of ["bad-oversized", "bad-huge", "bad-empty"])
      expect(() => new FrameReader().push(bytesOf(frames.get(name) as string))).toThrow(RangeError);
  });
});
