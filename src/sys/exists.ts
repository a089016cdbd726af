/** Tells whether a name is taken, also by a link that leads nowhere. It follows nothing. */
import { lstatSync } from "node:fs";

/** lstat(2) finds something; what cannot be looked at is not there. */
export function exists(path: string): boolean {
  try {
    lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
