/** Reads one value of a setting from TOML or from the environment; refuses rather than guesses. */

/** What a value may be: how it is read, and how it is called when it cannot be. */
export type Kind = "boolean" | "duration" | "fraction" | "count" | "size" | "path" | "word" | "exit";

export type Read = { ok: true; value: boolean | number | string } | { ok: false; why: string };

/**
 * Reads `raw` (a TOML value, or a string of the environment) as `kind`; durations are whole seconds
 * (rounded up, but for "fraction"), sizes bytes. `range` bounds numbers, both ends allowed. Never
 * throws.
 */
export function readValue(raw: unknown, kind: Kind, range: readonly [number, number] = [0, Number.MAX_SAFE_INTEGER]): Read {
  if (kind === "boolean") return readBoolean(raw);
  if (kind === "path" || kind === "word") return readText(raw, kind);
  if (kind === "exit") {
    return raw === "drain" || raw === "hard" ? { ok: true, value: raw } : { ok: false, why: `${show(raw)} is neither "drain" nor "hard"` };
  }
  const value = kind === "count" ? readCount(raw) : kind === "size" ? readSize(raw) : readDuration(raw);
  if (value === undefined) return { ok: false, why: `${show(raw)} is ${wanted[kind]}` };
  if (value < range[0] || value > range[1]) return { ok: false, why: `${show(raw)} is not between ${range[0]} and ${range[1]}` };
  return { ok: true, value: kind === "duration" ? Math.ceil(value) : value };
}

/** Seconds of `90`, `"30m"`, `"1h30m"`, `"500ms"` (sshd_config(5) TIME FORMATS, and `ms`). */
export function readDuration(raw: unknown): number | undefined {
  if (typeof raw === "bigint") return readDuration(Number(raw));
  if (typeof raw === "number") return Number.isFinite(raw) && raw >= 0 ? raw : undefined;
  if (typeof raw !== "string") return undefined;
  const text = raw.trim().toLowerCase();
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  if (!/^(\d+(\.\d+)?(ms|[smhdw]))+$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, number, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhdw])/g)) seconds += Number(number) * (unitSeconds[unit ?? "s"] ?? 1);
  return seconds;
}

const unitSeconds: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

const wanted = {
  duration: 'not a duration (seconds, or "30m", "2s", "1h")',
  fraction: 'not a duration (seconds, or "500ms", "2s", "1m")',
  count: "not a whole number",
  size: 'not a size (bytes, or "512K", "10M", "1G")',
} as const;

function readBoolean(raw: unknown): Read {
  if (typeof raw === "boolean") return { ok: true, value: raw };
  const word = typeof raw === "string" ? raw.trim().toLowerCase() : raw;
  if (word === "on" || word === "yes" || word === "true" || word === "1" || word === 1) return { ok: true, value: true };
  if (word === "off" || word === "no" || word === "false" || word === "0" || word === 0) return { ok: true, value: false };
  return { ok: false, why: `${show(raw)} is neither on nor off` };
}

function readText(raw: unknown, kind: "path" | "word"): Read {
  if (raw === false && kind === "path") return { ok: true, value: "off" };
  if (typeof raw !== "string") return { ok: false, why: `${show(raw)} is not text` };
  if (raw === "") return { ok: false, why: "it is empty" };
  if (raw.includes("\n") || raw.includes("\0")) return { ok: false, why: "it holds a newline or a NUL" };
  return { ok: true, value: raw };
}

function readCount(raw: unknown): number | undefined {
  const value = typeof raw === "string" && /^\d+$/.test(raw.trim()) ? Number(raw) : typeof raw === "bigint" ? Number(raw) : raw;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
}

function readSize(raw: unknown): number | undefined {
  if (typeof raw !== "string") return readCount(raw);
  const parts = /^(\d+)\s*([kmg]?)(i?b)?$/i.exec(raw.trim());
  if (!parts) return undefined;
  const power = ["", "k", "m", "g"].indexOf((parts[2] ?? "").toLowerCase());
  return Number(parts[1]) * 1024 ** power;
}

function show(raw: unknown): string {
  if (typeof raw === "bigint") return raw.toString();
  const text = JSON.stringify(raw) ?? String(raw);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
