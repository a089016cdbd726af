/**
 * Examples of what sshim prints, kept in test/cli/golden. SSHIM_TEST_GOLDEN=write writes them anew:
 * then read the difference.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";

/** Compares a value with its example. */
export function golden(name: string, value: unknown): void {
  const path = join(import.meta.dirname, "../golden", `${name}.json`);
  if (process.env.SSHIM_TEST_GOLDEN === "write") writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`);
  expect(JSON.parse(JSON.stringify(value))).toEqual(JSON.parse(readFileSync(path, "utf8")));
}
