/**
 * Links install/musl/standin.c and the objects of GCC's own libstdc++.a that need no C library into the small libstdc++.so.6 of the musl build,
 * and makes sure that nothing which the runtime asks for is missing.
 */
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { importedSymbols, neededLibraries } from "./elf.ts";
import { type Architecture, fail, repository, runProgram } from "./shared.ts";
import { findToolchain } from "./toolchain.ts";

/** `runtime` is the program that will use it. Throws when it would miss a symbol. */
export function linkStandIn(architecture: Architecture, runtime: string, output: string): void {
  const { gcc } = findToolchain(architecture);
  const wanted = importedSymbols(readFileSync(runtime)).filter(isCxx);
  const libraries = neededLibraries(readFileSync(runtime)).filter((name) => !name.startsWith("libc."));
  if (libraries.join() !== "libstdc++.so.6")
    fail(`cannot stand in for ${libraries.join(", ")}: only for libstdc++.so.6 (set by the runtime)`);
  const object = `${output}.o`;
  runProgram(gcc, [
    ...[
      "-std=c11",
      "-D_GNU_SOURCE",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-Wno-builtin-declaration-mismatch",
      "-O2",
      "-fPIC",
      "-fno-stack-protector",
    ],
    ...(architecture === "arm64" ? ["-mno-outline-atomics"] : []),
    ...["-c", "-o", object, join(repository, "install/musl/standin.c")],
  ]);
  const archive = (name: string) => runProgram(gcc, [`-print-file-name=${name}`]).trim();
  runProgram(gcc, [
    ...["-shared", "-nostdlib", "-s", "-Wl,-soname,libstdc++.so.6", "-Wl,-Bsymbolic", "-Wl,--gc-sections", "-Wl,-z,relro,-z,now"],
    ...["-o", output, object, ...wanted.map((name) => `-Wl,-u,${name}`)],
    ...["-Wl,--start-group", archive("libstdc++.a"), archive("libgcc.a"), "-Wl,--end-group"],
  ]);
  rmSync(object);
  const left = importedSymbols(readFileSync(output)).filter(isCxx);
  const offered = new Set(
    runProgram("nm", ["-D", "--defined-only", output])
      .split("\n")
      .map((line) => line.split(" ")[2]),
  );
  const missing = [...left, ...wanted.filter((name) => !offered.has(name))];
  if (missing.length > 0) fail(`cannot link libstdc++.so.6 for ${architecture}: nobody has ${missing.join(", ")}`);
}

/** What belongs to C++ and not to the C library; __cxa_finalize and __cxa_atexit are musl's. */
function isCxx(name: string): boolean {
  return /^(_Z|__cxa_|__dynamic_cast|__once_proxy|__gxx|_Unwind)/.test(name) && !/^__cxa_(finalize|atexit)$/.test(name);
}
