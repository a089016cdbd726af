/**
 * Finds the Bun runtimes that npm installed (@oven/bun-*, pinned in package.json) for this machine and for others. Downloads nothing and
 * runs no install script: the program lies in the package as it is.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** The runtime that can run here: { name, path, target, version }. Throws one line when npm left it out. */
export function findBun(root) {
  const names = namesHere();
  const found = names.map((name) => readRuntime(root, name)).find((runtime) => runtime !== undefined);
  if (!found) throw new Error(`cannot build the control plane: no package @oven/${names[0]} (run npm ci without --omit=optional)`);
  return found;
}

/** A runtime by its name, such as "bun-linux-x64-musl", or undefined when its package is not installed. */
export function readRuntime(root, name) {
  const folder = join(root, "node_modules/@oven", name);
  const path = join(folder, "bin/bun");
  if (!existsSync(path)) return undefined;
  return { name, path, target: name, version: JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version };
}

/** The names that suit this machine, best first. */
export function namesHere() {
  const arch = process.arch === "arm64" ? "aarch64" : process.arch;
  const base = `bun-${process.platform}-${arch}`;
  if (process.platform !== "linux") return [base];
  return isMusl() ? [`${base}-musl`] : [base];
}

function isMusl() {
  return process.report.getReport().header.glibcVersionRuntime === undefined;
}
