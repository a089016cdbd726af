/**
 * What is known about the installed ssh: version, option letters, its system-wide configuration file. Found out once and kept in
 * RUN/letters, keyed by the program's identity. It never searches PATH: the front says which ssh is the real one.
 */
import { type FileIdentity, formatIdentity, readIdentity } from "../protocol/dependencies.ts";
import { decodeWord, encodeWord, lettersPath } from "../protocol/paths.ts";
import type { Environment } from "../sys/environment.ts";
import { readText, replaceOwnFile, tryRead } from "../sys/files.ts";
import { run as runProgram } from "../sys/processes.ts";
import { decodeLatin1 } from "../sys/text.ts";
import { lettersOf, parseVersion, type Version } from "./argv/options.ts";
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
export function readRealSsh(run: string | undefined, launcher: Launcher, env: Environment): RealSsh {
  const identity = readIdentity(launcher.real);
  if (identity === undefined || identity === "unknown") {
    return { path: launcher.real, version: undefined, letters: lettersOf(), systemConfig: USUAL_CONFIG };
  }
  const known = run === undefined ? undefined : readLetters(run, launcher.real, identity);
  if (known !== undefined) {
    return known;
  }
  const found = findOut(launcher, env);
  if (run !== undefined) {
    writeLetters(run, found, identity);
  }
  return found;
}

/** The text of RUN/letters. */
export function formatLetters(real: RealSsh, identity: FileIdentity): string {
  return [
    "sshim-letters 1",
    `file ${encodeWord(real.path)} ${formatIdentity(identity)}`,
    `letters ${real.letters}`,
    `version ${real.version === undefined ? "-" : real.version.join(".")}`,
    `config ${encodeWord(real.systemConfig)}`,
    "end",
    "",
  ].join("\n");
}

function readLetters(run: string, path: string, identity: FileIdentity): RealSsh | undefined {
  try {
    const lines = readText(lettersPath(run)).split("\n");
    const [, letters] = /^letters (\S+)$/.exec(lines[2] ?? "") ?? [];
    const [, version] = /^version (-|\d+\.\d+)$/.exec(lines[3] ?? "") ?? [];
    const [, config] = /^config (\S+)$/.exec(lines[4] ?? "") ?? [];
    if (lines[0] !== "sshim-letters 1" || lines[1] !== `file ${encodeWord(path)} ${formatIdentity(identity)}` || lines[5] !== "end") {
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

function writeLetters(run: string, real: RealSsh, identity: FileIdentity): void {
  // Where it cannot be written the next answer finds out again: that is all it costs.
  replaceOwnFile(lettersPath(run), formatLetters(real, identity));
}

function findOut(launcher: Launcher, env: Environment): RealSsh {
  const program = readProgram(launcher.real);
  const version = findVersion(program) ?? askVersion(launcher, env);
  return { path: launcher.real, version, letters: lettersOf(version), systemConfig: findSystemConfig(program) };
}

/** Its bytes, a character each; empty where they cannot be read. */
function readProgram(path: string): string {
  const bytes = tryRead(path);
  return bytes === undefined ? "" : decodeLatin1(bytes);
}

/**
 * SSH_RELEASE (version.h), which `ssh -V` prints, lies in the program as a string of its own: finding it is the quicker half of a first call.
 * Undefined where there is none (a script), or more than one version; patterns of other peers' versions (compat.c) have a `*`.
 */
function findVersion(program: string): Version | undefined {
  const found = new Map<string, Version>();
  for (let at = program.indexOf("\0OpenSSH_"); at >= 0; at = program.indexOf("\0OpenSSH_", at + 1)) {
    const end = program.indexOf("\0", at + 1);
    const text = program.slice(at + 1, end < 0 ? undefined : end);
    const version = /^[\x20-\x7e]{1,100}$/.test(text) && !text.includes("*") ? parseVersion(text) : undefined;
    if (version !== undefined) found.set(version.join("."), version);
  }
  return found.size === 1 ? [...found.values()][0] : undefined;
}

function askVersion(launcher: Launcher, env: Environment): Version | undefined {
  const { stdout, stderr } = runProgram({
    path: launcher.clientPath,
    name: "ssh",
    words: [launcher.argv0, launcher.real, "-V"],
    environment: { ...env, SSHIM_AS: "launch" },
    stdout: "catch",
    stderr: "catch",
  });
  return parseVersion(`${decodeLatin1(stderr)}\n${decodeLatin1(stdout)}`);
}

/** _PATH_HOST_CONFIG_FILE is compiled in and printed nowhere; it lies in the program as a string of its own. */
function findSystemConfig(program: string): string {
  for (let at = program.indexOf("/ssh_config\0"); at >= 0; at = program.indexOf("/ssh_config\0", at + 1)) {
    const path = program.slice(program.lastIndexOf("\0", at) + 1, at + "/ssh_config".length);
    if (/^\/[\x21-\x7e]{1,200}$/.test(path)) return path;
  }
  return USUAL_CONFIG;
}
