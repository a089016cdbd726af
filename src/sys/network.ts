/** The network namespace of this process (namespaces(7)): under `ip netns exec` the same address is another machine. It names it, and enters none. */
import { statSync } from "node:fs";

let known: string | undefined;

/** The inode of /proc/self/ns/net, which no other namespace has while anybody is in it; undefined where there is no /proc. */
export function networkOf(): string | undefined {
  try {
    known ??= statSync("/proc/self/ns/net", { bigint: true }).ino.toString();
  } catch {
    // Then nothing is shared anyway: the control plane does not start without /proc.
  }
  return known;
}
