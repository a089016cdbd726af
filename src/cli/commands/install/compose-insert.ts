/**
 * Puts lines with mounts into the text of a compose file, behind the key that they belong to, with the indentation and the line ends of the
 * file. It changes no line that is there, and refuses a service whose list of volumes has no lines of its own.
 */
import { type Document, isAlias, isCollection, isMap, isScalar, isSeq, type Node, type Pair, visit, type YAMLMap } from "yaml";
import { UserError } from "../../../fault.ts";
import { dashesOf, isNothing, lineAt, mark, ownPair, readDocument, splitLines, startOf } from "./compose-read.ts";

/** Where the new lines go, and the keys that have to be made above the mounts. */
interface Place {
  /** the end of a line, or of the text */
  offset: number;
  indent: number;
  keys: string[];
}

/** The text with `wanted` among the volumes of the service. */
export function insertMounts(text: string, service: string, wanted: readonly string[], name: string): string {
  if (wanted.length === 0) return text;
  const document = readDocument(text, name);
  const { offset, indent, keys } = findPlace(document, text, service, name);
  const step = stepOf(document, text);
  const added = [
    ...keys.map((key, depth) => `${" ".repeat(indent + depth * step)}${quote(key)}:${mark}`),
    ...wanted.map((mount) => `${" ".repeat(indent + keys.length * step)}- ${quote(mount)}${mark}`),
  ];
  const end = /\r?\n/.exec(text)?.[0] ?? "\n";
  const unended = offset > 0 && text[offset - 1] !== "\n"; // the last line has no end, and the new last line gets none either
  return text.slice(0, offset) + (unended ? end : "") + added.join(end) + (unended ? "" : end) + text.slice(offset);
}

function findPlace(document: Document, text: string, service: string, name: string): Place {
  const refuse = (what: string, why: string): never => {
    throw new UserError("cannot", `cannot add mounts to ${service}: ${what} ${why} (set by ${name})`);
  };
  if (/^\.{3}(\s|$)/m.test(text)) refuse("the document", "ends before the file does (...)");
  const path = ["services", service, "volumes"];
  let map = document.contents as YAMLMap | null;
  let place: Place = { offset: text.length, indent: 0, keys: path };
  if (isNothing(map)) return place;
  if (map) place.indent = indentOf(map, text) ?? refuse("the top level", "does not stand in lines of its own");
  for (const [depth, key] of path.entries()) {
    const pair: Pair | undefined = map ? ownPair(map, key) : undefined;
    if (!pair) {
      if (map && ownPair(map, "<<")) refuse(key, "may come by a merge key (<<)");
      if (depth === 0 && endsInBlockText(document, text)) refuse("the text at the end of the file", "has no line end");
      return { ...place, keys: path.slice(depth) };
    }
    const node = pair.value as Node | null;
    if (isAlias(node)) refuse(key, `is an alias (*${node.source})`);
    if (node && "anchor" in node && node.anchor && isUsed(document, node.anchor)) refuse(key, `is used elsewhere too, as *${node.anchor}`);
    if (node?.tag === "!reset") refuse(key, "is taken out by !reset");
    const own = indentBefore(text, startOf(pair)) ?? refuse(key, "does not begin its line");
    const offset = endOfLine(text, startOf(pair));
    if (isNothing(node)) return { offset, indent: own + stepOf(document, text), keys: path.slice(depth + 1) };
    if (isCollection(node) && node.flow) refuse(key, isSeq(node) ? "is a list in [ ], not in lines" : "is a mapping in { }, not in lines");
    if (depth < 2 ? !isMap(node) : !isSeq(node)) refuse(key, depth < 2 ? "is no mapping" : "is no list");
    const indent = indentOf(node, text) ?? refuse(key, "does not stand in lines of its own");
    if (!/^([ \t]*(#.*)?\r?\n)*[ \t]*$/.test(text.slice(offset, firstOf(node)))) refuse(key, "has an anchor or a tag in a line of its own");
    place = { offset, indent, keys: [] };
    map = isMap(node) ? node : null;
  }
  return place;
}

/** How deep the first entry of a mapping or a list stands; undefined when it shares its line. */
function indentOf(node: unknown, text: string): number | undefined {
  return isCollection(node) && !node.flow && node.items.length > 0 ? indentBefore(text, firstOf(node)) : undefined;
}

function firstOf(node: unknown): number {
  if (isSeq(node)) return dashesOf(node)[0] ?? 0;
  return isMap(node) ? startOf(node.items[0] as Pair) : 0;
}

function indentBefore(text: string, offset: number): number | undefined {
  const before = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset).replace(/^\uFEFF/, "");
  return /^ *$/.test(before) ? before.length : undefined;
}

function endOfLine(text: string, offset: number): number {
  const lines = splitLines(text);
  const line = lines[lineAt(lines, offset)];
  return line ? line.from + line.text.length : text.length;
}

/** By how much the file indents: as its services do, else as any other mapping at its top does, else by two. */
function stepOf(document: Document, text: string): number {
  if (!isMap(document.contents)) return 2;
  const pairs = [ownPair(document.contents, "services"), ...document.contents.items];
  for (const pair of pairs) {
    if (!pair || !isMap(pair.value)) continue;
    const step = (indentOf(pair.value, text) ?? 0) - (indentBefore(text, startOf(pair)) ?? 0);
    if (step > 0) return step;
  }
  return 2;
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

/** Whether a line end after the last character would belong to a value: libyaml counts it to a `|` or `>` text that ends the file. */
function endsInBlockText(document: Document, text: string): boolean {
  let found = false;
  visit(document, {
    Scalar: (_, node) => {
      found ||= isScalar(node) && /^BLOCK/.test(node.type ?? "") && (node.range?.[1] ?? 0) >= text.length && !text.endsWith("\n");
    },
  });
  return found;
}

/** As it stands where YAML cannot take it for anything else. */
function quote(value: string): string {
  return /^[\w/.][\w/.:+@-]*$/.test(value) && !/^[\d.]+$/.test(value) ? value : JSON.stringify(value);
}
