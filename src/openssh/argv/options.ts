/**
 * The one table of ssh's option letters: which exist and which take an argument, in which OpenSSH.
 * The front's header is made from it.
 */

/** An OpenSSH version: [major, minor], e.g. [9, 2] of "OpenSSH_9.2p1". */
export type Version = readonly [major: number, minor: number];

/** "flag" takes no argument, "argument" takes one, "absent" is a usage error. */
export type Arity = "flag" | "argument" | "absent";

// ssh.c main(), the string of its getopt: the same from 8.4 to 9.3 but for VARYING.
const FLAGS = "1246ACGKMNTVXYafgknqstvxy";
const WITH_ARGUMENT = "BDEFIJLOQRSWbceilmopw";

interface Change {
  letter: string;
  before: Arity;
  since: Version;
  now: Arity;
}

const VARYING: readonly Change[] = [
  { letter: "P", before: "flag", since: [9, 4], now: "argument" }, // from "use a privileged port", ignored, to a tag
  { letter: "Z", before: "absent", since: [10, 5], now: "flag" }, // dumps public keys
];

/** Newer than everything: what the front assumes where it has not been told. */
export const NEWEST: Version = [Number.MAX_SAFE_INTEGER, 0];

/** The letters in getopt's own form: a colon after a letter that takes an argument. */
export function lettersOf(version: Version = NEWEST): string {
  let flags = FLAGS;
  let withArgument = WITH_ARGUMENT;
  for (const change of VARYING) {
    const arity = isAtLeast(version, change.since) ? change.now : change.before;
    if (arity === "flag") flags += change.letter;
    if (arity === "argument") withArgument += change.letter;
  }
  return flags + [...withArgument].map((letter) => `${letter}:`).join("");
}

/** Letters whose arity differs between versions. */
export function varyingLetters(): string {
  return VARYING.map((change) => change.letter).join("");
}

/** Of "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL …"; undefined if it is another program's. */
export function parseVersion(text: string): Version | undefined {
  const match = /^OpenSSH(?:_for_Windows)?_(\d{1,4})\.(\d{1,4})/m.exec(text);
  return match ? [Number(match[1]), Number(match[2])] : undefined;
}

/** How one letter is written, by a string of lettersOf(). */
export function arityOf(letters: string, letter: string): Arity {
  if (letter === ":" || letter.length !== 1) return "absent";
  const at = letters.indexOf(letter);
  if (at < 0) return "absent";
  return letters[at + 1] === ":" ? "argument" : "flag";
}

function isAtLeast(version: Version, wanted: Version): boolean {
  return version[0] > wanted[0] || (version[0] === wanted[0] && version[1] >= wanted[1]);
}
