/** Texts and bytes: UTF-8, strict or not, Latin-1 (a character a byte), hex digits, SHA-256. */
import { sha256 } from "./host.ts";

export { decodeLatin1, decodeStrictUtf8, decodeUtf8, encodeLatin1, encodeUtf8, sha256 } from "./host.ts";

import { encodeUtf8 } from "./host.ts";

/** How many bytes a text has on disk and on the wire. */
export function byteLength(text: string): number {
  return encodeUtf8(text).length;
}

/** The order of their bytes. */
export function compareBytes(one: string, other: string): number {
  const left = encodeUtf8(one);
  const right = encodeUtf8(other);
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const difference = (left[at] as number) - (right[at] as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

/** One after the other. */
export function joinBytes(one: Uint8Array, other: Uint8Array): Uint8Array {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}

/** The first 128 bits of a text's SHA-256, as 32 hex digits. */
export function digest(text: string): string {
  return Array.from(sha256(encodeUtf8(text)).subarray(0, 16), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
