/** Writes what is made from the table of commands: docs/sshim.1, install/completions. Run it after a change there; a test compares. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { formatCompletion } from "../../src/cli/help/completions.ts";
import { formatManual } from "../../src/cli/help/manual.ts";

/** Paths in the repository and what belongs there. */
export const generated: Readonly<Record<string, () => string>> = {
  "docs/sshim.1": formatManual,
  "install/completions/sshim.bash": () => formatCompletion("bash"),
  "install/completions/_sshim": () => formatCompletion("zsh"),
  "install/completions/sshim.fish": () => formatCompletion("fish"),
};

if (process.argv[1] === import.meta.filename) {
  for (const [path, text] of Object.entries(generated)) {
    const full = join(import.meta.dirname, "../..", path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, text());
  }
}
