// A line chart in SVG, small enough to read in a diff. It knows axes, lines and a legend, nothing else.

export interface Chart {
  x: number;
  width: number;
  height: number;
  title: string;
  across: string;
  lines: { name: string; colour: string; points: (readonly [number, number])[] }[];
}

const margin = { left: 46, right: 12, top: 34, bottom: 64 };

export function wrapSvg(width: number, height: number, content: string): string {
  const style = "text{font:12px sans-serif;fill:#777}.title{font-weight:bold}.grid{stroke:#9994}.axis{stroke:#888}";
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">\n<style>${style}</style>\n${content}\n</svg>\n`;
}

export function drawChart(chart: Chart): string {
  const points = chart.lines.flatMap((line) => line.points);
  const ticks = niceTicks(Math.max(1, ...points.map(([, y]) => y)));
  const [rightmost, highest] = [Math.max(...points.map(([x]) => x)), ticks[ticks.length - 1] ?? 1];
  const across = (x: number) => place(margin.left + (x / rightmost) * (chart.width - margin.left - margin.right));
  const up = (y: number) => place(chart.height - margin.bottom - (y / highest) * (chart.height - margin.top - margin.bottom));
  const [left, right, bottom] = [across(0), across(rightmost), up(0)];
  const parts = [`<g transform="translate(${chart.x} 0)">`, `<text class="title" x="${left}" y="18">${chart.title}</text>`];
  for (const tick of ticks) {
    parts.push(`<line class="grid" x1="${left}" x2="${right}" y1="${up(tick)}" y2="${up(tick)}"/>`);
    parts.push(`<text x="${left - 6}" y="${up(tick) + 4}" text-anchor="end">${tick}</text>`);
  }
  for (const x of labels(points.map(([x]) => x))) parts.push(`<text x="${across(x)}" y="${bottom + 16}" text-anchor="middle">${x}</text>`);
  parts.push(`<line class="axis" x1="${left}" x2="${right}" y1="${bottom}" y2="${bottom}"/>`);
  parts.push(`<text x="${(left + right) / 2}" y="${bottom + 32}" text-anchor="middle">${chart.across}</text>`);
  for (const { colour, points } of chart.lines) {
    parts.push(
      `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${points.map(([x, y]) => `${across(x)},${up(y)}`).join(" ")}"/>`,
    );
    if (points.length < 20) parts.push(...points.map(([x, y]) => `<circle fill="${colour}" cx="${across(x)}" cy="${up(y)}" r="3"/>`));
  }
  let legend = left;
  for (const { name, colour } of chart.lines) {
    parts.push(
      `<rect x="${legend}" y="${bottom + 43}" width="10" height="10" fill="${colour}"/><text x="${legend + 14}" y="${bottom + 52}">${name}</text>`,
    );
    legend += 30 + name.length * 6.6;
  }
  return [...parts, "</g>"].join("\n");
}

function place(value: number): number {
  return Math.round(value * 10) / 10;
}

/** 0 to a round number at or above `most`, in four or five steps. */
function niceTicks(most: number): number[] {
  const rough = most / 4;
  const size = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 2.5, 5, 10].find((factor) => factor * size >= rough) ?? 10) * size;
  return Array.from({ length: Math.ceil(most / step) + 1 }, (_, index) => Math.round(index * step * 1000) / 1000);
}

/** Few distinct values: each that leaves room for the one before. Many: round numbers. */
function labels(values: number[]): number[] {
  const sorted = [...new Set(values)].toSorted((a, b) => a - b);
  if (sorted.length > 12) return niceTicks(sorted[sorted.length - 1] ?? 1).filter((tick) => tick <= (sorted[sorted.length - 1] ?? 1));
  const gap = (sorted[sorted.length - 1] ?? 0) / 12;
  const kept: number[] = [];
  for (const value of sorted) if (kept.length === 0 || value - (kept[kept.length - 1] ?? 0) >= gap) kept.push(value);
  return kept;
}
