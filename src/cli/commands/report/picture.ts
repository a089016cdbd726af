/** Draws a timeline as one SVG element. Its colours are the page's CSS variables. */
import type { Bar, Mark, Row, Span, Timeline } from "./timeline.ts";

export const WIDTH = 1180;
const LEFT = 210;
const RIGHT = 20;
const TOP = 34;
const TRACK = 7;
const PAD = 5;
const GAP = 9;

/** Milliseconds for one unit of the picture's width. */
export function resolutionOf(from: number, to: number): number {
  return Math.max(1, (to - from) / (WIDTH - LEFT - RIGHT));
}

export function drawTimeline(timeline: Timeline): string {
  const scale = (time: number) => {
    const share = (Math.min(Math.max(time, timeline.from), timeline.to) - timeline.from) / Math.max(1, timeline.to - timeline.from);
    return round(LEFT + share * (WIDTH - LEFT - RIGHT));
  };
  const parts: string[] = [];
  let y = TOP;
  if (timeline.outside.length > 0) {
    parts.push(label(y + 9, "no connection", ""), ...timeline.outside.map((span) => spanRect(span, scale, y + 3, 6)));
    y += 12 + GAP;
  }
  for (const row of timeline.rows) {
    const height = heightOf(row);
    parts.push(drawRow(row, scale, y, height, timeline.to));
    y += height + GAP;
  }
  const bottom = y;
  return [
    `<svg viewBox="0 0 ${WIDTH} ${bottom + 8}" width="${WIDTH}" height="${bottom + 8}" role="img" aria-label="Timeline of masters and sessions" xmlns="http://www.w3.org/2000/svg">`,
    drawAxis(timeline, scale, bottom),
    ...parts,
    "</svg>",
  ].join("\n");
}

function heightOf(row: Row): number {
  return Math.max(2, row.tracks.length) * TRACK + 2 * PAD;
}

function drawRow(row: Row, scale: (time: number) => number, y: number, height: number, end: number): string {
  const name = row.name === "" ? row.key.slice(0, 8) : row.name;
  return [
    label(y + height / 2 + 4, name, `key ${row.key} shard ${row.shard}`, row.shard),
    ...row.bars.map((bar) => barRect(bar, scale, y, height, end)),
    ...row.tracks.flatMap((track, index) => track.map((span) => spanRect(span, scale, y + PAD + index * TRACK + 1, TRACK - 2))),
    ...row.marks.map((mark) => drawMark(mark, scale, y, height)),
  ].join("\n");
}

function label(y: number, name: string, title: string, shard = 0): string {
  const text = name.length > 26 ? `${name.slice(0, 25)}…` : name;
  const extra = shard > 0 ? `<tspan class="faint"> #${shard}</tspan>` : "";
  return `<text x="${LEFT - 10}" y="${round(y)}" text-anchor="end"><title>${escapeText(`${name} ${title}`)}</title>${escapeText(text)}${extra}</text>`;
}

function barRect(bar: Bar, scale: (time: number) => number, y: number, height: number, end: number): string {
  const x = scale(bar.from);
  const x2 = scale(bar.to ?? end);
  const words = [
    `master${bar.pid ? ` pid ${bar.pid}` : ""}`,
    `since ${iso(bar.from)}`,
    bar.reason ? `retired: ${bar.reason}` : "",
    bar.to ? `until ${iso(bar.to)}` : "",
  ];
  const title = `<title>${escapeText(words.filter((word) => word !== "").join(", "))}</title>`;
  const live = `<rect class="${bar.wedged ? "wedged" : "master"}" x="${x}" y="${y}" width="${width(x, x2)}" height="${height}" rx="3">${title}</rect>`;
  if (bar.retired === undefined) return live;
  // A strip along the foot: the next master's bar lies over the rest.
  const from = scale(bar.retired);
  const strip = `<rect class="draining" x="${from}" y="${y + height - PAD + 1}" width="${width(from, x2)}" height="${PAD - 1}">${title}</rect>`;
  return `<rect class="${bar.wedged ? "wedged" : "master"}" x="${x}" y="${y}" width="${width(x, from)}" height="${height}" rx="3">${title}</rect>${strip}`;
}

function spanRect(span: Span, scale: (time: number) => number, y: number, height: number): string {
  const x = scale(span.from);
  const title = span.count > 1 ? `${span.count} sessions` : span.label;
  // What went wrong has to be seen however short it was.
  const least = span.kind === "session" ? 1 : 3;
  return `<rect class="${span.kind}" x="${x}" y="${y}" width="${Math.max(least, width(x, scale(span.to)))}" height="${height}"><title>${escapeText(`${title}, ${iso(span.from)}, ${Math.round(span.to - span.from)} ms`)}</title></rect>`;
}

function drawMark(mark: Mark, scale: (time: number) => number, y: number, height: number): string {
  const x = scale(mark.at);
  const title = `<title>${escapeText(`${mark.label}, ${iso(mark.at)}`)}</title>`;
  const foot = y + height;
  switch (mark.kind) {
    case "dial": {
      const from = scale(mark.from);
      return `<g class="dial">${title}<rect x="${from}" y="${y}" width="${width(from, x)}" height="${height}"/><path d="M${x} ${y - 5}l4 5h-8z"/></g>`;
    }
    case "failed dial":
      return `<g class="failure">${title}<path d="M${x - 4} ${y - 4}l8 8m0 -8l-8 8"/></g>`;
    case "drain":
      return `<g class="drain">${title}<path d="M${x} ${y - 3}V${foot}"/><path d="M${x - 4} ${foot}h8l-4 5z"/></g>`;
    case "quarantine":
      return `<g class="failure">${title}<path d="M${x} ${y - 3}V${foot}"/></g>`;
  }
}

function drawAxis(timeline: Timeline, scale: (time: number) => number, bottom: number): string {
  const step = niceStep(timeline.to - timeline.from);
  const ticks: string[] = [];
  for (let at = Math.ceil(timeline.from / step) * step; at <= timeline.to; at += step) {
    const x = scale(at);
    const days = step >= 86_400_000;
    const text = days ? iso(at).slice(0, 10) : step < 60_000 ? iso(at).slice(11, 19) : iso(at).slice(11, 16);
    ticks.push(
      `<path class="grid" d="M${x} ${TOP - 10}V${bottom}"/><text class="faint" x="${x}" y="${TOP - 15}" text-anchor="middle">${text}</text>`,
    );
  }
  return ticks.join("\n");
}

function niceStep(range: number): number {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 604_800].map(
    (step) => step * 1000,
  );
  return steps.find((step) => range / step <= 12) ?? 2_592_000_000;
}

function width(from: number, to: number): number {
  return Math.max(1, round(to - from));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function iso(time: number): string {
  return new Date(time).toISOString();
}

export function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
