/**
 * Finds what compiles C for an architecture. The machine's own is musl-gcc; for arm64 on x64 it is Debian's cross compiler with the headers and the
 * C library of Debian's musl for arm64, unpacked into the cache and never installed.
 */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Architecture, cache, fail, machineOf, repository, runProgram } from "./shared.ts";

export interface Toolchain {
  /** gcc for this architecture, with glibc's headers: for shared objects that bring no C library */
  gcc: string;
  /** a compiler and its flags that make a static program with musl */
  command: string;
  before: string[];
  after: string[];
  /** a folder with musl's loader, for running what was built under qemu-user */
  musl: string;
}

/** Throws one line that names the package when a compiler is missing. */
export function findToolchain(architecture: Architecture): Toolchain {
  if (process.arch === architecture) {
    needProgram("musl-gcc", "musl-tools");
    needLibrary("gcc", "g++");
    return { gcc: "gcc", command: "musl-gcc", before: ["-static"], after: [], musl: "/" };
  }
  const machine = machineOf[architecture];
  const gcc = `${machine}-linux-gnu-gcc`;
  const debian = `g++-${machine.replace("_", "-")}-linux-gnu`;
  needLibrary(gcc, debian);
  const musl = fetchMusl(architecture);
  const library = join(musl, `usr/lib/${machine}-linux-musl`);
  const include = runProgram(gcc, ["-print-file-name=include"]).trim();
  const libgcc = runProgram(gcc, ["-print-libgcc-file-name"]).trim();
  return {
    gcc,
    command: gcc,
    before: [
      ...["-nostdinc", "-isystem", join(musl, `usr/include/${machine}-linux-musl`), "-isystem", include],
      ...["-static", "-no-pie", "-fno-pie", "-nostdlib", ...(architecture === "arm64" ? ["-mno-outline-atomics"] : [])],
      ...[join(library, "crt1.o"), join(library, "crti.o")],
    ],
    after: ["-Wl,--start-group", join(library, "libc.a"), libgcc, "-Wl,--end-group", join(library, "crtn.o")],
    musl,
  };
}

/** Debian's musl and musl-dev of another architecture, unpacked, by an apt of its own lists: no root, nothing of this system changes. */
function fetchMusl(architecture: Architecture): string {
  const folder = join(cache, `musl-${architecture}`);
  const root = join(folder, "root");
  if (existsSync(root)) return root;
  rmSync(folder, { recursive: true, force: true });
  for (const name of ["lists/partial", "cache/archives/partial"]) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, "status"), "");
  const places = {
    State: folder,
    "State::lists": join(folder, "lists"),
    "State::status": join(folder, "status"),
    Cache: join(folder, "cache"),
  };
  const options = Object.entries(places).map(([name, path]) => `-oDir::${name}=${path}`);
  const apt = (...words: string[]) =>
    runProgram("apt-get", ["-q", `-oAPT::Architecture=${architecture}`, "-oAPT::Sandbox::User=root", ...options, ...words], {
      cwd: folder,
    });
  apt("update");
  apt("download", "musl", "musl-dev");
  const packages = readdirSync(folder).filter((name) => name.endsWith(".deb"));
  const staged = join(folder, "staged");
  for (const name of packages) runProgram("dpkg-deb", ["-x", join(folder, name), staged]);
  runProgram("mv", [staged, root]);
  return root;
}

function needProgram(name: string, debian: string): void {
  const folders = (process.env.PATH ?? "").split(":");
  if (!folders.some((folder) => existsSync(join(folder, name))))
    fail(`cannot release from ${repository}: no ${name} (install Debian's package ${debian})`);
}

/** The archive that the small libstdc++.so.6 is linked from comes with the C++ compiler, not with gcc. */
function needLibrary(gcc: string, debian: string): void {
  needProgram(gcc, debian);
  if (!runProgram(gcc, ["-print-file-name=libstdc++.a"]).startsWith("/"))
    fail(`cannot release from ${repository}: no libstdc++.a (install Debian's package ${debian})`);
}
