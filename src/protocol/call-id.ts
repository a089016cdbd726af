/** Writes the question as the front does (docs/protocol.md, "The question"): a ticket counts only for the question that it names. */

import { type Environment, mountsOf, networkOf } from "../sys/environment.ts";
import { compareBytes } from "../sys/text.ts";
import { marks, RAW_PREFIX, versions } from "./contract.ts";
import { encodeWord } from "./paths.ts";

/** The question's text. It is the front's own only if its hash is the one that the front named: variables that are not UTF-8 cannot be said here. */
export function composeQuestion(env: Environment, command: boolean, words: readonly string[]): string {
  const said = [`${versions.callId}`, `command=${command ? 1 : 0}`];
  for (const name of ["HOME", "SSH_AUTH_SOCK"]) {
    if (env[name] !== undefined) {
      said.push(`${name}=${env[name]}`);
    }
  }
  const network = networkOf();
  if (network !== undefined) said.push(`network=${network}`);
  const mounts = mountsOf();
  if (mounts !== undefined) said.push(`mounts=${mounts}`);
  const settings = Object.entries(env)
    .filter(([name, value]) => (name === "SSHIM" || name.startsWith("SSHIM_")) && !isLeftOut(name) && value !== undefined)
    .map(([name, value]) => `${name}=${value}`);
  said.push(...settings.sort(compareBytes));
  return [...said, "--", ...words].map(encodeWord).join(" ");
}

/** Variables with our prefix that are no part of it: marks of the front itself, and entries in disguise. */
function isLeftOut(name: string): boolean {
  return marks.some((mark) => mark === name) || name.startsWith(RAW_PREFIX);
}
