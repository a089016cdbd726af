/**
 * Adds the bind mounts of sshim to a docker compose file, or takes them out, and keeps every other byte of it. It refuses to replace a mount
 * that somebody else made, and leaves the file alone when what would come out does not read as it should.
 */
import { isDeepStrictEqual } from "node:util";
import { parse } from "yaml";
import { UserError } from "../../../fault.ts";
import { uid as ownUid } from "../../../sys/environment.ts";
import {
  changeMode,
  changeOwner,
  lookAt,
  lookThrough,
  readFile,
  readText as readTextOf,
  realPath,
  rename,
  status,
  unlink,
  writeFile,
} from "../../../sys/files.ts";
import { decodeStrictUtf8 } from "../../../sys/text.ts";
import { insertMounts } from "./compose-insert.ts";
import { mark } from "./compose-read.ts";
import { deleteMounts } from "./compose-remove.ts";
import { holdsMounts, readVolumes, sourceOf, targetOf, withoutMounts } from "./compose-tree.ts";

/** What is mounted, below the folder on the host, and where: `ssh` once under each of its names. */
const mounts: ReadonlyArray<readonly [string, string]> = [
  ["bin/ssh", "/usr/local/bin/ssh"],
  ["bin/ssh", "/usr/local/bin/scp"],
  ["bin/ssh", "/usr/local/bin/sftp"],
  ["bin/ssh", "/usr/local/bin/sshim"],
  ["bin/sshim-control", "/usr/local/bin/sshim-control"],
  ["lib/sshim", "/usr/local/lib/sshim"],
  ["etc", "/etc/sshim"],
];

/** The containers that run ssh, and the services that make them when the base file does not say. */
const containers: ReadonlyArray<readonly [string, string]> = [
  ["coolify", "coolify"],
  ["coolify-realtime", "soketi"],
];

/** The first line of a file that was not there before: an empty file that was there stays. */
const madeHere = "# made by sshim, and taken away with it\n";

/**
 * Edits `file` in place, by a rename, keeping its mode and owner. `folder` is where sshim lies on the host; `base` is the compose file
 * that names the containers. Throws a Failure when the file is no YAML, cannot be edited safely, or holds a mount of somebody else's.
 */
export function editComposeFile(action: "add" | "remove", file: string, folder: string, base?: string): void {
  const there = readText(file);
  const before = there ?? "";
  const rest = before.startsWith(madeHere) ? before.slice(madeHere.length) : before;
  // a file of nothing but mounts without a mark was made by a version that made no marks
  const made = rest !== before || there === undefined || (rest !== "" && !rest.includes(mark) && removeMounts(rest, folder, file) === "");
  let after: string;
  if (action === "add") {
    const services = containers.map(([container, fallback]) => findService(base, container) ?? fallback);
    after = (made ? madeHere : "") + addMounts(rest, services, folder, file);
  } else {
    after = removeMounts(rest, folder, file);
    if (after === rest && rest !== "") return;
    if (after === "" && made) {
      if (there !== undefined) unlink(realPath(file));
      return;
    }
  }
  if (after !== before) replaceFile(file, after);
}

/** The text with the mounts in it, for each of the services. The same text when they are there. `name` is for messages. */
function addMounts(text: string, services: readonly string[], folder: string, name: string): string {
  if (/[:$\n]/.test(folder))
    throw new UserError(
      "cannot",
      `cannot add mounts: docker compose would not read ${JSON.stringify(folder)} as it stands (set by COOLIFY_ROOT)`,
    );
  const isComplete = (now: string) => services.every((service) => missingMounts(now, service, folder, name).length === 0);
  if (isComplete(text)) return text;
  const bare = removeMounts(text, folder, name); // an older version's go out first: they had other marks, or none
  let after = bare;
  // the last goes in first: a new service goes in front of those that are there
  for (const service of services.toReversed()) after = insertMounts(after, service, missingMounts(after, service, folder, name), name);
  try {
    const same = isDeepStrictEqual(withoutMounts(after, folder, name), withoutMounts(text, folder, name));
    if (same && isComplete(after) && removeMounts(after, folder, name) === bare) return after;
  } catch {} // it does not read as YAML any more: the same refusal
  throw new UserError("cannot", `cannot add mounts: the file would not read as before, or not come back as it was (set by ${name})`);
}

/** The text without any line that adding made, and without any other mount from `folder`. */
function removeMounts(text: string, folder: string, name: string): string {
  const tree = withoutMounts(text, folder, name);
  const after = deleteMounts(text, folder, name);
  let left = true;
  try {
    left = holdsMounts(after, folder, name) || !isDeepStrictEqual(withoutMounts(after, folder, name), tree);
  } catch {} // it does not read as YAML any more: the same refusal
  if (left)
    throw new UserError("cannot", `cannot take the mounts of ${folder} out: they do not stand in lines of their own (set by ${name})`);
  return after;
}

/** The mounts that a service does not have yet, as docker compose writes them. */
function missingMounts(text: string, service: string, folder: string, name: string): string[] {
  const volumes = readVolumes(text, service, name);
  const missing: string[] = [];
  for (const [source, target] of mounts) {
    const there = volumes.find((item) => targetOf(item) === target);
    if (there === undefined) missing.push(`${folder}/${source}:${target}:ro`);
    else if (sourceOf(there) !== `${folder}/${source}`)
      throw new UserError(
        "cannot",
        `cannot mount ${target} in ${service}: ${sourceOf(there) ?? "something else"} is mounted there already (set by ${name})`,
      );
  }
  return missing;
}

/** The text of the file; undefined when there is none. */
function readText(file: string): string | undefined {
  const found = lookThrough(file);
  if (!found) {
    if (lookAt(file)) throw new UserError("cannot", `cannot edit ${file}: it is a link that leads to no file`);
    return undefined;
  }
  if (found.kind !== "file") throw new UserError("cannot", `cannot edit ${file}: it is no file`);
  const text = decodeStrictUtf8(readFile(file));
  if (text === undefined) throw new UserError("cannot", `cannot read ${file}: it is not UTF-8`);
  return text;
}

/** By a rename, so that nobody reads half of it; beside the file that a link leads to, so that the link stays. */
function replaceFile(file: string, text: string): void {
  const there = lookThrough(file) !== undefined;
  const path = there ? realPath(file) : file;
  const { mode, uid, gid } = there ? status(path) : { mode: 0o644, uid: -1, gid: -1 };
  const staged = `${path}.sshim-new`;
  writeFile(staged, text);
  if (uid >= 0 && ownUid() === 0) changeOwner(staged, uid, gid);
  changeMode(staged, mode);
  rename(staged, path);
}

/** The service of `base` whose container_name is `container`. */
function findService(base: string | undefined, container: string): string | undefined {
  if (!base || !lookThrough(base)) return undefined;
  try {
    const services = (parse(readTextOf(base)) as { services?: Record<string, { container_name?: unknown } | null> })?.services ?? {};
    return Object.entries(services).find(([, service]) => service?.container_name === container)?.[0];
  } catch {
    return undefined;
  }
}
