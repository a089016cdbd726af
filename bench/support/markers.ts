// Puts generated text between `<!-- name -->` and `<!-- /name -->` of a Markdown file. Leaves a file without these markers alone.
import { existsSync, readFileSync, writeFileSync } from "node:fs";

/** Gives false when the file or the markers are not there. */
export function replaceBetween(file: string, name: string, text: string): boolean {
  if (!existsSync(file)) return false;
  const content = readFileSync(file, "utf8");
  const [opening, closing] = [`<!-- ${name} -->`, `<!-- /${name} -->`];
  const [start, end] = [content.indexOf(opening), content.indexOf(closing)];
  if (start < 0 || end < start) return false;
  writeFileSync(file, `${content.slice(0, start + opening.length)}\n\n${text.trim()}\n\n${content.slice(end)}`);
  return true;
}
