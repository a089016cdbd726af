/** Compares what `npm pack` fetched with the sums in package-lock.json: `npm ci` does so by itself, `npm pack` does not. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fail, repository } from "./shared.ts";

interface Lock {
  packages: Record<string, { integrity?: string }>;
}

/** Throws one line unless `file` has the sha512 that package-lock.json has for the package. To be called before it is unpacked. */
export function checkIntegrity(name: string, file: string, lock: Lock = readLock()): void {
  const wanted = lock.packages[`node_modules/${name}`]?.integrity;
  if (!wanted?.startsWith("sha512-")) fail(`cannot use ${name}: package-lock.json has no sha512 of it`);
  const sum = createHash("sha512").update(readFileSync(file)).digest("base64");
  if (`sha512-${sum}` !== wanted) fail(`cannot use ${file}: its sha512 is not that of ${name} in package-lock.json`);
}

function readLock(): Lock {
  return JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as Lock;
}
