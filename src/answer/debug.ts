/** Our own words on stderr, which only SSHIM_DEBUG allows: without it not one byte. */
import { environment } from "../sys/environment.ts";
import { writeAll } from "../sys/files.ts";
import { CALLER_STDERR } from "../sys/terminal.ts";

/** Says what went wrong, or what is done and why, as one line. */
export function writeDebug(what: unknown): void {
  const asked = environment().SSHIM_DEBUG;
  if (asked === undefined || ["", "0", "off", "no", "false"].includes(asked)) {
    return;
  }
  const text = what instanceof Error ? (what.stack ?? what.message) : String(what);
  try {
    writeAll(CALLER_STDERR, `sshim: ${text}\n`);
  } catch {
    // A closed stderr is no reason to fail.
  }
}
