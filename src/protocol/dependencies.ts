/**
 * What a judgement rests on: files by identity, variables by hash, the working directory (docs/protocol.md, "The ticket").
 * It collects, and says when something is too young or too strange to rest a stored ticket on.
 */
import { now } from "../sys/clock.ts";
import { errorCode, status } from "../sys/files.ts";
import { type Environment, hashVariable } from "./environment.ts";

/** A file's identity, as stat(2) has it. */
export interface FileIdentity {
  readonly device: bigint;
  readonly inode: bigint;
  readonly size: bigint;
  readonly seconds: bigint;
  readonly nanoseconds: bigint;
  readonly type: "file" | "directory" | "socket" | "other";
}

export type Dependency =
  | { readonly kind: "file"; readonly path: string; readonly identity: FileIdentity }
  | { readonly kind: "nofile"; readonly path: string }
  | { readonly kind: "env"; readonly name: string; readonly hash: string }
  | { readonly kind: "cwd"; readonly device: bigint; readonly inode: bigint };

export interface DependencyRecorder {
  readonly list: Dependency[];
  /** Why no stored ticket may rest on this, if so. */
  notYet: string | undefined;
  /** A relative path was met. */
  dependsOnCwd: boolean;
  /** Depends on a path, there or not; gives what is there. A relative one adds the working directory. */
  file(path: string): FileIdentity | undefined;
  variable(name: string): void;
  directory(): void;
}

/** A file that changed so shortly before the judging began (or since) may change again within the same tick of the clock, and look the same. */
const YOUNG = 20_000_000n;
/** … and on a file system that counts whole seconds (FAT: two) for so long. */
const YOUNG_IN_SECONDS = 2_000_000_000n;
/** A file from farther in the future than this has a wrong date, and is not young. */
const FUTURE = 2_000_000_000n;

/** Starts to collect; the moment counts: files that are younger make the judgement unsure. */
export function recordDependencies(env: Environment, directory: string | undefined): DependencyRecorder {
  const started = BigInt(now()) * 1_000_000n;
  const known = new Map<string, FileIdentity | undefined>();
  const names = new Set<string>();
  const recorder: DependencyRecorder = {
    list: [],
    notYet: undefined,
    dependsOnCwd: false,
    file(path) {
      if (!path.startsWith("/")) {
        recorder.directory();
        path = `${directory ?? ""}/${path}`;
      }
      if (known.has(path)) {
        return known.get(path);
      }
      const found = readIdentity(path);
      if (found === "unknown") {
        recorder.notYet ??= `cannot look at ${path}`;
      } else if (found === undefined) {
        recorder.list.push({ kind: "nofile", path });
      } else {
        recorder.list.push({ kind: "file", path, identity: found });
        if (found.type !== "socket" && isYoung(found, started)) {
          recorder.notYet ??= `${path} changed just now`;
        }
      }
      const identity = found === "unknown" ? undefined : found;
      known.set(path, identity);
      return identity;
    },
    variable(name) {
      if (!names.has(name)) {
        names.add(name);
        recorder.list.push({ kind: "env", name, hash: hashVariable(env, name) });
      }
    },
    directory() {
      if (recorder.dependsOnCwd) {
        return;
      }
      recorder.dependsOnCwd = true;
      const here = readIdentity(".");
      if (here === undefined || here === "unknown" || directory === undefined) {
        recorder.notYet ??= "cannot look at the working directory";
      } else {
        recorder.list.push({ kind: "cwd", device: here.device, inode: here.inode });
      }
    },
  };
  return recorder;
}

/** Looks at a path, following links: undefined when nothing is there, "unknown" when it cannot be told. */
export function readIdentity(path: string): FileIdentity | undefined | "unknown" {
  try {
    const { kind, device, inode, size, seconds, nanoseconds } = status(path);
    return {
      device,
      inode,
      size,
      seconds,
      nanoseconds,
      type: kind === "file" || kind === "directory" || kind === "socket" ? kind : "other",
    };
  } catch (error) {
    const code = errorCode(error);
    return code === "ENOENT" || code === "ENOTDIR" ? undefined : "unknown";
  }
}

/** A file's identity in words. */
export function formatIdentity(identity: FileIdentity): string {
  return `${identity.device} ${identity.inode} ${identity.size} ${identity.seconds} ${identity.nanoseconds}`;
}

function isYoung(identity: FileIdentity, started: bigint): boolean {
  const changed = identity.seconds * 1_000_000_000n + identity.nanoseconds;
  const young = identity.nanoseconds === 0n ? YOUNG_IN_SECONDS : YOUNG;
  return changed >= started - young && changed <= started + FUTURE;
}
