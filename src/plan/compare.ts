/**
 * May a caller use the master that it finds at its own ControlPath? What the caller says beyond
 * OpenSSH's defaults must be what the master was made with; what it leaves unsaid, the path says.
 */
import { hashName } from "../protocol/paths.ts";
import type { KeyParts } from "./key.ts";

/** What a master was made with, in its record: hashes, since that has 4096 bytes. */
export type MasterAttributes = {
  readonly lines: string;
  readonly extras: string;
  readonly files: string;
};

export type Comparison =
  /** Says nothing that the master is not. */
  | "compatible"
  /** The same options, but an identity file was replaced since: the master is to be made anew. */
  | "rotated"
  /** Another host, user, identity, agent …: never on this connection. */
  | "other";

const DIGITS = 16;
/** What a caller always says, by naming the destination. */
const ALWAYS_SAID: readonly string[] = ["user", "hostname"];

/** What the record of a master made from these parts says of it. */
export function attributesOf(parts: KeyParts): MasterAttributes {
  return { lines: hashAll(parts.lines), extras: hashAll(parts.extras), files: hashAll(parts.files) };
}

/**
 * Compares a caller with the attributes in a record. `defaults` are the lines of `ssh -G -F none
 * <host>`.
 */
export function compareWithMaster(caller: KeyParts, attributes: Partial<MasterAttributes>, defaults: readonly string[]): Comparison {
  const lines = readHashes(attributes.lines);
  const extras = readHashes(attributes.extras);
  const files = readHashes(attributes.files);
  const unsaid = new Set(defaults);
  const said = caller.lines.filter((line) => !unsaid.has(line) || ALWAYS_SAID.includes(keywordOf(line)));
  if (!said.every((line) => lines.has(hashName(line)))) {
    return "other";
  }
  if (!caller.extras.every((line) => extras.has(hashName(line)))) {
    return "other";
  }
  // Identities that the caller did not name are the master's business.
  const namesFiles = said.some((line) => ["identityfile", "certificatefile"].includes(keywordOf(line)));
  return !namesFiles || caller.files.every((line) => files.has(hashName(line))) ? "compatible" : "rotated";
}

function keywordOf(line: string): string {
  return line.slice(0, line.indexOf(" "));
}

function hashAll(lines: readonly string[]): string {
  return lines.map(hashName).join("");
}

function readHashes(text: string | undefined): Set<string> {
  const hashes = new Set<string>();
  for (let index = 0; text !== undefined && index + DIGITS <= text.length; index += DIGITS) {
    hashes.add(text.slice(index, index + DIGITS));
  }
  return hashes;
}
