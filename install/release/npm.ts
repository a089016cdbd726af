/**
 * Packs the npm packages: `sshim`, which holds a launcher and the scripts, and one package a platform with the programs, of which npm installs the one
 * that fits (os, cpu, libc). No package has an install script.
 */
import { chmodSync, copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { copyCompanions, copyProgram, megabytes } from "./archive.ts";
import { architectures, type Built, type Libc, repository, runProgram, say } from "./shared.ts";

const common = { license: "MIT", engines: { node: ">=20" }, homepage: "https://www.npmjs.com/package/sshim" };

/** One tarball a libc, and the main package's (the same every time). */
export function packNpm(built: Built): void {
  for (const libc of ["glibc", "musl"] as const) packPlatform(built, libc);
  packMain(built);
}

/** The name of a platform's package; the launcher composes it in the same way. */
export function platformPackage(architecture: string, libc: Libc): string {
  return `@sshim/linux-${architecture}${libc === "musl" ? "-musl" : ""}`;
}

function packPlatform({ architecture, version, dist, front, ...folders }: Built, libc: Libc): void {
  const name = platformPackage(architecture, libc);
  const folder = join(dist, "npm-package");
  copyProgram(front, join(folder, "bin/ssh"));
  copyProgram(join(folders[libc], "bin/sshim-control"), join(folder, "bin/sshim-control"));
  if (libc === "musl") copyProgram(join(folders.musl, "lib/sshim/libstdc++.so.6"), join(folder, "lib/sshim/libstdc++.so.6"));
  copyFileSync(join(repository, "LICENSE"), join(folder, "LICENSE"));
  writeFileSync(
    join(folder, "README.md"),
    `# ${name}\n\nThe programs of sshim for Linux on ${architecture} with ${libc}. Install the package \`sshim\` instead.\n`,
  );
  const description = `The programs of sshim for Linux, ${architecture}, ${libc}`;
  writePackage(folder, { name, version, description, os: ["linux"], cpu: [architecture], libc: [libc], preferUnplugged: true });
  pack(folder, dist);
}

function packMain({ version, dist }: Built): void {
  const folder = join(dist, "npm-package");
  const { description } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { description: string };
  copyCompanions(folder);
  copyFileSync(join(repository, "install/npm/sshim.mjs"), join(folder, "sshim.mjs"));
  chmodSync(join(folder, "sshim.mjs"), 0o755);
  const platforms = architectures.flatMap((architecture) => [
    platformPackage(architecture, "glibc"),
    platformPackage(architecture, "musl"),
  ]);
  const optionalDependencies = Object.fromEntries(platforms.map((name) => [name, version]));
  writePackage(folder, { name: "sshim", version, description, type: "module", bin: { sshim: "sshim.mjs" }, optionalDependencies });
  pack(folder, dist);
}

function writePackage(folder: string, facts: Record<string, unknown>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "package.json"), `${JSON.stringify({ ...facts, ...common }, undefined, 2)}\n`);
}

function pack(folder: string, dist: string): void {
  const file = runProgram("npm", ["pack", "--silent", "--pack-destination", dist, folder]).trim().split("\n").at(-1) ?? "";
  rmSync(folder, { recursive: true });
  say(`${file}: ${megabytes(join(dist, file))} MB`);
}
