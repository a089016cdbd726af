/** Reads a compose file for the places where its keys and items stand, line by line. It interprets no value, and refuses what is no compose file. */
import { type Document, isMap, isScalar, type Pair, parseDocument, type YAMLMap, type YAMLSeq } from "yaml";
import { UserError } from "../../../fault.ts";

/** Ends every line that adding makes: what adding made can be told from what was there, and a reader sees whose it is. */
export const mark = " # added by sshim";

/** A line with its end: where it begins in the text, and what is in it. */
export interface Line {
  from: number;
  text: string;
}

export function readDocument(text: string, name: string): Document {
  const document = parseDocument(text, { schema: "failsafe", merge: true, keepSourceTokens: true, logLevel: "error" });
  const problem = document.errors[0];
  const what = problem?.code === "MULTIPLE_DOCS" ? "it holds more than one document" : problem?.message.split("\n")[0]?.replace(/:$/, "");
  if (problem) throw new UserError("cannot", `cannot read ${name}: ${what}`);
  if (!isMap(document.contents) && !isNothing(document.contents))
    throw new UserError("cannot", `cannot read ${name}: it is no compose file, its top level is no mapping`);
  return document;
}

/** No node, or one without a character of its own: `key:`. */
export function isNothing(node: unknown): boolean {
  return node === null || node === undefined || (isScalar(node) && node.type === "PLAIN" && node.source === "");
}

/** A mapping's own pair of that key, not one that a merge key gives it; "<<" is the merge key itself. */
export function ownPair(map: YAMLMap, key: string): Pair | undefined {
  return map.items.find((pair) => isScalar(pair.key) && pair.key.source === key);
}

/** Where the items of a list begin: at their dashes. A list in [ ] has none. */
export function dashesOf(list: YAMLSeq): number[] {
  const token = list.srcToken;
  if (token?.type !== "block-seq") return [];
  return token.items.flatMap(({ start }) => start.filter(({ type }) => type === "seq-item-ind").map(({ offset }) => offset));
}

/** Where a key begins. */
export function startOf(pair: Pair): number {
  return (isScalar(pair.key) && pair.key.range?.[0]) || 0;
}

/** The text in lines, each with its end. */
export function splitLines(text: string): Line[] {
  return [...text.matchAll(/[^\n]*\n|[^\n]+$/g)].map((match) => ({ from: match.index, text: match[0] }));
}

export function lineAt(lines: readonly Line[], offset: number): number {
  return lines.findLastIndex(({ from }) => from <= offset);
}
