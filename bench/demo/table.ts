/** Draws the demo's table as plain text. It knows no colour, so that it can be pasted anywhere. */
import type { Burst, Interrupted } from "./scenes.ts";

export interface Column {
  way: { name: string };
  turn: Burst;
  crowd: Burst;
  cut: Interrupted;
}

/** The table with its heading; times are wall-clock time on loopback. */
export function drawTable(version: string, columns: Column[]): string {
  const count = (pick: (column: Column) => Burst) => columns[0] && pick(columns[0]).commands;
  const rows = [
    ["", ...columns.map(({ way }) => way.name)],
    [`${count(({ turn }) => turn)} commands, one after another`, ...columns.map(({ turn }) => seconds(turn.milliseconds))],
    ["  the middle one", ...columns.map(({ turn }) => `${turn.median.toFixed(0)} ms`)],
    ["  handshakes", ...columns.map(({ turn }) => String(turn.handshakes))],
    ["  failed", ...columns.map(({ turn }) => String(turn.failures))],
    [`${count(({ crowd }) => crowd)} callers at once on a cold host`, ...columns.map(({ crowd }) => seconds(crowd.milliseconds))],
    ["  handshakes", ...columns.map(({ crowd }) => String(crowd.handshakes))],
    ["  failed", ...columns.map(({ crowd }) => String(crowd.failures))],
    ["a running command, and -O exit", ...columns.map(({ cut }) => describeCut(cut))],
  ];
  const widths = rows[0]?.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0))) ?? [];
  const lines = rows.map((row) =>
    row.map((cell, index) => (index === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart((widths[index] ?? 0) + 3))).join(""),
  );
  const rule = "-".repeat(lines[0]?.length ?? 0);
  return [`A throw-away sshd on 127.0.0.1, ${version}`, "", lines[0], rule, ...lines.slice(1), "", ...notes()].join("\n");
}

function notes(): string[] {
  return ["Over a real network every handshake costs several round trips more than here.", "Everything that this made is removed again."];
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function describeCut({ finished, exitCode, shared }: Interrupted): string {
  if (!finished) return `cut, exit code ${exitCode ?? "none"}`;
  return shared ? "finished, exit code 0" : "nothing shared to end";
}
