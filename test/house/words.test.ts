/** The old double meanings stay away: a word that stood for several things is not an identifier again (docs/architecture.md, "Words"). */
import typescript from "typescript";
import { expect, it } from "vitest";
import { projectFiles } from "./files.ts";

/** The old word, and the one that stands for it now. */
const REPLACED: Readonly<Record<string, string>> = {
  Lane: "Action",
  laneOf: "actionOf",
  keydir: "poolDir, or pool.dir",
  ownPlace: "placeInPool",
  guest: "canDial: false",
  Claims: "MasterAttributes",
  claims: "attributes",
  Wish: "PlacementInput",
  Way: "Target",
  wayOf: "targetOf",
  Gathered: "KeyParts",
  Surroundings: "Caller",
  Facts: "DependencyRecorder",
  FileFacts: "FileIdentity",
  unsure: "cache: notYet",
  everyTime: "cache: never",
  MasterPlan: "MasterSpec",
  Failure: "BreakKind, or UserError",
  judge: "classify, check, inspect, or plan",
  tell: "journal, or describe",
  say: "writeStderr, or send",
  hear: "readLine",
  Said: "a noun",
  Asked: "a noun",
  Kept: "a noun",
  Held: "a noun",
  Tried: "a noun",
};

/** Files where an old word is public (a field of --json), or is left over from the wire. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  unsure: ["src/cli/interface.ts", "src/cli/commands/explain/explanation.ts", "src/cli/commands/explain/text.ts"],
  keydir: ["src/protocol/ticket-read.ts"],
};

it("no identifier in src is a word that was replaced", () => {
  const found = projectFiles(["src/"], [".ts"]).flatMap(({ path, text }) =>
    [...identifiersOf(text)]
      .filter((name) => Object.hasOwn(REPLACED, name) && !ALLOWED[name]?.includes(path))
      .map((name) => `${path}: ${name} (now ${REPLACED[name]})`),
  );
  expect(found).toEqual([]);
});

it("each of the words has its line in the glossary, once", () => {
  const [text = ""] = projectFiles(["docs/architecture.md"], [".md"]).map((file) => file.text);
  const words = [...text.matchAll(/^\| ([a-z][a-zA-Z ,]+?) \| (?!what it is)/gm)].map((match) => match[1] as string);
  expect(words.length).toBeGreaterThan(18);
  expect(words).toEqual([...new Set(words)]);
});

function identifiersOf(text: string): Set<string> {
  const names = new Set<string>();
  const visit = (node: typescript.Node): void => {
    if (typescript.isIdentifier(node)) names.add(node.text);
    typescript.forEachChild(node, visit);
  };
  visit(typescript.createSourceFile("a.ts", text, typescript.ScriptTarget.ES2022));
  return names;
}
