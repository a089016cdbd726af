/**
 * Which key and which socket a caller gets: its own ControlPath, or the connection key's folder; and which masters it may meet there.
 * It looks at the socket and at the record that lies for it; it makes and removes nothing.
 */
import { readRecord } from "../master/record.ts";
import { type Facts, readFacts } from "../protocol/dependencies.ts";
import { byteLength, keyDirectory, recordPath, SHARDS, socketPath, USABLE_SOCKET_BYTES } from "../protocol/paths.ts";
import { compareClaims } from "./compare.ts";
import { type KeyParts, pathKey } from "./key.ts";

export interface Place {
  readonly key: string;
  readonly keydir: string;
  /** Of shard 0. */
  readonly socket: string;
  /** Characters of masters that will do; `-` is a master without a record. */
  readonly accept: readonly string[];
  readonly shards: number;
  /** The socket is the caller's own ControlPath, or stands for it. */
  readonly own: boolean;
  /** The master that is there was made by a caller who said more: this one may use it, but could not make it again. */
  readonly guest: boolean;
  readonly reason: "shared" | "control-path" | "foreign-master" | "rotated" | "other-connection" | "master-at-control-path";
}

export interface Wish {
  /** Where folders of keys lie. */
  readonly base: string;
  readonly character: string;
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

/** Decides. Gives undefined when no usable socket path is left (a directory whose name is too long). */
export async function findPlace(wish: Wish, facts: Facts): Promise<Place | undefined> {
  const { path } = wish;
  if (path === undefined) {
    return ownPlace(wish, "shared");
  }
  const found = wish.control || wish.makes ? readFacts(path) : facts.file(path);
  const isThere = found !== undefined && found !== "unknown";
  if (!wish.control && !wish.makes && !isThere) {
    return ownPlace(wish, "shared");
  }
  const key = await pathKey(path);
  const inside = socketPath(wish.base, key, 0);
  // A dial found out that no socket can be linked into place there (src/master/dial.ts).
  const unlinkable = facts.file(`${keyDirectory(wish.base, key)}/unlinkable`) !== undefined;
  const socket = unlinkable || byteLength(path) > USABLE_SOCKET_BYTES ? inside : path;
  const place = (accept: readonly string[], reason: Place["reason"], guest = false): Place | undefined => {
    return fits(socket)
      ? { key, keydir: keyDirectory(wish.base, key), socket, accept, shards: shardsOf(wish, key), own: true, guest, reason }
      : undefined;
  };
  const usual = wish.makes ? "control-path" : "master-at-control-path";
  if (wish.control) {
    return place([], usual);
  }
  const live = socket === path ? isThere : isSocket(socket);
  const record = readRecord(recordPath(wish.base, key, 0));
  if (!live || record?.character === wish.character) {
    return place([wish.character], usual);
  }
  if (record === undefined) {
    return place([wish.character, "-"], "foreign-master");
  }
  switch (compareClaims(wish.parts, record.claims, wish.defaults())) {
    case "compatible":
      return place([wish.character, record.character], usual, true);
    case "rotated":
      // The front finds a character that it may not use, and asks: the master is retired and made anew.
      return place([wish.character], "rotated");
    case "other":
      facts.file(path);
      return ownPlace(wish, "other-connection");
  }
}

function ownPlace(wish: Wish, reason: Place["reason"]): Place | undefined {
  const key = wish.character;
  const socket = socketPath(wish.base, key, 0);
  const place = {
    key,
    keydir: keyDirectory(wish.base, key),
    socket,
    accept: [wish.character],
    shards: shardsOf(wish, key),
    own: false,
    guest: false,
    reason,
  };
  return fits(socket) ? place : undefined;
}

/** Further shards lie in our own folder: where its name is too long, shard 0 at the caller's path is all there is. */
function shardsOf(wish: Wish, key: string): number {
  return fits(socketPath(wish.base, key, SHARDS - 1)) ? Math.max(1, Math.min(SHARDS, wish.shards)) : 1;
}

/** `${` cannot be quoted in a ControlPath, which ssh expands once more when it makes the master. */
function fits(socket: string): boolean {
  return byteLength(socket) <= USABLE_SOCKET_BYTES && !socket.includes("${");
}

function isSocket(path: string): boolean {
  const found = readFacts(path);
  return found !== undefined && found !== "unknown" && found.type === "socket";
}
