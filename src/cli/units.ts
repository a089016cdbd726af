/** Times and amounts as people read and write them. */
import { readDuration } from "../config/values.ts";
import { UserError } from "../fault.ts";

/** `3s`, `4m12s`, `2h05m`, `3d4h` */
export function formatSeconds(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  if (whole < 60) return `${whole}s`;
  if (whole < 3600) return `${Math.floor(whole / 60)}m${pad(whole % 60)}s`;
  if (whole < 86_400) return `${Math.floor(whole / 3600)}h${pad(Math.floor((whole % 3600) / 60))}m`;
  return `${Math.floor(whole / 86_400)}d${Math.floor((whole % 86_400) / 3600)}h`;
}

/** `0.8 ms`, `42 ms`, `3.1 s`, `4m12s` */
export function formatMilliseconds(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return formatSeconds(ms / 1000);
}

/** `1 session`, `2 sessions` */
export function countOf(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

/** A moment from `--since`: `24h` ago, `90` seconds ago, or an ISO time. Gives ISO, UTC. */
export function readSince(text: string, now: Date): string {
  const ago = readDuration(text);
  // Longer ago than clocks go is everything.
  if (ago !== undefined) return new Date(Math.max(0, now.getTime() - ago * 1000)).toISOString();
  const moment = new Date(text);
  if (/^\d{4}-\d\d-\d\d/.test(text) && !Number.isNaN(moment.getTime())) return moment.toISOString();
  throw new UserError(
    "usage",
    `cannot read --since: ${JSON.stringify(text)} is neither a duration ("24h") nor a time ("2026-11-22T01:00:00Z")`,
  );
}

/** Seconds from an option such as `--wait 60s`. */
export function readSeconds(name: string, text: string): number {
  const seconds = readDuration(text);
  if (seconds === undefined) throw new UserError("usage", `cannot read --${name}: ${JSON.stringify(text)} is not a duration ("60s", "2m")`);
  return seconds;
}

/** The value below which a share of the sorted values lies (nearest rank). */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))];
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
