/**
 * The programs that tests and the demo may start: those of install/needs.mjs. Importing it makes a folder of links to them the whole of PATH, so
 * that one that is not declared there is found on no machine, not even on the one whose maker has it.
 */
import { existsSync, realpathSync } from "node:fs";
import { join, resolve } from "node:path";
import { declaredPrograms, linkPrograms } from "../../install/needs.mjs";

/** The folder of the repository. */
export const repository = resolve(import.meta.dirname, "../..");

/** The folder of links. */
export const systemPath = process.env.SSHIM_TEST_PROGRAMS || linkPrograms(join(repository, "build/programs"));
process.env.PATH = systemPath;

const declared = new Set(declaredPrograms());

/** The path of a declared program; undefined where this machine does not have it, so that its tests are skipped by name. */
export function findProgram(name: string): string | undefined {
  if (!declared.has(name)) throw new Error(`${name} is not declared in install/needs.mjs`);
  const path = join(systemPath, name);
  return existsSync(path) ? path : undefined;
}

/** The same, past the folder of links: where the system has it. */
export function realPath(name: string): string | undefined {
  const path = findProgram(name);
  return path && realpathSync(path);
}
