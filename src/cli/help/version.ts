/** Says which sshim this is. */
import { environment } from "../../sys/environment.ts";
import { openOutput } from "../output.ts";

/** The version of package.json: a test compares them. */
export const VERSION = "0.1.0";

/** When this version was made, for the manual. */
export const RELEASED = "2026-11-22";

export function showVersion(json: boolean): number {
  openOutput(environment(), json).showNext("version", { version: VERSION }, () => `sshim ${VERSION}\n`);
  return 0;
}
