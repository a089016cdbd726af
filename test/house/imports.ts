/** Reads who imports whom from the sources, with the compiler's own scanner, so that the house tests can judge it. */
import { dirname, join, normalize } from "node:path";
import typescript from "typescript";
import type { Source } from "./files.ts";

export interface Import {
  from: string;
  /** a path of the project, or a package's name */
  to: string;
}

/** All imports: static, type-only and dynamic ones. */
export function readImports(sources: Source[]): Import[] {
  return sources.flatMap(({ path, text }) =>
    typescript.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => ({
      from: path,
      to: fileName.startsWith(".") ? normalize(join(dirname(path), fileName)) : fileName,
    })),
  );
}

/** Only what is loaded at once: no type-only imports, no `import()`. */
export function readStaticImports(sources: Source[]): Import[] {
  return sources.flatMap(({ path, text }) => {
    const file = typescript.createSourceFile(path, text, typescript.ScriptTarget.ES2022);
    return file.statements.flatMap((statement) => {
      const isImport = typescript.isImportDeclaration(statement) && !statement.importClause?.isTypeOnly;
      const isExport = typescript.isExportDeclaration(statement) && !statement.isTypeOnly;
      const target = isImport || isExport ? statement.moduleSpecifier : undefined;
      if (!target || !typescript.isStringLiteral(target)) return [];
      return [{ from: path, to: target.text.startsWith(".") ? normalize(join(dirname(path), target.text)) : target.text }];
    });
  });
}

/** The circles among files, each as "a → b → a". */
export function findCycles(imports: Import[]): string[] {
  const edges = groupBySource(imports);
  const done = new Set<string>();
  const cycles: string[] = [];
  const visit = (path: string, trail: string[]): void => {
    const at = trail.indexOf(path);
    if (at >= 0) cycles.push([...trail.slice(at), path].join(" → "));
    if (at >= 0 || done.has(path)) return;
    for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of edges.keys()) visit(path, []);
  return cycles;
}

/** Everything that loading `entries` loads, the entries included. */
export function closure(entries: string[], imports: Import[]): Set<string> {
  const edges = groupBySource(imports);
  const reached = new Set(entries);
  for (const path of reached) for (const next of edges.get(path) ?? []) reached.add(next);
  return reached;
}

function groupBySource(imports: Import[]): Map<string, string[]> {
  const edges = new Map<string, string[]>();
  for (const { from, to } of imports) edges.set(from, [...(edges.get(from) ?? []), to]);
  return edges;
}
