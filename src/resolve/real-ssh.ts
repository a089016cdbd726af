/**
 * What is known about the installed ssh: version, option letters, its system-wide configuration file. Found out once and kept in
 * RUN/letters, keyed by the program's identity. It never searches PATH: the front says which ssh is the real one.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { lettersOf, parseVersion, type Version } from "../argv/options.ts";
import { decodeWord, encodeWord, lettersPath } from "../state/paths.ts";
import { type FileFacts, factsText, readFacts } from "./facts.ts";
import type { Launcher } from "./ssh-g.ts";

export interface RealSsh {
  readonly path: string;
  /** Undefined when `ssh -V` says nothing that we know. */
  readonly version: Version | undefined;
  /** getopt's letters of that version. */
  readonly letters: string;
  /** ssh_config of the system. */
  readonly systemConfig: string;
}

const USUAL_CONFIG = "/etc/ssh/ssh_config";

/** Reads RUN/letters, or finds out and writes it. Never throws: what cannot be told is taken as the newest. */
export function readRealSsh(run: string | undefined, launcher: Launcher, env: NodeJS.ProcessEnv): RealSsh {
  const facts = readFacts(launcher.real);
  if (facts === undefined || facts === "unknown") {
    return { path: launcher.real, version: undefined, letters: lettersOf(), systemConfig: USUAL_CONFIG };
  }
  const known = run === undefined ? undefined : readLetters(run, launcher.real, facts);
  if (known !== undefined) {
    return known;
  }
  const found = findOut(launcher, env);
  if (run !== undefined) {
    writeLetters(run, found, facts);
  }
  return found;
}

/** The text of RUN/letters. The front reads no further than `letters`. */
export function formatLetters(real: RealSsh, facts: FileFacts): string {
  return [
    "sshim-letters 1",
    `file ${encodeWord(real.path)} ${factsText(facts)}`,
    `letters ${real.letters}`,
    `version ${real.version === undefined ? "-" : real.version.join(".")}`,
    `config ${encodeWord(real.systemConfig)}`,
    "end",
    "",
  ].join("\n");
}

function readLetters(run: string, path: string, facts: FileFacts): RealSsh | undefined {
  try {
    const lines = readFileSync(lettersPath(run), "utf8").split("\n");
    const [, letters] = /^letters (\S+)$/.exec(lines[2] ?? "") ?? [];
    const [, version] = /^version (-|\d+\.\d+)$/.exec(lines[3] ?? "") ?? [];
    const [, config] = /^config (\S+)$/.exec(lines[4] ?? "") ?? [];
    if (lines[0] !== "sshim-letters 1" || lines[1] !== `file ${encodeWord(path)} ${factsText(facts)}` || lines[5] !== "end") {
      return undefined;
    }
    if (letters === undefined || version === undefined || config === undefined) {
      return undefined;
    }
    const [major, minor] = version.split(".").map(Number);
    const parsed: Version | undefined = major === undefined || minor === undefined ? undefined : [major, minor];
    return { path, version: parsed, letters, systemConfig: decodeWord(config) };
  } catch {
    return undefined;
  }
}

function writeLetters(run: string, real: RealSsh, facts: FileFacts): void {
  const path = lettersPath(run);
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, formatLetters(real, facts), { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // The next answer asks again: that is all it costs.
  }
}

function findOut(launcher: Launcher, env: NodeJS.ProcessEnv): RealSsh {
  const result = spawnSync(launcher.front, [launcher.argv0, launcher.real, "-V"], {
    argv0: "ssh",
    env: { ...env, SSHIM_AS: "launch" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const said = result.error === undefined ? `${result.stderr.toString("latin1")}\n${result.stdout.toString("latin1")}` : "";
  const version = parseVersion(said);
  return { path: launcher.real, version, letters: lettersOf(version), systemConfig: findSystemConfig(launcher.real) };
}

/** _PATH_HOST_CONFIG_FILE is compiled in and printed nowhere; it lies in the program as a string of its own. */
function findSystemConfig(path: string): string {
  try {
    const [, found] = /\0(\/[\x21-\x7e]{1,200}\/ssh_config)\0/.exec(readFileSync(path, "latin1")) ?? [];
    return found ?? USUAL_CONFIG;
  } catch {
    return USUAL_CONFIG;
  }
}
