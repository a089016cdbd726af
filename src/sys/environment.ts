/** This process: its words, variables, user, folder and machine. */
import { lookThrough, readText } from "./files.ts";
import { currentFolder, environment } from "./host.ts";

export { args, environment, exit, pid, programPath, uid } from "./host.ts";
export type { Environment } from "./types.ts";

/** The working directory; undefined where it was deleted. */
export function workingFolder(): string | undefined {
  try {
    return currentFolder();
  } catch {
    return undefined;
  }
}

/** Where files may lie that nobody needs for long. */
export function temporaryFolder(): string {
  return environment().TMPDIR?.replace(/(?<=.)\/+$/, "") || "/tmp";
}

/** gethostname(2) */
export function hostName(): string {
  return readText("/proc/sys/kernel/hostname").trim();
}

let mounts: string | undefined;

/** The inode of the mount namespace: in another one the same path is another file. */
export function mountsOf(): string | undefined {
  mounts ??= lookThrough("/proc/self/ns/mnt")?.inode.toString();
  return mounts;
}

let network: string | undefined;

/**
 * The inode of /proc/self/ns/net, which no other network namespace (namespaces(7)) has while anybody is in it: under `ip netns exec` the
 * same address is another machine. Undefined where there is no /proc.
 */
export function networkOf(): string | undefined {
  network ??= lookThrough("/proc/self/ns/net")?.inode.toString();
  return network;
}
