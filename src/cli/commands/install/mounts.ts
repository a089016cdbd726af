/**
 * Puts the bind mounts of sshim into the text of a compose file, or takes them out, by its YAML
 * document. Every scalar stays as it is written, and the outcome is compared with what was there:
 * where anything else would read differently, it is refused.
 */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  type Node,
  Pair,
  parseDocument,
  Scalar,
  visit,
  YAMLMap,
  YAMLSeq,
} from "yaml";
import { UserError } from "../../../fault.ts";

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

/** Tells a reader whose mount it is. */
const mark = " added by sshim";

/** The text with the mounts in it, for each service; the same text when they are there. */
export function addMounts(text: string, services: readonly string[], folder: string, name: string): string {
  if (/[:$\n]/.test(folder))
    throw new UserError(
      "cannot",
      `cannot add mounts: docker compose would not read ${JSON.stringify(folder)} as it stands (set by COOLIFY_ROOT)`,
    );
  const document = readDocument(text, name);
  const isComplete = (now: Document) => services.every((service) => missingMounts(now, service, folder, name).length === 0);
  if (isComplete(document)) return text;
  takeOut(document, folder); // an older version's mounts may be others
  for (const service of services) {
    const missing = missingMounts(document, service, folder, name);
    if (missing.length > 0) openVolumes(document, service, name).items.push(...missing.map(markedScalar));
  }
  const after = writeDocument(document, text, folder);
  if (!isSame(text, after, folder, name) || !isComplete(readDocument(after, name)))
    throw new UserError("cannot", `cannot add mounts: the file would not read as before (set by ${name})`);
  return after;
}

/** The text without the mounts. Keys that are empty then are as in `reference`, from before. */
export function removeMounts(text: string, folder: string, name: string, reference = ""): string {
  if (!holdsMounts(text, folder, name)) return text;
  const document = readDocument(text, name);
  const before = readDocument(reference, name);
  for (const service of takeOut(document, folder))
    for (const path of [["services", service, "volumes"], ["services", service], ["services"]]) {
      const node = document.getIn(path);
      if (!isCollection(node) || node.items.length > 0) continue;
      if (!before.hasIn(path)) document.deleteIn(path);
      else if (isNothing(before.getIn(path, true))) document.setIn(path, nothing());
    }
  const after = writeDocument(document, text, folder);
  if (!isSame(text, after, folder, name) || holdsMounts(after, folder, name))
    throw new UserError("cannot", `cannot take the mounts of ${folder} out: they are not in a service's own list (set by ${name})`);
  return after;
}

/** Whether any service has a mount from `folder`. */
export function holdsMounts(text: string, folder: string, name: string): boolean {
  const { services } = mapOf(treeOf(readDocument(text, name), name));
  return Object.values(mapOf(services)).some((service) => listOf(mapOf(service).volumes).some((item) => comesFrom(item, folder)));
}

/** Throws a UserError where the text is not one document with a mapping, or nothing, at its top. */
function readDocument(text: string, name: string, version: "failsafe" | "yaml-1.1" = "failsafe"): Document {
  const document = parseDocument(text, { schema: version, merge: true, logLevel: "error" });
  const problem = document.errors[0];
  const what = problem?.code === "MULTIPLE_DOCS" ? "it holds more than one document" : problem?.message.split("\n")[0]?.replace(/:$/, "");
  if (problem) throw new UserError("cannot", `cannot read ${name}: ${what}`);
  if (!isMap(document.contents) && !isNothing(document.contents))
    throw new UserError("cannot", `cannot read ${name}: it is not a compose file, its top level is not a mapping`);
  return document;
}

/** The mounts that a service does not have yet, by itself or by a merge key. */
function missingMounts(document: Document, service: string, folder: string, name: string): string[] {
  const services = mapOf(mapOf(treeOf(document, name)).services);
  const volumes = Object.hasOwn(services, service) ? listOf(mapOf(services[service]).volumes) : [];
  return mounts.flatMap(([source, target]) => {
    const there = volumes.find((item) => partOf(item, 1, "target") === target);
    if (there === undefined) return [`${folder}/${source}:${target}:ro`];
    const from = sourceOf(there) ?? "something else";
    if (from === `${folder}/${source}`) return [];
    throw new UserError("cannot", `cannot mount ${target} in ${service}: ${from} is mounted there already (set by ${name})`);
  });
}

/** The list of a service's volumes, made where there is none. Refuses one that others share. */
function openVolumes(document: Document, service: string, name: string): YAMLSeq {
  const refuse = (key: string, why: string): never => {
    throw new UserError("cannot", `cannot add mounts to ${service}: ${key} ${why} (set by ${name})`);
  };
  let map = openTop(document);
  for (const key of ["services", service]) map = open(document, map, key, new YAMLMap(document.schema), refuse);
  return open(document, map, "volumes", new YAMLSeq(document.schema), refuse);
}

function open<Kind extends YAMLMap | YAMLSeq>(document: Document, map: YAMLMap, key: string, fresh: Kind, refuse: Refuse): Kind {
  const pair = ownPair(map, key);
  if (!pair && ownPair(map, "<<")) refuse(key, "may come by a merge key (<<)");
  const node = pair?.value as Node | null | undefined;
  if (isAlias(node)) refuse(key, `is an alias (*${node.source})`);
  if (node && "anchor" in node && node.anchor && isUsed(document, node.anchor)) refuse(key, `is used elsewhere too, as *${node.anchor}`);
  if (node?.tag === "!reset") refuse(key, "is taken out by !reset");
  if (isCollection(node) && node.items.length === 0) node.flow = false;
  if (isMap(fresh) ? isMap(node) : isSeq(node)) return node as Kind;
  if (!isNothing(node)) refuse(key, isMap(fresh) ? "is not a mapping" : "is not a list");
  if (pair) pair.value = fresh;
  else map.items.push(new Pair(new Scalar(key), fresh));
  return fresh;
}

type Refuse = (key: string, why: string) => never;

function openTop(document: Document): YAMLMap {
  if (isMap(document.contents)) return document.contents;
  const top = new YAMLMap(document.schema);
  document.contents = top as Document["contents"];
  // What stood alone in the file stays above.
  document.commentBefore = [document.commentBefore, document.comment].filter(Boolean).join("\n") || null;
  document.comment = null;
  return top;
}

/** Takes every mount from `folder` out of the services' own lists. Returns those services. */
function takeOut(document: Document, folder: string): string[] {
  const services = document.get("services");
  if (!isMap(services)) return [];
  return services.items.flatMap(({ key, value }) => {
    const volumes = isMap(value) ? ownPair(value, "volumes")?.value : undefined;
    if (!isSeq(volumes)) return [];
    const kept = volumes.items.filter((item) => !comesFrom((item as Node).toJS(document), folder));
    if (kept.length === volumes.items.length) return [];
    volumes.items = kept;
    return [String(key)];
  });
}

/** The document, laid out as `text` is; a comment that lost its place is put at the end. */
function writeDocument(document: Document, text: string, folder: string): string {
  if (isMap(document.contents) && document.contents.items.length === 0) document.contents = null;
  document.contents ??= nothing();
  const indent = /^( +)[^\s#]/m.exec(text)?.[1]?.length ?? 2;
  const indentSeq = !/^( *)[^\s#-].*:[^\S\n]*\r?\n\1- /m.test(text);
  const write = () => document.toString({ lineWidth: 0, indent, indentSeq }).replace(/^\n+$/, "");
  const lost = commentsOf(text, folder);
  for (const comment of commentsOf(write(), folder)) {
    const at = lost.indexOf(comment);
    if (at >= 0) lost.splice(at, 1);
  }
  if (lost.length > 0) document.comment = [document.comment, ...lost.map((comment) => comment.slice(1))].filter(Boolean).join("\n");
  const after = write();
  return (text.startsWith("\uFEFF") ? "\uFEFF" : "") + (text.includes("\r\n") ? after.replaceAll("\n", "\r\n") : after);
}

/** Every comment that does not stand beside a mount from `folder`. */
function commentsOf(text: string, folder: string): string[] {
  const comments: string[] = [];
  let before = "";
  let line = "";
  for (const lexeme of new Lexer().lex(text)) {
    line = lexeme.includes("\n") ? "" : line + lexeme;
    // \x1f announces a scalar, which may begin with "#".
    if (lexeme.startsWith("#") && before !== "\x1f" && !line.includes(`${folder}/`)) comments.push(lexeme.trimEnd());
    before = lexeme;
  }
  return comments;
}

/** Whether two texts say the same but for the mounts: as written, and by YAML 1.1's rules. */
function isSame(text: string, after: string, folder: string, name: string): boolean {
  const meaning = (words: string) =>
    JSON.stringify(
      (["failsafe", "yaml-1.1"] as const).map((version) => withoutMounts(treeOf(readDocument(words, name, version), name), folder)),
    );
  try {
    return !endsInBlockText(text, name) && meaning(after) === meaning(text);
  } catch {
    return false;
  }
}

/** A `|` or `>` text at the end without a line end: one that comes now would belong to it. */
function endsInBlockText(text: string, name: string): boolean {
  let found = false;
  visit(readDocument(text, name), {
    Scalar: (_, { type, range }) => {
      found ||= /^BLOCK/.test(type ?? "") && range?.[1] === text.length && !text.endsWith("\n");
    },
  });
  return found;
}

/** Everything but the mounts. What is empty counts as none: adding makes what it needs. */
function withoutMounts(tree: unknown, folder: string): unknown {
  const { services, ...others } = mapOf(tree);
  const kept = Object.entries(mapOf(services)).flatMap(([key, service]) => {
    const { volumes, ...rest } = mapOf(service);
    const theirs = Array.isArray(volumes) ? volumes.filter((item) => !comesFrom(item, folder)) : volumes;
    const left = isEmpty(theirs) ? rest : { ...rest, volumes: theirs };
    return isEmpty(left) ? [] : [[key, left] as const];
  });
  return kept.length > 0 ? { ...others, services: Object.fromEntries(kept) } : others;
}

/** What a document says, with its aliases and merge keys followed. */
function treeOf(document: Document, name: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 10_000 });
  } catch (error) {
    throw new UserError("cannot", `cannot read ${name}: ${(error as Error).message}`);
  }
}

/** Whether a mount is one of sshim's: nobody else has files in its folder. */
function comesFrom(item: unknown, folder: string): boolean {
  return sourceOf(item)?.startsWith(`${folder}/`) ?? false;
}

function sourceOf(item: unknown): string | undefined {
  return partOf(item, 0, "source");
}

/** Of a mount in the short form ("a:b:ro") or the long one ({ source, target }). */
function partOf(item: unknown, position: number, key: string): string | undefined {
  if (typeof item === "string") return item.split(":")[position];
  const part = mapOf(item)[key];
  return typeof part === "string" ? part : undefined;
}

function markedScalar(mount: string): Scalar {
  return Object.assign(new Scalar(mount), { comment: mark });
}

/** A mapping's own pair of that key, not one by a merge key; "<<" is the merge key itself. */
function ownPair(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && (pair.key.source ?? pair.key.value) === key);
}

function isUsed(document: Document, anchor: string): boolean {
  let used = false;
  visit(document, {
    Alias: (_, { source }) => {
      used ||= source === anchor;
    },
  });
  return used;
}

function nothing(): Scalar {
  return Object.assign(new Scalar(""), { type: "PLAIN", source: "" });
}

/** No node, or one without a character of its own: `key:`. */
function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.type === "PLAIN" && node.source === "");
}

function mapOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === null || value === "" || (typeof value === "object" && Object.keys(value).length === 0);
}
