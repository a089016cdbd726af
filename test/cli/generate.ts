/**
 * Writes what is made from the commands and their values: man page, completions, schema. Run it
 * after a change there; test/house compares.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { toJsonSchemaDefs } from "@valibot/to-json-schema";
import { formatCompletion } from "../../src/cli/help/completions.ts";
import { formatManual } from "../../src/cli/help/manual.ts";
import { parts, values } from "../../src/cli/interface.ts";

/** Paths in the repository and what belongs there. */
export const generated: Readonly<Record<string, () => string>> = {
  "docs/sshim.1": formatManual,
  "docs/interface.schema.json": formatSchema,
  "install/completions/sshim.bash": () => formatCompletion("bash"),
  "install/completions/_sshim": () => formatCompletion("zsh"),
  "install/completions/sshim.fish": () => formatCompletion("fish"),
};

function formatSchema(): string {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "What sshim prints with --json, and a line of its journal (from src/cli/interface.ts)",
    $defs: toJsonSchemaDefs({ ...parts, ...values }, { target: "draft-2020-12" }),
  };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(generated)) {
    const full = join(import.meta.dirname, "../..", path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text());
  }
}
