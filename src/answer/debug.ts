/** Our own words on stderr, which only SSHIM_DEBUG allows: without it not one byte. */
import { writeSync } from "node:fs";
import { CALLER_STDERR } from "../sys/stderr.ts";

/** Says what went wrong, or what is done and why, as one line. */
export function writeDebug(what: unknown): void {
  const asked = process.env.SSHIM_DEBUG;
  if (asked === undefined || ["", "0", "off", "no", "false"].includes(asked)) {
    return;
  }
  const text = what instanceof Error ? (what.stack ?? what.message) : String(what);
  try {
    writeSync(CALLER_STDERR, `sshim: ${text}\n`);
  } catch {
    // A closed stderr is no reason to fail.
  }
}
