/** Where the folders of keys lie: RUN, or the configured `dir` when it is ours alone. It never makes a call fail. */
import { lstatSync, mkdirSync } from "node:fs";

/** The directory to use; RUN whenever the other one is not safe. */
export function chooseBase(run: string, configured: string | undefined, uid: number): string {
  if (configured === undefined || configured === run || !configured.startsWith("/")) {
    return run;
  }
  try {
    mkdirSync(configured, { recursive: true, mode: 0o700 });
    const found = lstatSync(configured);
    return found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0 ? configured : run;
  } catch {
    return run;
  }
}
