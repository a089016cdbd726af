/** What is made from a table or a schema is what that table says now. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { generated } from "../cli/generate.ts";
import { repository } from "../support/index.ts";

it.each(Object.keys(generated))("%s is up to date (node --import ./install/typescript.mjs test/cli/generate.ts)", (path) => {
  expect(readFileSync(join(repository, path), "utf8")).toBe(generated[path]?.());
});
