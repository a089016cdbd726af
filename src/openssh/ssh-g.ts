/**
 * Asks the real ssh what it would do: `ssh -G` with the caller's own words, started through the front's launcher.
 * It prints nothing of what ssh says, and does not interpret it (parse-g.ts does).
 */
import { spawnSync } from "node:child_process";

/** How to start the real ssh. */
export interface Launcher {
  readonly front: string;
  readonly argv0: string;
  readonly real: string;
}

export interface SshGOutput {
  /** ssh's exit code; undefined when it could not be started, or a signal ended it. */
  readonly code: number | undefined;
  readonly text: string;
  /** What it wrote on stderr, but for the word about the pseudo-terminal: that one is about our stdin, not the caller's. */
  readonly warnings: string;
  /** The output is not UTF-8: it must not travel through the control plane. */
  readonly strange: boolean;
}

const ABOUT_OUR_STDIN = /^Pseudo-terminal will not be allocated because stdin is not a terminal\.\r?\n/m;

/** Runs `ssh -G` with these words (options and host, and a stand-in for a command where the caller gave one). Never throws. */
export function askResolved(launcher: Launcher, words: readonly string[], env: NodeJS.ProcessEnv): SshGOutput {
  const result = spawnSync(launcher.front, [launcher.argv0, launcher.real, "-G", ...words], {
    argv0: "ssh",
    env: { ...env, SSHIM_AS: "launch" },
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 4 * 1024 * 1024,
  });
  if (result.error !== undefined || result.status === null) {
    return { code: undefined, text: "", warnings: "", strange: false };
  }
  const warnings = result.stderr.toString("latin1").replace(ABOUT_OUR_STDIN, "");
  try {
    return { code: result.status, text: new TextDecoder("utf-8", { fatal: true }).decode(result.stdout), warnings, strange: false };
  } catch {
    return { code: result.status, text: "", warnings, strange: true };
  }
}
