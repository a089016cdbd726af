/**
 * Compiles the control plane for a platform that need not be this one, from the runtime in Bun's npm package for it. The musl build looks for
 * libstdc++.so.6 in ../lib/sshim first, where our own small one lies: base Alpine has none.
 */
import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { addRunPath } from "./elf.ts";
import { checkIntegrity } from "./integrity.ts";
import { type Architecture, cache, type Libc, machineOf, repository, runProgram, say } from "./shared.ts";
import { linkStandIn } from "./standin.ts";

interface Build {
  compileControl(options: { bun: string; target: string; runtime: string; output: string }): void;
}

interface Runtimes {
  findBun(root: string): { path: string };
}

/** Gives the folder that holds bin/sshim-control, and for musl lib/sshim/libstdc++.so.6. */
export async function buildControlPlane(architecture: Architecture, libc: Libc): Promise<string> {
  const { compileControl } = (await import(join(repository, "install/build.mjs"))) as Build;
  const { findBun } = (await import(join(repository, "install/bun.mjs"))) as Runtimes;
  const name = `bun-linux-${architecture === "x64" ? "x64" : machineOf[architecture]}${libc === "musl" ? "-musl" : ""}`;
  const folder = join(cache, architecture, libc);
  const output = join(folder, "bin/sshim-control");
  let runtime = fetchRuntime(name);
  if (libc === "musl") {
    runtime = patchRuntime(runtime);
    mkdirSync(join(folder, "lib/sshim"), { recursive: true });
    linkStandIn(architecture, runtime, join(folder, "lib/sshim/libstdc++.so.6"));
  }
  compileControl({ bun: findBun(repository).path, target: name, runtime, output });
  chmodSync(output, 0o755);
  say(`control plane, ${architecture}, ${libc}: ${Math.ceil(statSync(output).size / 1024 / 1024)} MB`);
  return folder;
}

/** The program in @oven/NAME of the pinned version: from node_modules, else by npm into `runtimes`, once its sha512 is right. */
export function fetchRuntime(name: string, runtimes = join(cache, "runtimes")): string {
  const { optionalDependencies } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as {
    optionalDependencies: Record<string, string>;
  };
  const version = optionalDependencies[`@oven/${name}`] ?? "";
  const installed = join(repository, "node_modules/@oven", name);
  const folder = join(runtimes, `${name}-${version}`);
  for (const path of [join(installed, "bin/bun"), join(folder, "package/bin/bun")]) if (existsSync(path)) return path;
  const staged = `${folder}.${process.pid}`;
  mkdirSync(staged, { recursive: true });
  try {
    const packed = JSON.parse(runProgram("npm", ["pack", "--json", "--silent", `@oven/${name}@${version}`], { cwd: staged })) as unknown;
    const [first] = Object.values(packed as Record<string, { filename: string }>);
    const file = join(staged, (first?.filename ?? "").replace("@oven/", "oven-"));
    checkIntegrity(`@oven/${name}`, file);
    runProgram("tar", ["-xzf", file, "-C", staged]);
    renameSync(staged, folder);
  } finally {
    rmSync(staged, { recursive: true, force: true });
  }
  return join(folder, "package/bin/bun");
}

function patchRuntime(runtime: string): string {
  const patched = `${runtime}-sshim`;
  copyFileSync(runtime, patched);
  writeFileSync(patched, addRunPath(readFileSync(runtime), "$ORIGIN/../lib/sshim"));
  chmodSync(patched, 0o755);
  return patched;
}
