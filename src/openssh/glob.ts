/**
 * Finds the files of an Include's pattern as openbsd-compat/glob.c does, and records every
 * directory that it looked into: a file that appears there later changes the answer.
 */
import type { DependencyRecorder } from "../protocol/dependencies.ts";
import { listFolder } from "../sys/files.ts";

/** The paths that match an absolute pattern, in glob's order. */
export function findFiles(pattern: string, recorder: DependencyRecorder): string[] {
  let found = ["/"];
  const parts = pattern.split("/").filter((part) => part !== "");
  for (const part of parts) {
    if (!isMagic(part)) {
      const plain = part.replace(/\\(.)/g, "$1");
      found = found.map((path) => join(path, plain));
      continue;
    }
    const matches = toExpression(part);
    found = found.flatMap((path) =>
      listDirectory(path, recorder)
        .filter((name) => matches.test(name))
        .map((name) => join(path, name)),
    );
  }
  return found.filter((path) => recorder.file(path) !== undefined);
}

function listDirectory(path: string, recorder: DependencyRecorder): string[] {
  if (recorder.file(path)?.type !== "directory") {
    return [];
  }
  // strcmp's order, as glob sorts in the C locale.
  return listFolder(path).sort((a, b) => (a < b ? -1 : 1));
}

function isMagic(part: string): boolean {
  return /[*?[]/.test(part.replace(/\\./g, ""));
}

/** A leading dot has to be written; `[!a-c]` negates; a backslash quotes. */
function toExpression(part: string): RegExp {
  let text = part.startsWith(".") ? "" : "(?!\\.)";
  for (let index = 0; index < part.length; index++) {
    const letter = part[index] as string;
    const close = letter === "[" ? part.indexOf("]", index + 2 + (part[index + 1] === "!" ? 1 : 0)) : -1;
    if (letter === "*") {
      text += ".*";
    } else if (letter === "?") {
      text += ".";
    } else if (letter === "\\" && index + 1 < part.length) {
      text += quote(part[++index] as string);
    } else if (close > 0) {
      const negated = part[index + 1] === "!";
      text += `[${negated ? "^" : ""}${part.slice(index + (negated ? 2 : 1), close).replace(/[\\\]^[]/g, "\\$&")}]`;
      index = close;
    } else {
      text += quote(letter);
    }
  }
  return new RegExp(`^${text}$`, "s");
}

function quote(letter: string): string {
  return letter.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function join(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}
