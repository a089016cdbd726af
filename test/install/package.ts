/** Lays out what an unpacked archive holds, with the built programs or with stand-ins for them, and reads a folder back for comparison. */
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { repository, shimProgram, temporary } from "../support/index.ts";

export interface PackageOptions {
  /** what bin/sshim-control does, as a shell script; default: answers --version, and writes its arguments into `calls` */
  control?: string;
  /** the same for musl/bin/sshim-control; default there is none */
  musl?: string;
}

export interface Package {
  folder: string;
  /** the arguments with which the stand-in was called, one line a call */
  calls(): string[];
}

let ownRoot: string | undefined;

/** A new folder in the one temporary directory of this file. */
export function scratch(prefix: string): string {
  ownRoot ??= temporary();
  return mkdtempSync(join(ownRoot, prefix));
}

/** A folder like the archive's: bin, install, docs, completions. */
export function makePackage(options: PackageOptions = {}): Package {
  const folder = scratch("package-");
  const log = join(folder, "calls");
  const standIn = `#!/bin/sh\necho "$@" >>'${log}'\n`;
  put(join(folder, "bin/ssh"), readFileSync(shimProgram));
  put(join(folder, "bin/sshim-control"), options.control ?? standIn);
  if (options.musl !== undefined) {
    put(join(folder, "musl/bin/sshim-control"), options.musl || standIn);
    put(join(folder, "musl/lib/sshim/libstdc++.so.6"), "a library\n");
  }
  mkdirSync(join(folder, "install"));
  for (const name of ["user.sh", "coolify.sh"]) copyFileSync(join(repository, "install", name), join(folder, "install", name));
  put(join(folder, "docs/sshim.1"), ".TH sshim 1\n");
  for (const name of ["sshim.bash", "_sshim", "sshim.fish"]) put(join(folder, "install/completions", name), `# ${name}\n`);
  if (existsSync(join(repository, "install/ci"))) cpSync(join(repository, "install/ci"), join(folder, "install/ci"), { recursive: true });
  return { folder, calls: () => (existsSync(log) ? readFileSync(log, "utf8").split("\n").filter(Boolean) : []) };
}

/** Everything below `folder`: path → content, "-> target" or "/", with the inode where `inodes` is set (what was replaced has another). */
export function picture(folder: string, inodes = false): Record<string, string> {
  const entries: Record<string, string> = {};
  for (const name of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort()) {
    const path = join(folder, name);
    const facts = lstatSync(path);
    const mark = inodes ? `${facts.ino} ${facts.mtimeMs} ` : "";
    if (facts.isSymbolicLink()) entries[name] = `${mark}-> ${readlinkSync(path)}`;
    else entries[name] = facts.isDirectory() ? "/" : `${mark}${facts.size > 10_000 ? `${facts.size} bytes` : readFileSync(path, "utf8")}`;
  }
  return entries;
}

export function put(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
  chmodSync(path, 0o755);
}
