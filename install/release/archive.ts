/** Packs the archive of a platform (programs, scripts, manual, completions) and writes the SHA-256 sums of all that lies in dist. */
import { createHash } from "node:crypto";
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { type Built, fail, repository, runProgram, say } from "./shared.ts";

/** What goes with the programs, by its place in the repository, which is also its place in the archive and in the npm package. */
export const companions = [
  "LICENSE",
  "README.md",
  "docs/sshim.1",
  "docs/interface.md",
  "install/user.sh",
  "install/coolify.sh",
  "install/ci",
  "install/completions",
] as const;

/** sshim-VERSION-linux-ARCH.tar.gz, with one folder of that name in it. */
export function packArchive({ architecture, version, dist, front, glibc, musl }: Built): void {
  const name = `sshim-${version}-linux-${architecture}`;
  const folder = join(dist, name);
  copyCompanions(folder);
  copyProgram(front, join(folder, "bin/ssh"));
  for (const other of ["scp", "sftp", "sshim"]) symlinkSync("ssh", join(folder, "bin", other));
  copyProgram(join(glibc, "bin/sshim-control"), join(folder, "bin/sshim-control"));
  copyProgram(join(musl, "bin/sshim-control"), join(folder, "musl/bin/sshim-control"));
  copyProgram(join(musl, "lib/sshim/libstdc++.so.6"), join(folder, "musl/lib/sshim/libstdc++.so.6"));
  const archive = `${folder}.tar.gz`;
  const owner = ["--sort=name", "--owner=0", "--group=0", "--numeric-owner"];
  runProgram("tar", [...owner, "-C", dist, "-I", "gzip -9n", "-cf", archive, name]);
  rmSync(folder, { recursive: true });
  say(`${name}.tar.gz: ${megabytes(archive)} MB`);
}

export function copyCompanions(folder: string): void {
  for (const path of companions) {
    const from = join(repository, path);
    if (!existsSync(from)) fail(`cannot release: ${path} is missing`);
    cpSync(from, join(folder, path), { recursive: true });
  }
}

export function copyProgram(from: string, to: string): void {
  mkdirSync(dirname(to), { recursive: true });
  copyFileSync(from, to);
}

/** SHA256SUMS, as `sha256sum --check` reads it. */
export function writeSums(dist: string): void {
  const files = readdirSync(dist).filter((name) => /\.(tar\.gz|tgz)$/.test(name));
  const lines = files.sort().map(
    (name) =>
      `${createHash("sha256")
        .update(readFileSync(join(dist, name)))
        .digest("hex")}  ${name}\n`,
  );
  writeFileSync(join(dist, "SHA256SUMS"), lines.join(""));
  say(`SHA256SUMS: ${files.length} files`);
}

export function megabytes(path: string): string {
  return (statSync(path).size / 1024 / 1024).toFixed(1);
}
