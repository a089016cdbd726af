// Medians and tables. It knows nothing of what was measured.

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

/** Linear interpolation between the two nearest; NaN for no values. */
export function quantile(values: number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = sorted[Math.floor(place)];
  const high = sorted[Math.ceil(place)];
  if (low === undefined || high === undefined) return Number.NaN;
  return low + (high - low) * (place - Math.floor(place));
}

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Columns padded for a terminal; the first row is the head. */
export function formatTable(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0))).join("  "),
  );
  lines.splice(1, 0, widths.map((width) => "-".repeat(width)).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** The same rows as a Markdown table. */
export function formatMarkdown(rows: string[][]): string {
  const [head = [], ...body] = rows;
  return [head, head.map((_, column) => (column === 0 ? "---" : "---:")), ...body].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Three figures or so: 0.412, 5.61, 48.3, 1,030. */
export function round(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString("en-US");
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
