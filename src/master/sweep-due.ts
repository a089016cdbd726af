/** Tells whether it is time to sweep, by the mtime of one file, so that a dial pays one stat(2) for it as a rule. It sweeps nothing. */
import { statSync, utimesSync, writeFileSync } from "node:fs";

/** Seconds between two sweeps. */
const EVERY = 300;

/** True once in a while: whoever gets it has to sweep. Never throws. */
export function isSweepDue(run: string, now = Date.now()): boolean {
  const mark = `${run}/swept`;
  try {
    // A clock that jumped back must not put it off for ever.
    if (Math.abs(now - statSync(mark).mtimeMs) < EVERY * 1000) return false;
    utimesSync(mark, now / 1000, now / 1000);
    return true;
  } catch {
    return makeMark(mark);
  }
}

function makeMark(mark: string): boolean {
  try {
    writeFileSync(mark, "", { mode: 0o600, flag: "wx" });
  } catch {
    // Somebody else was first, or nothing can be written: then there is nothing to sweep either.
  }
  return false;
}
