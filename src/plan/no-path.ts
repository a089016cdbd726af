/**
 * Tells whether the configuration says `ControlPath none`, which `ssh -G` does not print: ssh is
 * asked once more, with a ControlPath that holds only where nothing else does.
 */
import type { ParsedArguments } from "../openssh/argv/parse.ts";
import { askResolved, type Launcher, parseResolved } from "../openssh/ssh-g.ts";
import { type Environment, pid } from "../sys/environment.ts";
import { remove, writeNewFile } from "../sys/files.ts";

/**
 * True when none is in force, or when it cannot be told: the real ssh knows.
 * @param run where a file may lie while ssh reads it (stdin is a socket here, unopenable)
 */
export function wantsNoPath(
  launcher: Launcher,
  run: string,
  words: readonly string[],
  parsed: ParsedArguments,
  files: readonly string[],
  env: Environment,
): boolean {
  if (parsed.options.some((option) => option.letter === "F" && option.afterHost)) {
    return true;
  }
  const file = `${run}/.config.${pid()}`;
  try {
    writeNewFile(file, [...files.map((each) => `Include "${each}"`), "Match all", "ControlPath /sshim", ""].join("\n"));
  } catch {
    return true;
  }
  try {
    const host = words[parsed.destinationIndex - 1] === "--" ? parsed.destinationIndex - 1 : parsed.destinationIndex;
    const answer = askResolved(launcher, [...words.slice(0, host), "-F", file, ...words.slice(host)], env);
    return answer.code !== 0 || !parseResolved(answer.text).has("controlpath");
  } finally {
    remove(file);
  }
}
