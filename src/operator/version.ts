/** Says which sshim this is. */
import { writeAll } from "./output.ts";

/** The version of package.json: a test compares them. */
export const VERSION = "0.1.0";

export function showVersion(json: boolean): number {
  writeAll(1, json ? `${JSON.stringify({ version: VERSION })}\n` : `sshim ${VERSION}\n`);
  return 0;
}
