/**
 * Which pool and which socket a caller gets, its own ControlPath or the connection key's folder,
 * and which masters it may meet there.
 */
import { readRecord } from "../master/record.ts";
import type { Pool } from "../master/spec.ts";
import { limits } from "../protocol/contract.ts";
import { type DependencyRecorder, readIdentity } from "../protocol/dependencies.ts";
import { poolDirectory, recordPath, socketPath } from "../protocol/paths.ts";
import { lookAt, makeFolders } from "../sys/files.ts";
import { byteLength } from "../sys/text.ts";
import { compareWithMaster } from "./compare.ts";
import { type KeyParts, poolKeyOf } from "./key.ts";

export interface Placement {
  readonly pool: Pool;
  /** Connection keys of masters that will do; `-` is a master without a record. */
  readonly accept: readonly string[];
  readonly shards: number;
  /** The socket is the caller's own ControlPath, or stands for it. */
  readonly atCallerPath: boolean;
  /** False: who made the master said more; this caller may use it, but not make it anew. */
  readonly canDial: boolean;
  readonly reason: "shared" | "control-path" | "foreign-master" | "rotated" | "other-connection" | "master-at-control-path";
}

export interface PlacementInput {
  /** Where the pools lie. */
  readonly base: string;
  readonly connectionKey: string;
  readonly parts: KeyParts;
  /** The caller's ControlPath, absolute; undefined for none. */
  readonly path: string | undefined;
  /** ControlMaster is not `no`: a master may be made there. */
  readonly makes: boolean;
  /** `-O`: compares nothing. */
  readonly control: boolean;
  readonly shards: number;
  /** The lines of `ssh -G -F none <host>`; asked only where they are needed. */
  readonly defaults: () => readonly string[];
}

/** Undefined when no usable socket path is left (a directory whose name is too long). */
export function choosePlacement(input: PlacementInput, recorder: DependencyRecorder): Placement | undefined {
  const { path } = input;
  if (path === undefined) {
    return placeInPool(input, "shared");
  }
  const found = input.control || input.makes ? readIdentity(path) : recorder.file(path);
  const isThere = found !== undefined && found !== "unknown";
  if (!input.control && !input.makes && !isThere) {
    return placeInPool(input, "shared");
  }
  const poolKey = poolKeyOf(path);
  const poolDir = poolDirectory(input.base, poolKey);
  const inside = socketPath(input.base, poolKey, 0);
  // A dial found out that no socket can be linked into place there (src/master/dial.ts).
  const unlinkable = recorder.file(`${poolDir}/unlinkable`) !== undefined;
  const socket = unlinkable || byteLength(path) > limits.socketBytes ? inside : path;
  const pool = { key: poolKey, dir: poolDir, socket };
  const place = (accept: readonly string[], reason: Placement["reason"], canDial = true): Placement | undefined => {
    return fits(socket) ? { pool, accept, shards: shardsOf(input, poolKey), atCallerPath: true, canDial, reason } : undefined;
  };
  const usual = input.makes ? "control-path" : "master-at-control-path";
  if (input.control) {
    return place([], usual);
  }
  const live = socket === path ? isThere : isSocket(socket);
  const record = readRecord(recordPath(input.base, poolKey, 0));
  if (!live || record?.connectionKey === input.connectionKey) {
    return place([input.connectionKey], usual);
  }
  if (record === undefined) {
    return place([input.connectionKey, "-"], "foreign-master");
  }
  switch (compareWithMaster(input.parts, record.attributes, input.defaults())) {
    case "compatible":
      return place([input.connectionKey, record.connectionKey], usual, false);
    case "rotated":
      // The front finds a key that it may not use, and asks: the master is made anew.
      return place([input.connectionKey], "rotated");
    case "other":
      recorder.file(path);
      return placeInPool(input, "other-connection");
  }
}

function placeInPool(input: PlacementInput, reason: Placement["reason"]): Placement | undefined {
  const key = input.connectionKey;
  const pool = { key, dir: poolDirectory(input.base, key), socket: socketPath(input.base, key, 0) };
  const shards = shardsOf(input, key);
  return fits(pool.socket) ? { pool, accept: [key], shards, atCallerPath: false, canDial: true, reason } : undefined;
}

/** Further shards lie in our own folder: where its name is too long, there is only shard 0. */
function shardsOf(input: PlacementInput, poolKey: string): number {
  return fits(socketPath(input.base, poolKey, limits.shards - 1)) ? Math.max(1, Math.min(limits.shards, input.shards)) : 1;
}

/** `${` cannot be quoted in a ControlPath, which ssh expands once more when it makes the master. */
function fits(socket: string): boolean {
  return byteLength(socket) <= limits.socketBytes && !socket.includes("${");
}

function isSocket(path: string): boolean {
  const found = readIdentity(path);
  return found !== undefined && found !== "unknown" && found.type === "socket";
}

/** The reason of a placement in a sentence. */
export function whyOf({ reason }: Placement): string {
  switch (reason) {
    case "shared":
      return "a connection of these options is shared";
    case "control-path":
      return "the caller's own ControlPath is honoured";
    case "master-at-control-path":
      return "a master is there at the caller's ControlPath";
    case "foreign-master":
      return "a master that sshim did not make is there at the caller's ControlPath";
    case "rotated":
      return "an identity file was replaced since the master was made: it is made anew";
    case "other-connection":
      return "another connection on this ControlPath: this caller gets its own";
  }
}

/** Where the pools lie: the configured `dir` when it is ours alone, else RUN. */
export function chooseBase(run: string, configured: string | undefined, uid: number): string {
  if (configured === undefined || configured === run || !configured.startsWith("/")) {
    return run;
  }
  try {
    makeFolders(configured, 0o700);
    const found = lookAt(configured);
    return found?.kind === "directory" && found.uid === uid && (found.mode & 0o077) === 0 ? configured : run;
  } catch {
    return run;
  }
}
