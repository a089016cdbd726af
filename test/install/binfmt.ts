/** Lets this kernel start arm64 programs through qemu-user for the time of a test, under a name of its own. As root only; changes nothing else. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../support/programs.ts";

const place = "/proc/sys/fs/binfmt_misc";
const magic = String.raw`\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00`;
const mask = String.raw`\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff`;

/** `prefix` is where the loader and the libraries lie, `folder` takes a small script. Gives what undoes it, or why it cannot be. */
export function registerArm(prefix: string, folder: string): (() => void) | string {
  const qemu = findProgram("qemu-aarch64") ?? findProgram("qemu-aarch64-static");
  if (!qemu) return "no qemu-aarch64 (Debian's package qemu-user)";
  if (!existsSync(prefix)) return `no ${prefix} (Debian's package libc6-arm64-cross)`;
  if (process.getuid?.() !== 0) return "only root can register an interpreter";
  const mounted = !existsSync(join(place, "register"));
  if (mounted && spawnSync("mount", ["-t", "binfmt_misc", "none", place]).status !== 0) return "this kernel has no binfmt_misc";
  if (readdirSync(place).some((name) => name.includes("aarch64"))) return "somebody else's interpreter for arm64 is registered";
  const script = join(folder, "run-arm64");
  // With P the kernel hands over argv[0], by which the front tells scp from ssh.
  writeFileSync(script, `#!/bin/sh\np=$1 a=$2\nshift 2\nexec ${qemu} -L ${prefix} -0 "$a" "$p" "$@"\n`, { mode: 0o755 });
  writeFileSync(join(place, "register"), `:sshim-aarch64:M::${magic}:${mask}:${script}:P`);
  return () => {
    writeFileSync(join(place, "sshim-aarch64"), "-1");
    if (mounted) spawnSync("umount", [place]);
  };
}
