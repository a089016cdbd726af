/**
 * Adds the bind mounts of sshim to a docker compose file, or takes them out, and keeps all the rest of it: comments, order, other mounts. It
 * refuses to replace a mount that somebody else made.
 */

import { chownSync, existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type Document, isMap, isScalar, isSeq, parse, parseDocument, type YAMLMap, YAMLSeq } from "yaml";
import { Failure } from "../../fault.ts";

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

/**
 * Edits `file` in place, by a rename, keeping its mode and owner. `folder` is where sshim lies on the host; `base` is the compose file
 * that names the containers. Throws a Failure when the file is no YAML, or holds a mount of somebody else's.
 */
export function editComposeFile(action: "add" | "remove", file: string, folder: string, base?: string): void {
  const before = existsSync(file) ? readFileSync(file, "utf8") : "";
  const services = containers.map(([container, fallback]) => findService(base, container) ?? fallback);
  const after = action === "add" ? addMounts(before, services, folder, file) : removeMounts(before, folder, file);
  if (after === before) return;
  if (after === "") {
    rmSync(file, { force: true });
    return;
  }
  const { mode, uid, gid } = existsSync(file) ? statSync(file) : { mode: 0o644, uid: -1, gid: -1 };
  const staged = `${file}.sshim-new`;
  writeFileSync(staged, after, { mode: mode & 0o777 });
  if (uid >= 0 && process.geteuid?.() === 0) chownSync(staged, uid, gid);
  renameSync(staged, file);
}

/** The text with the mounts in it, for each of the services. The same text when they are there. `name` is for messages. */
export function addMounts(text: string, services: readonly string[], folder: string, name: string): string {
  const document = readDocument(text, name);
  let changed = false;
  for (const service of services) {
    const volumes = volumesOf(document, service, name);
    for (const [source, target] of mounts) {
      const wanted = `${folder}/${source}:${target}:ro`;
      const there = volumes.items.find((item) => targetOf(item) === target);
      if (there !== undefined && sourceOf(there) !== `${folder}/${source}`)
        throw new Failure(
          "cannot",
          `cannot mount ${target} in ${service}: ${sourceOf(there) ?? "something else"} is mounted there already (set by ${name})`,
        );
      if (there !== undefined) continue;
      volumes.add(document.createNode(wanted));
      changed = true;
    }
  }
  return changed ? document.toString({ lineWidth: 0 }) : text;
}

/** The text without any mount from `folder`, and without what is empty then; "" when nothing else was in it. */
export function removeMounts(text: string, folder: string, name: string): string {
  const document = readDocument(text, name);
  const services = document.get("services");
  if (!isMap(services)) return text;
  let changed = false;
  for (const pair of [...services.items]) {
    const volumes = isMap(pair.value) ? (pair.value as YAMLMap).get("volumes") : undefined;
    if (!isSeq(volumes)) continue;
    const kept = volumes.items.filter((item) => !sourceOf(item)?.startsWith(`${folder}/`));
    if (kept.length === volumes.items.length) continue;
    changed = true;
    volumes.items = kept;
    if (kept.length === 0) (pair.value as YAMLMap).delete("volumes");
    if ((pair.value as YAMLMap).items.length === 0) services.delete(pair.key);
  }
  if (!changed) return text;
  if (services.items.length === 0) document.delete("services");
  const rest = isMap(document.contents) && document.contents.items.length > 0;
  const remarks = [document.commentBefore, document.comment, isMap(document.contents) ? document.contents.comment : undefined];
  if (!rest && remarks.every((remark) => !remark)) return "";
  return document.toString({ lineWidth: 0 });
}

function readDocument(text: string, name: string): Document {
  const document = parseDocument(text);
  const problem = document.errors[0];
  if (problem) throw new Failure("cannot", `cannot read ${name}: ${problem.message.split("\n")[0]}`);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    document.contents = document.createNode({}) as never;
  }
  if (!isMap(document.contents)) throw new Failure("cannot", `cannot read ${name}: it is no compose file, its top level is no mapping`);
  return document;
}

/** The list of a service's volumes, made where there is none. */
function volumesOf(document: Document, service: string, name: string): YAMLSeq {
  const services = childMap(document, document.contents as YAMLMap, "services", name);
  const volumes = childMap(document, services, service, name).get("volumes");
  if (isSeq(volumes)) return volumes;
  if (volumes !== undefined && volumes !== null && !(isScalar(volumes) && volumes.value === null))
    throw new Failure("cannot", `cannot add mounts: volumes of ${service} is no list (set by ${name})`);
  const made = new YAMLSeq();
  childMap(document, services, service, name).set("volumes", made);
  return made;
}

function childMap(document: Document, parent: YAMLMap, key: string, name: string): YAMLMap {
  const child = parent.get(key);
  if (isMap(child)) return child;
  if (child !== undefined && child !== null)
    throw new Failure("cannot", `cannot add mounts: ${key} is no mapping of its own (set by ${name})`);
  const made = document.createNode({}) as YAMLMap;
  made.flow = false;
  parent.set(key, made);
  return made;
}

/** Where a mount comes from, in the short form ("a:b:ro") or the long one ({ source, target }). */
function sourceOf(item: unknown): string | undefined {
  if (isMap(item)) return textOf(item.get("source"));
  return textOf(item)?.split(":")[0];
}

function targetOf(item: unknown): string | undefined {
  if (isMap(item)) return textOf(item.get("target"));
  return textOf(item)?.split(":")[1];
}

function textOf(value: unknown): string | undefined {
  const plain = isScalar(value) ? value.value : value;
  return typeof plain === "string" ? plain : undefined;
}

/** The service of `base` whose container_name is `container`. */
function findService(base: string | undefined, container: string): string | undefined {
  if (!base || !existsSync(base)) return undefined;
  try {
    const services =
      (parse(readFileSync(base, "utf8")) as { services?: Record<string, { container_name?: unknown } | null> })?.services ?? {};
    return Object.entries(services).find(([, service]) => service?.container_name === container)?.[0];
  } catch {
    return undefined;
  }
}
