/**
 * Formats the C sources as .clang-format says; with --check it changes nothing and exits with 1 where one is not formatted.
 * clang-format's package has binaries for some machines only: elsewhere the C sources are left as they are, and it says so.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const program = join(root, "node_modules/clang-format/bin", `${process.platform}_${process.arch}`, "clang-format");

function findSources() {
  return ["src/front", "test", "bench", "install"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true })
      .filter((name) => /\.[ch]$/.test(name))
      .map((name) => join(folder, name))
      .sort(),
  );
}

if (existsSync(program)) {
  const mode = process.argv.includes("--check") ? ["--dry-run", "-Werror"] : ["-i"];
  const done = spawnSync(program, [...mode, ...findSources()], { cwd: root, stdio: "inherit" });
  process.exitCode = done.status ?? 1;
} else {
  process.stderr.write(`not checked: the format of C sources (no clang-format for ${process.platform} ${process.arch})\n`);
}
