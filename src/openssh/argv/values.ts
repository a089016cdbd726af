// Small values as ssh reads them: ports, escape characters, tunnel units. It looks no name up.
import type { Port } from "./parsed.ts";

/** A port 0 … 65535, a service name, or undefined if it can be neither. Source: misc.c a2port, strtonum. */
export function parsePort(text: string): Port | undefined {
  if (/^[ \t-\r]*[+-]?\d+$/.test(text)) {
    const value = Number(text.trim());
    return value >= 0 && value <= 65535 ? Math.abs(value) : undefined;
  }
  return /[A-Za-z]/.test(text) ? text : undefined;
}

/** An escape character as -e and EscapeChar take it: a byte, "none", or undefined if it is neither. */
export function parseEscape(text: string): number | "none" | undefined {
  if (text === "none") return "none";
  const bytes = Buffer.from(text);
  const first = bytes[0];
  const second = bytes[1];
  if (bytes.length === 1) return first;
  if (bytes.length === 2 && first === 0x5e && second !== undefined && second >= 64 && second < 128) return second & 31;
  return undefined;
}

/** One side of -w: "any" or a number. Source: misc.c a2tun. */
export function isTunnelUnit(text: string): boolean {
  if (lowerCase(text) === "any") return true;
  return /^[ \t-\r]*[+-]?\d+$/.test(text) && Number(text) >= 0 && Number(text) <= 0x7ffffffd;
}

/** As ssh's lowercase() and strcasecmp do it: A to Z only. */
export function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
