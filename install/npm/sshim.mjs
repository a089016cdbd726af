#!/usr/bin/env node
/**
 * What `sshim` is after `npm install --global sshim`: it starts the front by its fourth name from the platform's package, and for `sshim install` the script
 * that copies the programs to their place, so that ssh no longer depends on Node. Needs no install script.
 */
import { spawnSync } from "node:child_process";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";

const here = import.meta.dirname ?? dirname(new URL(import.meta.url).pathname);

function findPlatform() {
  const suits = process.report?.getReport().header.glibcVersionRuntime === undefined ? ["-musl", ""] : ["", "-musl"];
  const names = suits.map((libc) => `@sshim/${process.platform}-${process.arch}${libc}`);
  for (const name of names) {
    try {
      return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
    } catch {
      // not this one
    }
  }
  throw new Error(`cannot find the programs for this platform: no package ${names[0]} (set by npm: was it told to omit optional ones?)`);
}

function run(words) {
  const folder = findPlatform();
  const [command, what = "user", ...rest] = words;
  if (command !== "install" || what === "compose") return spawnSync(join(folder, "bin/ssh"), words, { argv0: "sshim", stdio: "inherit" });
  const script = what.startsWith("-") ? ["user.sh", what, ...rest] : [`${what}.sh`, ...rest];
  if (!["user.sh", "coolify.sh"].includes(script[0])) throw new Error(`cannot install ${what}: say user or coolify`);
  return spawnSync("/bin/sh", [join(here, "install", script[0]), ...script.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, SSHIM_SOURCE: folder },
  });
}

try {
  const { status, signal, error } = run(process.argv.slice(2));
  if (error) throw new Error(`cannot start sshim: ${error.message}`);
  process.exitCode = status ?? 128 + constants.signals[signal];
} catch (error) {
  process.stderr.write(`sshim: ${error.message}\n`);
  process.exitCode = 1;
}
