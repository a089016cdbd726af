/** Other programs: run to their end, started beside us, ended. */
import * as host from "./host.ts";

export { run, start } from "./host.ts";
export type { Child, Finished, Program } from "./types.ts";

/** Ends a process at once. Not SIGTERM: ssh would unlink a control path that is by now somebody else's. Never throws. */
export function endAtOnce(pid: number): void {
  try {
    host.kill(pid, "SIGKILL");
  } catch {
    // Gone already.
  }
}
