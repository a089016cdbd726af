/** Looks at files that may be gone at any moment: nothing here throws, what is not there is empty. */
import { readdirSync, readFileSync, statSync } from "node:fs";

/** The names in a folder. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

export function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** mtime in milliseconds of the epoch; undefined where there is nothing. */
export function modifiedAt(path: string): number | undefined {
  try {
    return statSync(path).mtimeMs;
  } catch {
    return undefined;
  }
}
