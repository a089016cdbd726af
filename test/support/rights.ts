/** What this process may do: tests that need more than an ordinary user's rights are skipped by name where they are not there. */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, linkSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "./programs.ts";
import { shimFolder } from "./run.ts";
import { temporary, testRoot } from "./temporary.ts";

export const isRoot = process.getuid?.() === 0;

const succeeds = (program: string, ...args: string[]) => {
  const path = isRoot ? findProgram(program) : undefined;
  return path !== undefined && spawnSync(path, args, { stdio: "ignore" }).status === 0;
};

/** Mounts of its own, in a namespace that goes with the process. */
export const canMount = succeeds("unshare", "-m", "/bin/sh", "-c", "mount -t tmpfs none /tmp");
/** A network without a way out. */
export const canUnshareNetwork = succeeds("unshare", "-n", "true");
/** A process table of its own. */
export const canUnsharePids = canMount && succeeds("unshare", "--pid", "--fork", "--mount-proc", "true");

/** The second user of tests that run as root. */
export const NOBODY = 65534;
/** The words for setpriv that make a program the second user's. */
export const asNobody = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
/** There can be one, who may enter the folder of tests. */
export const hasSecondUser = succeeds("setpriv", ...asNobody, "test", "-x", testRoot());

/** A folder that everybody may enter, below folders that everybody may enter. */
export function openFolder(): string {
  const folder = temporary("open-");
  chmodSync(folder, 0o755);
  return folder;
}

/** The shim's programs in a folder that everybody may enter: the repository may lie in one that only root may. */
export function openShim(): string {
  const folder = openFolder();
  for (const name of readdirSync(shimFolder).filter((name) => statSync(join(shimFolder, name)).isFile())) {
    try {
      linkSync(join(shimFolder, name), join(folder, name));
    } catch {
      copyFileSync(join(shimFolder, name), join(folder, name));
    }
  }
  return folder;
}
