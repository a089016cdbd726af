/**
 * Adds sshim's bind mounts to a docker compose file, or takes them out. What else the file says
 * stays and means the same, comments and order too; how it is laid out may change. The file as it
 * was lies beside it, and comes back byte for byte unless somebody has edited since.
 */
import { parse } from "yaml";
import { UserError } from "../../../fault.ts";
import { uid as ownUid } from "../../../sys/environment.ts";
import {
  changeMode,
  changeOwner,
  lookAt,
  lookThrough,
  readFile,
  readText,
  realPath,
  remove,
  rename,
  writeFile,
} from "../../../sys/files.ts";
import { decodeStrictUtf8 } from "../../../sys/text.ts";
import { addMounts, holdsMounts, removeMounts } from "./mounts.ts";

/** The containers that run ssh, and the services that make them when the base file does not say. */
const containers: ReadonlyArray<readonly [string, string]> = [
  ["coolify", "coolify"],
  ["coolify-realtime", "soketi"],
];

/** The first line of a file that was not there before: an empty file that was there stays. */
const madeHere = "# made by sshim, and taken away with it\n";

/** What is to be done to a file. */
export interface Edit {
  /** Behind every link. */
  path: string;
  /** The text of the file and that of the backup beside it; undefined: there is none. */
  before: Texts;
  after: Texts;
}

interface Texts {
  file: string | undefined;
  backup: string | undefined;
}

/**
 * Works out the edit. `folder` is where sshim lies on the host; `base` is the compose file that
 * names the containers. Throws a UserError where the file cannot be read, cannot be edited safely,
 * or holds a mount of somebody else's.
 */
export function planEdit(action: "add" | "remove", file: string, folder: string, base?: string): Edit {
  const path = fileBehind(file);
  const before = { file: readStrictly(path, file), backup: readStrictly(backupOf(path), backupOf(file)) };
  const add = (text: string | undefined) => {
    const services = containers.map(([container, fallback]) => findService(base, container) ?? fallback);
    return addMounts(text ?? madeHere, services, folder, file);
  };
  if (action === "add") {
    // What a backup says counts only while the mounts that came after it are there.
    const known = before.file !== undefined && holdsMounts(before.file, folder, file);
    const after = add(before.file);
    return { path, before, after: { file: after, backup: known || after === before.file ? before.backup : before.file } };
  }
  const untouched = before.backup !== undefined && before.file !== undefined && isAdded(add, before.backup, before.file);
  const after = untouched ? before.backup : removeFrom(before, folder, file);
  return { path, before, after: { file: after, backup: undefined } };
}

/** Writes what an edit says: the backup first. */
export function carryOut({ path, before, after }: Edit): void {
  if (after.backup !== before.backup && after.backup !== undefined) writeText(backupOf(path), after.backup, path);
  if (after.file === undefined) remove(path);
  else if (after.file !== before.file) writeText(path, after.file, path);
  if (after.backup === undefined) remove(backupOf(path));
}

/** Whether a file is what adding makes of its backup, so that nobody has edited it since. */
function isAdded(add: (text: string) => string, backup: string, text: string): boolean {
  try {
    return add(backup) === text;
  } catch {
    return false;
  }
}

/** The text without the mounts; undefined where nothing is left of a file that sshim made. */
function removeFrom(before: Texts, folder: string, name: string): string | undefined {
  if (before.file === undefined) return undefined;
  const made = before.file.startsWith(madeHere);
  const rest = removeMounts(made ? before.file.slice(madeHere.length) : before.file, folder, name, before.backup);
  return rest === "" && (made || (before.file !== "" && before.backup === undefined)) ? undefined : rest;
}

function backupOf(path: string): string {
  return `${path}.before-sshim`;
}

function fileBehind(file: string): string {
  if (lookThrough(file)) return realPath(file);
  if (lookAt(file)) throw new UserError("cannot", `cannot edit ${file}: it is a link that leads to no file`);
  return file;
}

function readStrictly(path: string, name: string): string | undefined {
  const found = lookThrough(path);
  if (!found) return undefined;
  if (found.kind !== "file") throw new UserError("cannot", `cannot edit ${name}: it is not a regular file`);
  const text = decodeStrictUtf8(readFile(path));
  if (text === undefined) throw new UserError("cannot", `cannot read ${name}: it is not UTF-8`);
  return text;
}

/** By a rename, so that nobody reads half of it, with the mode and the owner of `like`. */
function writeText(path: string, text: string, like: string): void {
  const { mode, uid, gid } = lookThrough(like) ?? { mode: 0o644, uid: -1, gid: -1 };
  const staged = `${path}.sshim-new`;
  writeFile(staged, text);
  if (uid >= 0 && ownUid() === 0) changeOwner(staged, uid, gid);
  changeMode(staged, mode);
  rename(staged, path);
}

/** The service of `base` whose container_name is `container`. */
function findService(base: string | undefined, container: string): string | undefined {
  try {
    const { services } = parse(readText(base ?? "")) as { services: Record<string, { container_name?: unknown } | null> };
    return Object.entries(services).find(([, service]) => service?.container_name === container)?.[0];
  } catch {
    return undefined;
  }
}
