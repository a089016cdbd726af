/**
 * The report's page in a real headless Chromium: self-contained, drawn, readable in light and dark.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { inflateSync } from "node:zlib";
import { beforeAll, describe, expect, it } from "vitest";
import { makeTimeline } from "../../src/cli/commands/report/timeline.ts";
import { findProgram, freshRun, run, runSshim, temporary } from "../support/index.ts";
import { control, madeUp, session, writeJournal } from "./support/synthetic.ts";

let page: string;
let html: string;

beforeAll(async () => {
  const directory = freshRun();
  writeJournal(directory, madeUp(Date.now()));
  page = join(temporary(), "report.html");
  const result = await runSshim(["report", "--since", "2h", "--html", page], { run: directory });
  expect(result.exitCode).toBe(1);
  html = readFileSync(page, "utf8");
});

describe("the page", () => {
  it("needs nothing but itself: no script, no address, no file", () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|@import|url\(|src=|href=/i);
    expect(
      [...html.matchAll(/https?:\/\/[^"' <]+/g)].map(([address]) => address).filter((address) => address !== "http://www.w3.org/2000/svg"),
    ).toEqual([]);
  });

  it("lets no text of the journal become markup", async () => {
    const directory = freshRun();
    const name = '<script>alert("x")</script>@<b>&"h:22';
    writeJournal(directory, [
      session(Date.now() - 5000, { destination: name, outcome: "lost", code: 255, stage: "opened", failure: "eof" }),
    ]);
    const file = join(temporary(), "x.html");
    await runSshim(["report", "--html", file], { run: directory });
    expect(readFileSync(file, "utf8")).not.toMatch(/<script|<b>&"/);
  });

  it("is written for an empty journal as well", async () => {
    const file = join(temporary(), "empty.html");
    const result = await runSshim(["report", "--html", file], { run: freshRun() });
    expect(result.exitCode).toBe(0);
    expect(readFileSync(file, "utf8")).toContain("Nothing broke");
  });
});

describe("the timeline", () => {
  const start = Date.parse("2026-11-20T12:00:00.000Z");
  const line = (events: Parameters<typeof makeTimeline>[0], live: number[] = []) =>
    makeTimeline(events, start, start + 100_000, 100, new Set(live));

  it("ends a retired master with its last session, a vanished one after its last use, and a live one not at all", () => {
    const dial = (at: number, pid: number, shard: number) => control(start + at, { event: "dial", outcome: "ok", pid, shard, ms: 100 });
    const { rows } = line(
      [
        ...[dial(1000, 1, 0), dial(1000, 2, 1), dial(1000, 3, 2)],
        session(start + 60_000, { ms: 50_000 }),
        control(start + 20_000, { event: "retire", reason: "exit", outcome: "retired", pid: 1, sessions: 1 }),
        session(start + 5000, { ms: 100, shard: 1 }),
        session(start + 5000, { ms: 100, shard: 2 }),
      ],
      [3],
    );
    expect(
      rows.map(({ bars }) => bars.map(({ from, retired, to }) => [from - start, retired && retired - start, to && to - start])),
    ).toEqual([[[1000, 20_000, 60_000]], [[1000, undefined, 5000]], [[1000, undefined, undefined]]]);
    expect(rows[0]?.marks.map(({ kind }) => kind)).toEqual(["dial", "drain"]);
  });

  it("puts sessions that overlap on tracks of their own, joins those too close to tell apart, and never hides one that broke", () => {
    const many = Array.from({ length: 1000 }, (_, index) => session(start + 1000 + index * 10, { ms: 5 }));
    const broken = session(start + 3000, { ms: 1, outcome: "lost", code: 255, stage: "opened", failure: "eof" });
    const long = session(start + 50_000, { ms: 49_000 });
    const [row] = line([...many, broken, long]).rows;
    const spans = row?.tracks.flat() ?? [];
    expect(spans.length).toBeLessThan(10);
    expect(spans.reduce((sum, { count }) => sum + count, 0)).toBe(1002);
    expect(spans.filter(({ kind }) => kind === "broken")).toHaveLength(1);
    for (const track of row?.tracks ?? []) {
      for (const [index, span] of track.entries()) expect(span.from).toBeGreaterThanOrEqual(track[index - 1]?.to ?? 0);
    }
  });

  it("leaves out what was over before it begins, and says how many connections it does not show", () => {
    expect(line([session(start - 1000, { ms: 10 }), control(start - 5000, { event: "dial", outcome: "failed" })]).rows).toEqual([]);
    const crowd = Array.from({ length: 70 }, (_, index) => session(start + 500, { key: index.toString(16).padStart(32, "0"), ms: 10 }));
    expect(line(crowd)).toMatchObject({ left_out: 10 });
  });
});

describe.skipIf(!findProgram("chromium"))("in Chromium", () => {
  const quiet = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ];
  const chromium = (args: string[]) => {
    const profile = temporary("chromium-");
    return run("real", [...quiet, `--user-data-dir=${profile}`, ...args, pathToFileURL(page).href], {
      program: findProgram("chromium"),
      home: profile,
    });
  };

  it("is parsed without a correction, with its picture laid out", async () => {
    const shown = await chromium(["--dump-dom", "--virtual-time-budget=1000"]);
    const dom = shown.stdout.toString();
    expect(dom).toContain('<svg viewBox="0 0 1180 ');
    for (const kind of ["master", "draining", "session", "broken", "remote255", "dial", "drain", "failure"])
      expect(dom).toContain(`class="${kind}"`);
    expect(dom.match(/<rect/g)?.length).toBe(html.match(/<rect/g)?.length);
    expect(dom).toContain("deploy@db.example.com:2222");
  });

  it.each([
    ["light", "1", (brightness: number) => brightness > 200],
    ["dark", "0", (brightness: number) => brightness < 60],
  ])("has a %s paper with the picture's colours on it", async (name, scheme, isRight) => {
    const file = join(temporary(), `${name}.png`);
    await chromium([
      `--blink-settings=preferredColorScheme=${scheme}`,
      "--window-size=1280,900",
      "--hide-scrollbars",
      `--screenshot=${file}`,
    ]);
    expect(existsSync(file)).toBe(true);
    const picture = readPng(readFileSync(file));
    const paper = picture.at(5, 5);
    expect(isRight((paper[0] + paper[1] + paper[2]) / 3)).toBe(true);
    const colours = picture.count();
    const wanted =
      name === "light"
        ? { session: "1f6feb", master: "d3e4f8", broken: "cf222e", ink: "1b1f24" }
        : { session: "58a6ff", master: "17304f", broken: "ff6b66", ink: "e6edf3" };
    for (const [what, colour] of Object.entries(wanted)) expect([what, (colours.get(colour) ?? 0) > 20]).toEqual([what, true]);
  });
});

/** Reads an 8-bit RGB or RGBA PNG, as Chromium writes it. */
function readPng(bytes: Buffer): { at: (x: number, y: number) => [number, number, number]; count: () => Map<string, number> } {
  const width = bytes.readUInt32BE(16);
  const height = bytes.readUInt32BE(20);
  const channels = bytes[25] === 6 ? 4 : 3;
  const parts: Buffer[] = [];
  for (let at = 8; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString("latin1", at + 4, at + 8) === "IDAT") parts.push(bytes.subarray(at + 8, at + 8 + length));
    at += length + 12;
  }
  const pixels = unfilter(inflateSync(Buffer.concat(parts)), width * channels, height, channels);
  const at = (x: number, y: number): [number, number, number] => {
    const start = (y * width + x) * channels;
    return [pixels[start] ?? 0, pixels[start + 1] ?? 0, pixels[start + 2] ?? 0];
  };
  const count = () => {
    const colours = new Map<string, number>();
    for (let start = 0; start < pixels.length; start += channels) {
      const colour = Buffer.from(pixels.subarray(start, start + 3)).toString("hex");
      colours.set(colour, (colours.get(colour) ?? 0) + 1);
    }
    return colours;
  };
  return { at, count };
}

/** The five filters of the PNG specification, section 9. */
function unfilter(raw: Buffer, stride: number, height: number, channels: number): Uint8Array {
  const out = new Uint8Array(stride * height);
  for (let row = 0; row < height; row++) {
    const filter = raw[row * (stride + 1)];
    for (let column = 0; column < stride; column++) {
      const left = column >= channels ? (out[row * stride + column - channels] ?? 0) : 0;
      const above = row > 0 ? (out[(row - 1) * stride + column] ?? 0) : 0;
      const corner = row > 0 && column >= channels ? (out[(row - 1) * stride + column - channels] ?? 0) : 0;
      const guess =
        filter === 1 ? left : filter === 2 ? above : filter === 3 ? (left + above) >> 1 : filter === 4 ? paeth(left, above, corner) : 0;
      out[row * stride + column] = ((raw[row * (stride + 1) + 1 + column] ?? 0) + guess) & 255;
    }
  }
  return out;
}

function paeth(left: number, above: number, corner: number): number {
  const guess = left + above - corner;
  const [toLeft, toAbove, toCorner] = [Math.abs(guess - left), Math.abs(guess - above), Math.abs(guess - corner)];
  return toLeft <= toAbove && toLeft <= toCorner ? left : toAbove <= toCorner ? above : corner;
}
