/**
 * Where everything lies (docs/protocol.md, "Places") and how names and words are written there ("Encoding").
 * It computes names only: it creates nothing, looks at no file, and does not judge whether a directory is safe.
 */

import { decodeStrictUtf8, encodeUtf8 } from "../sys/text.ts";
import { names, ownNames } from "./contract.ts";

/**
 * RUN for this environment and effective uid, by the same rules as the front.
 * Gives undefined where the front would pass (a relative path).
 */
export function runDirectory(env: Record<string, string | undefined>, uid: number): string | undefined {
  const chosen = env.SSHIM_DIR || (env.XDG_RUNTIME_DIR ? `${env.XDG_RUNTIME_DIR}/sshim` : "");
  if (chosen !== "") {
    return chosen.startsWith("/") ? chosen : undefined;
  }
  return env.CI ? `/dev/shm/sshim-${uid}` : `/tmp/sshim-${uid}`;
}

/** The folder with every ticket. */
export function ticketDirectory(run: string): string {
  return `${run}/${names.tickets}`;
}

/** The ticket of the question with this hash. */
export function ticketPath(run: string, hash: string): string {
  return `${run}/${names.tickets}/${hash}`;
}

/** The folder with what is kept for dials. */
export function dialsDirectory(run: string): string {
  return `${run}/${ownNames.dials}`;
}

/** What a dial needs of the judgement that the ticket of this hash says. */
export function dialPath(run: string, hash: string): string {
  return `${run}/${ownNames.dials}/${hash}`;
}

/** The record of the installed ssh's option letters. */
export function lettersPath(run: string): string {
  return `${run}/${ownNames.letters}`;
}

/** The one file whose bytes are the locks. */
export function locksPath(run: string): string {
  return `${run}/locks`;
}

/** The journal that is being written; older ones end in .1 … */
export function journalPath(run: string): string {
  return `${run}/${names.journal}`;
}

/** The folder with one folder a key. */
export function poolsDirectory(run: string): string {
  return `${run}/${names.pools}`;
}

/** The folder of one connection key. */
export function poolDirectory(run: string, key: string): string {
  return `${run}/${names.pools}/${key}`;
}

/** The control socket of a shard in a key's own folder. */
export function socketPath(run: string, key: string, shard: number): string {
  return `${poolDirectory(run, key)}/${shard}`;
}

/** The record of a shard's master; with a pid, of a master that was retired. */
export function recordPath(run: string, key: string, shard: number, retired?: number): string {
  return `${socketPath(run, key, shard)}.m${retired === undefined ? "" : `.${retired}`}`;
}

/** The n-th master's own log at this shard. */
export function logPath(run: string, key: string, shard: number, n: number | string): string {
  return `${socketPath(run, key, shard)}.${n}.log`;
}

/** What the last failed dial for this key, of that connection, wrote on stderr. */
export function failedPath(run: string, key: string, connectionKey: string): string {
  return `${poolDirectory(run, key)}/failed.${connectionKey}`;
}

/** Writes any string as one word: each byte outside `!`…`~`, and `%`, as %XX; the empty string as `%`. */
export function encodeWord(value: string): string {
  if (value === "") {
    return "%";
  }
  if (/^[!-$&-~]+$/.test(value)) {
    return value;
  }
  let word = "";
  for (const byte of encodeUtf8(value)) {
    word += byte > 0x20 && byte < 0x7f && byte !== 0x25 ? String.fromCharCode(byte) : `%${hex(byte, 2).toUpperCase()}`;
  }
  return word;
}

/** Reads a word back. Throws a RangeError when it is no word, or when its bytes are no UTF-8. */
export function decodeWord(word: string): string {
  if (word === "%") {
    return "";
  }
  if (!/^(?:[!-$&-~]|%[0-9A-F]{2})+$/.test(word)) {
    throw new RangeError("cannot read a word: a byte in it is not encoded");
  }
  if (!word.includes("%")) {
    return word;
  }
  const bytes: number[] = [];
  for (let index = 0; index < word.length; index++) {
    if (word[index] === "%") {
      bytes.push(Number.parseInt(word.slice(index + 1, index + 3), 16));
      index += 2;
    } else {
      bytes.push(word.charCodeAt(index));
    }
  }
  const text = decodeStrictUtf8(Uint8Array.from(bytes));
  if (text === undefined) throw new RangeError("cannot read a word: its bytes are not UTF-8");
  return text;
}

/** FNV-1a, 64 bit, over the UTF-8 bytes of a name, as 16 lower-case hex digits. */
export function hashName(name: string): string {
  return hashBytes(encodeUtf8(name));
}

/** FNV-1a, 64 bit, over bytes. In two halves of 32 bits: a BigInt multiplication a byte is twenty times slower. */
export function hashBytes(bytes: Uint8Array): string {
  let high = 0xcbf29ce4;
  let low = 0x84222325;
  for (const byte of bytes) {
    low = (low ^ byte) >>> 0;
    // The prime is 2^40 + 0x1b3: the 2^40 moves the low half into the high one, 8 bits up.
    const product = low * 0x1b3;
    high = (high * 0x1b3 + Math.floor(product / 0x1_0000_0000) + ((low << 8) >>> 0)) >>> 0;
    low = product >>> 0;
  }
  return hex(high, 8) + hex(low, 8);
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, "0");
}
