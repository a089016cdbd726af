/** Commands for the remote side that say when they have begun, and go on when the test lets them: what takes the place of a sleep. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { linesOf } from "./files.ts";
import { temporary } from "./temporary.ts";

export interface Gate {
  /** waits at the gate, then does what the gate was made for */
  command: string;
  /** the same before something else */
  before(then: string): string;
  /** how many have begun to wait */
  begun(): number;
  open(): void;
}

/** One gate for all who come: so a test has as many sessions at the same time as it says, on the slowest machine too. */
export function makeGate(then = "exit 5"): Gate {
  const folder = temporary("gate-");
  const [begun, open] = [join(folder, "begun"), join(folder, "open")];
  // Not for ever: a test that failed must leave no session behind.
  const wait = `echo $$ >> ${begun}; n=0; while [ ! -e ${open} ] && [ $n -lt 2400 ]; do sleep 0.05; n=$((n+1)); done`;
  return {
    command: `${wait}; ${then}`,
    before: (other) => `${wait}; ${other}`,
    begun: () => linesOf(begun).length,
    open: () => writeFileSync(open, ""),
  };
}
