/** Stand-ins that write down each of their starts and hand on to the real program. */
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linesOf } from "./files.ts";
import { realProgram, shellQuote } from "./run.ts";
import { backdate, temporary } from "./temporary.ts";

/** One for the control plane, by SSHIM_CONTROL; the starts are the questions that it was asked. */
export function countControl(program: string): { env: Record<string, string>; starts(): string[] } {
  const folder = temporary("count-");
  const [script, log] = [join(folder, "sshim"), join(folder, "starts")];
  writeFileSync(script, `#!/bin/sh\necho "$2" >> ${shellQuote(log)}\nexec ${shellQuote(program)} "$@"\n`);
  chmodSync(script, 0o755);
  return { env: { SSHIM_CONTROL: script }, starts: () => linesOf(log) };
}

/**
 * One for the real ssh, by SSHIM_REAL_SSH; the starts are the words of those that may lead to a connection, with `all` also of those that
 * only ask it something (-G, -V).
 */
export function countingSsh(all = false): { env: { SSHIM_REAL_SSH: string }; starts: () => string[] } {
  const folder = temporary();
  const program = join(folder, "ssh");
  const log = join(folder, "starts");
  const asks = all ? "-" : `*" -G "* | *" -V "*`;
  writeFileSync(program, `#!/bin/sh\ncase " $* " in ${asks}) ;; *) echo "$*" >> ${log} ;; esac\nexec ${realProgram} "$@"\n`);
  chmodSync(program, 0o755);
  backdate(program);
  return { env: { SSHIM_REAL_SSH: program }, starts: () => linesOf(log) };
}
