// The bars: what was asked for, what was measured, and by how much it was met or missed. It measures nothing.
import { round } from "./statistics.ts";

export interface Figure {
  what: string;
  /** the measured figure, with its unit's factor left out: ratios are plain numbers */
  measured: number;
  unit: string;
  bar: number;
  aim: number;
  /** at most (the figure should be small) or at least */
  direction: "most" | "least";
  /** both sides of a ratio in words, for instance "2.9 ms to 6.9 ms" */
  detail: string;
}

/** What was measured without a bar. */
export interface Remark {
  what: string;
  detail: string;
}

export interface Report {
  figures: Figure[];
  remarks: Remark[];
}

export function isMet(figure: Figure, limit: number): boolean {
  return figure.direction === "most" ? figure.measured <= limit : figure.measured >= limit;
}

/** Rows for a table, the head first. */
export function formatFigures(figures: Figure[]): string[][] {
  return [["what", "bar", "aim", "measured", "", "from"], ...figures.map(formatFigure)];
}

function formatFigure(figure: Figure): string[] {
  const sign = figure.direction === "most" ? "≤" : "≥";
  const limit = (value: number) => (value === 0 ? "0" : `${sign} ${value}${figure.unit}`);
  return [figure.what, limit(figure.bar), limit(figure.aim), `${round(figure.measured)}${figure.unit}`, judge(figure), figure.detail];
}

function judge(figure: Figure): string {
  if (!Number.isFinite(figure.measured)) return "NOT MEASURED";
  if (isMet(figure, figure.aim)) return "aim met";
  const distance = (limit: number) =>
    limit === 0 ? `by ${round(figure.measured)}${figure.unit}` : `by ${round(Math.abs(figure.measured / limit - 1) * 100)} %`;
  if (isMet(figure, figure.bar)) return `met, aim missed ${distance(figure.aim)}`;
  return `MISSED ${distance(figure.bar)}`;
}
