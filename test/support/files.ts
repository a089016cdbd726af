/** What files say, for comparing. */
import { existsSync, readdirSync, readFileSync, readlinkSync, statSync } from "node:fs";
import { join } from "node:path";

/** What a file says, or nothing. */
export const textOf = (path: string): string => (existsSync(path) ? readFileSync(path, "utf8") : "");

/** The lines of a file that remote commands write to; none where it is not there. */
export const linesOf = (path: string): string[] => textOf(path).split("\n").filter(Boolean);

/** What lies below a folder: path → "mode size content" (content up to 4 KiB), links by their target; times and owners are left out. */
export function tree(folder: string): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(folder.length + 1);
    if (entry.isSymbolicLink()) entries[name] = `-> ${readlinkSync(path)}`;
    else if (entry.isDirectory()) entries[name] = `${(statSync(path).mode & 0o777).toString(8)} /`;
    else if (!entry.isFile()) entries[name] = "special";
    else {
      const { mode, size } = statSync(path);
      entries[name] = `${(mode & 0o777).toString(8)} ${size} ${size <= 4096 ? readFileSync(path, "latin1") : ""}`;
    }
  }
  return entries;
}
