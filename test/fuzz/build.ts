/** Compiles the front's readers with what feeds them, sanitized, into build/test. It builds nothing that is installed. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from "node:fs";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../..");
const front = join(repository, "src/front");
const readers = ["ticket-parse.c", "mux.c", "encode.c", "record.c"].map((file) => join(front, file));
const folder = join(repository, "build/test");

export const goldenFolder = join(repository, "test/golden");

/** The examples of one kind, good and bad. */
export function exampleFiles(kind: "tickets" | "records"): string[] {
  return ["good", "bad"].flatMap((quality) =>
    readdirSync(join(goldenFolder, kind, quality)).map((name) => join(goldenFolder, kind, quality, name)),
  );
}

/** The frames of mux-frames.txt by their names. */
export function exampleFrames(): Map<string, string> {
  const lines = readFileSync(join(goldenFolder, "mux-frames.txt"), "utf8").split("\n");
  return new Map(lines.filter((line) => line && !line.startsWith("#")).map((line) => line.split(" ") as [string, string]));
}

/** Builds `name` from test/fuzz/<file> and the readers, unless it is there for the same sources; gives its path. */
export function buildReader(name: string, files: readonly string[], flags: readonly string[], compiler = "cc"): string {
  const sources = [...files.map((file) => join(import.meta.dirname, file)), ...readers];
  const content = createHash("sha256").update(flags.join(" "));
  const headers = readdirSync(front).filter((file) => file.endsWith(".h"));
  for (const file of [...sources, ...headers.map((header) => join(front, header))]) content.update(readFileSync(file));
  const program = join(folder, `${name}-${content.digest("hex").slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const words = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-g", "-O1", "-fno-sanitize-recover=all", ...flags];
  execFileSync(compiler, [...words, `-I${front}`, `-I${import.meta.dirname}`, "-o", unfinished, ...sources], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  renameSync(unfinished, program);
  return program;
}
