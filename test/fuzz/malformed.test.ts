/** Ten thousand malformed inputs for each of the front's readers, the same ones every time, with the address and undefined-behaviour sanitizers. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporary } from "../support/index.ts";
import { buildReader, exampleFiles, exampleFrames } from "./build.ts";

const COUNT = "10000";
const program = () => buildReader("malformed", ["malformed.c", "readers.c"], ["-fsanitize=address,undefined"]);

function feed(reader: string, examples: string[], seed = "20261122") {
  const { status, stdout, stderr } = spawnSync(program(), [seed, COUNT, reader, ...examples], { encoding: "utf8" });
  return { status, stdout, stderr };
}
const survived = { status: 0, stdout: `${COUNT} inputs\n`, stderr: "" };

describe(`${COUNT} malformed inputs`, () => {
  it("do no harm to the reader of tickets", () => {
    expect(feed("ticket", exampleFiles("tickets"))).toEqual(survived);
  });
  it("do no harm to the reader of records", () => {
    expect(feed("record", exampleFiles("records"))).toEqual(survived);
  });
  it("do no harm to the decoder of frames", () => {
    const folder = temporary();
    const frames = [...exampleFrames()].map(([name, hex]) => ({ name, bytes: Buffer.from(hex, "hex") }));
    // Each by itself, and all that a master may send one after the other.
    const streams = [
      ...frames,
      { name: "conversation", bytes: Buffer.concat(frames.filter(({ name }) => !name.startsWith("bad")).map(({ bytes }) => bytes)) },
    ];
    const files = streams.map(({ name, bytes }) => {
      writeFileSync(join(folder, name), bytes);
      return join(folder, name);
    });
    expect(feed("frames", files)).toEqual(survived);
  });
});
