/**
 * Takes the lines with the mounts out of the text of a compose file, and the keys that adding made above them. It changes no other line, but
 * for the mark on a key under which somebody else has put something since.
 */
import { type Document, isMap, isSeq, type Pair } from "yaml";
import { UserError } from "../../../fault.ts";
import { dashesOf, type Line, lineAt, mark, ownPair, readDocument, splitLines, startOf } from "./compose-read.ts";
import { comesFrom } from "./compose-tree.ts";

/** The text without any mount from `folder`. */
export function deleteMounts(text: string, folder: string, name: string): string {
  const document = readDocument(text, name);
  const lines = splitLines(text);
  const taken = new Set<number>();
  const unmarked = new Set<number>();
  /** Takes a key out when nothing is left under it, if adding made it: it is marked, or nothing is, as by a version that made no marks. */
  const takeKey = (pair: Pair, left: number, marks: boolean): boolean => {
    const line = lineAt(lines, startOf(pair));
    const goes = left === 0 && (isMarked(lines[line]) || !marks);
    (goes ? taken : unmarked).add(line);
    return goes;
  };

  const top = isMap(document.contents) ? ownPair(document.contents, "services") : undefined;
  if (!top || !isMap(top.value)) return text;
  let services = top.value.items.length;
  let marks = false;
  for (const service of top.value.items) {
    const volumes = isMap(service.value) ? ownPair(service.value, "volumes") : undefined;
    if (!isMap(service.value) || !volumes || !isSeq(volumes.value)) continue;
    const items = linesOfMounts(document, volumes, lines, folder, name);
    if (items.length === 0) continue;
    for (const line of items.flat()) taken.add(line);
    const marked = items.some(([line]) => isMarked(lines[line ?? -1]));
    marks ||= marked;
    const gone = takeKey(volumes, volumes.value.items.length - items.length, marked);
    if (takeKey(service, service.value.items.length - (gone ? 1 : 0), marked)) services--;
  }
  if (taken.size === 0) return text;
  takeKey(top, services, marks);
  return joinLines(lines, taken, unmarked);
}

/** The lines of each mount from `folder`. */
function linesOfMounts(document: Document, volumes: Pair, lines: readonly Line[], folder: string, name: string): number[][] {
  if (!isSeq(volumes.value)) return [];
  const dashes = dashesOf(volumes.value);
  return volumes.value.items.flatMap((item, index) => {
    const node = item as { toJS?(document: Document): unknown; range?: [number, number, number] | null };
    if (!comesFrom(node.toJS?.(document), folder)) return [];
    const from = dashes[index];
    const to = node.range?.[1];
    if (from === undefined || to === undefined)
      throw new UserError("cannot", `cannot take the mounts of ${folder} out: a list of volumes is in [ ], not in lines (set by ${name})`);
    const first = lineAt(lines, from);
    const last = Math.max(first, lineAt(lines, to - 1));
    return [Array.from({ length: last - first + 1 }, (_, line) => first + line)];
  });
}

function isMarked(line: Line | undefined): boolean {
  return line?.text.replace(/\r?\n$/, "").endsWith(mark) ?? false;
}

function joinLines(lines: readonly Line[], taken: ReadonlySet<number>, unmarked: ReadonlySet<number>): string {
  const kept = lines.flatMap((line, index) => {
    if (taken.has(index)) return [];
    return isMarked(line) && unmarked.has(index) ? line.text.replace(mark, "") : line.text;
  });
  const text = kept.join("");
  // where the new last line had no end, neither had the old one
  const unended = taken.has(lines.length - 1) && !lines.at(-1)?.text.endsWith("\n");
  return unended ? text.replace(/\r?\n$/, "") : text;
}
