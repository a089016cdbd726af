/** Compiles the front for an architecture, static with musl, so that one file runs on Debian, Alpine and a bare container. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { type Architecture, cache, repository, say } from "./shared.ts";
import { findToolchain } from "./toolchain.ts";

interface Build {
  frontSources(): string[];
  compile(command: string, flags: string[], sources: string[], output: string): void;
}

/** As install/needs.mjs has them for this machine's own build. */
const small = ["-Os", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"];
const linker = ["-s", "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,-z,noseparate-code", "-Wl,-z,norelro", "-flto"];
const flags = ["-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", ...small, ...linker];

/** Gives the path of the program. Throws one line when it cannot be compiled. */
export async function buildFrontFor(architecture: Architecture): Promise<string> {
  const { compile, frontSources } = (await import(join(repository, "install/build.mjs"))) as Build;
  const { command, before, after } = findToolchain(architecture);
  const output = join(cache, architecture, "ssh");
  compile(command, [...flags, ...before], [...frontSources(), ...after], output);
  say(`front, ${architecture}: ${Math.ceil(statSync(output).size / 1024)} KB`);
  return output;
}
