/**
 * Tells whether the configuration says `ControlPath none`: `ssh -G` prints the same for none and for nothing. So ssh is asked once more, with
 * a ControlPath that holds only where nothing else does. Needed only where a file says `none` somewhere.
 */
import type { Parsed } from "../argv/parse.ts";
import { parseResolved } from "../resolve/parse-g.ts";
import { askResolved, type Launcher } from "../resolve/ssh-g.ts";

/** True when none is in force, or when it cannot be told: the real ssh knows. */
export function wantsNoPath(
  launcher: Launcher,
  words: readonly string[],
  parsed: Parsed,
  files: readonly string[],
  env: NodeJS.ProcessEnv,
): boolean {
  if (parsed.options.some((option) => option.letter === "F" && option.afterHost)) {
    return true;
  }
  const host = words[parsed.destinationIndex - 1] === "--" ? parsed.destinationIndex - 1 : parsed.destinationIndex;
  const asked = [...words.slice(0, host), "-F", "/dev/stdin", ...words.slice(host)];
  const input = [...files.map((file) => `Include "${file}"`), "Match all", "ControlPath /sshim", ""].join("\n");
  const answer = askResolved(launcher, asked, env, input);
  return answer.code !== 0 || !parseResolved(answer.text).has("controlpath");
}
