/** A command for the remote side that says when it has begun, and goes on when the test lets it: what takes the place of a sleep. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporary } from "./temporary.ts";

export interface Gate {
  command: string;
  begun(): boolean;
  open(): void;
}

/** Makes one; `then` runs after it was let go. */
export function makeGate(then = "exit 5"): Gate {
  const folder = temporary("gate-");
  const [begun, open] = [join(folder, "begun"), join(folder, "open")];
  return {
    command: `echo $$ > ${begun}; n=0; while [ ! -e ${open} ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done; ${then}`,
    begun: () => existsSync(begun) && readFileSync(begun, "utf8").endsWith("\n"),
    open: () => writeFileSync(open, ""),
  };
}
