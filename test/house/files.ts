/** Lists and reads the project's own files for the house tests: what git knows plus what it does not ignore. Changes nothing. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../support/tools.ts";

export interface Source {
  /** relative to the repository */
  path: string;
  text: string;
}

/** Files below the given folders ("" is all) whose names end in one of `endings`. A tree without git is listed by `find`. */
export function projectFiles(folders: string[], endings: string[]): Source[] {
  return listPaths()
    .filter((path) => folders.some((folder) => path.startsWith(folder)) && endings.some((ending) => path.endsWith(ending)))
    .filter((path) => existsSync(join(repository, path)) && statSync(join(repository, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }));
}

/** Number of lines as an editor shows it. */
export function countLines(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}

function listPaths(): string[] {
  const run = (command: string, args: string[]) => execFileSync(command, args, { cwd: repository, encoding: "utf8", maxBuffer: 1 << 26 });
  if (existsSync(join(repository, ".git"))) return run("git", ["ls-files", "-co", "--exclude-standard", "-z"]).split("\0").filter(Boolean);
  const pruned = ["node_modules", "build", "bin", "dist"].flatMap((folder) => ["-path", `./${folder}`, "-prune", "-o"]);
  return run("find", [".", ...pruned, "-type", "f", "-print"])
    .split("\n")
    .filter(Boolean)
    .map((path) => path.slice(2));
}
