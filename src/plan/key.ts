/**
 * The connection key: everything that makes one connection differ from another, as a hash, and the parts it is made of.
 * It leaves out only what concerns one session; an option nobody thought of splits the key.
 */

import type { Resolved } from "../openssh/ssh-g.ts";
import { type FileIdentity, formatIdentity } from "../protocol/dependencies.ts";
import { digest } from "../sys/text.ts";

/** What goes into a key. */
export interface KeyParts {
  /** `keyword value` of ssh -G, one a keyword (a list's values joined by a line feed). */
  readonly lines: readonly string[];
  /** What -G does not say: agent, -F, scope, ticket cache, variables, working directory: `name value`. */
  readonly extras: readonly string[];
  /** `path dev ino size seconds nanoseconds` of identity and certificate files. */
  readonly files: readonly string[];
}

/** Lines that concern one session only, or forwards, which no master of ours ever has. */
const OF_ONE_SESSION: ReadonlySet<string> = new Set([
  "batchmode",
  "clearallforwardings",
  "connectionattempts",
  "connecttimeout",
  "controlmaster",
  "controlpath",
  "controlpersist",
  "dynamicforward",
  "escapechar",
  "exitonforwardfailure",
  "forkafterauthentication",
  "localcommand",
  "localforward",
  "loglevel",
  "logverbose",
  "permitlocalcommand",
  "remotecommand",
  "remoteforward",
  "requesttty",
  "sendenv",
  "sessiontype",
  "setenv",
  "stdinnull",
]);

/** The lines of ssh -G that a connection is made of. */
export function connectionLines(resolved: Resolved): string[] {
  return [...resolved].filter(([keyword]) => !OF_ONE_SESSION.has(keyword)).map(([keyword, values]) => `${keyword} ${values.join("\n")}`);
}

/** A file of the key. */
export function fileLine(path: string, identity: FileIdentity): string {
  return `${path} ${formatIdentity(identity)}`;
}

/** The connection key, 32 hex digits. */
export function connectionKeyOf(parts: KeyParts): string {
  return digest(["connection", ...parts.lines, "beyond", ...parts.extras, "files", ...parts.files].join("\0"));
}

/** The key of a caller's own ControlPath (docs/protocol.md, "Places"). */
export function poolKeyOf(path: string): string {
  return digest(`path\0${path}`);
}
