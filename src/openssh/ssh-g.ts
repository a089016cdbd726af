/**
 * Asks the real ssh what it would do, `ssh -G` with the caller's own words, and reads what it prints
 * (dump_client_config() of readconf.c, 9.2 to 10.5) into keywords and values. -G says nothing of the command, of -W's
 * target, of -O's word and of -E, -y and -F.
 */
import type { Environment } from "../sys/environment.ts";
import { run } from "../sys/processes.ts";
import { decodeLatin1, decodeStrictUtf8 } from "../sys/text.ts";

/** How to start the real ssh. */
export interface Launcher {
  readonly clientPath: string;
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
export function askResolved(launcher: Launcher, words: readonly string[], env: Environment): SshGOutput {
  const { code, stdout, stderr } = run({
    path: launcher.clientPath,
    name: "ssh",
    words: [launcher.argv0, launcher.real, "-G", ...words],
    environment: { ...env, SSHIM_AS: "launch" },
    stdout: "catch",
    stderr: "catch",
  });
  if (code === undefined) {
    return { code, text: "", warnings: "", strange: false };
  }
  const warnings = decodeLatin1(stderr).replace(ABOUT_OUR_STDIN, "");
  const text = decodeStrictUtf8(stdout);
  return { code, text: text ?? "", warnings, strange: text === undefined };
}

/** Keyword in lower case → its values in order, each the rest of a line. */
export type Resolved = ReadonlyMap<string, readonly string[]>;

/** Reads the output; lines keep their order within a keyword. */
export function parseResolved(text: string): Resolved {
  const resolved = new Map<string, string[]>();
  for (const line of text.split("\n")) {
    if (line === "") {
      continue;
    }
    const space = line.indexOf(" ");
    const keyword = (space < 0 ? line : line.slice(0, space)).toLowerCase();
    const value = space < 0 ? "" : line.slice(space + 1);
    const values = resolved.get(keyword);
    if (values === undefined) {
      resolved.set(keyword, [value]);
    } else {
      values.push(value);
    }
  }
  // Debian's ssh makes the default 300 with BatchMode: nobody set it, and `sftp -b` would not share what `ssh` has.
  if (flagOf(resolved, "batchmode") && optionOf(resolved, "serveraliveinterval") === "300") {
    resolved.set("serveraliveinterval", ["0"]);
  }
  return resolved;
}

/** The first value of a keyword. */
export function optionOf(resolved: Resolved, keyword: string): string | undefined {
  return resolved.get(keyword)?.[0];
}

/** Where it leads: user@host:port, as records and the journal write it. */
export function destinationOf(resolved: Resolved): string {
  return `${optionOf(resolved, "user") ?? ""}@${optionOf(resolved, "hostname") ?? ""}:${optionOf(resolved, "port") ?? "22"}`;
}

/** A yes or a no in any of the spellings of readconf.c's multistate tables; undefined for another value. */
export function flagOf(resolved: Resolved, keyword: string): boolean | undefined {
  switch (optionOf(resolved, keyword)) {
    case "yes":
    case "true":
      return true;
    case "no":
    case "false":
      return false;
    default:
      return undefined;
  }
}

/** log.h's numbers. 9.2 prints SILENT for QUIET. */
export function logLevelOf(resolved: Resolved): number {
  const names = ["QUIET", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG2", "DEBUG3"];
  const name = optionOf(resolved, "loglevel") ?? "INFO";
  if (name === "SILENT") {
    return 0;
  }
  const level = names.indexOf(name === "DEBUG1" ? "DEBUG" : name);
  return level < 0 ? 3 : level;
}

/** The escape character as a byte; 0xffffffff for none (what the mux protocol calls it). */
export function escapeOf(resolved: Resolved): number {
  const text = optionOf(resolved, "escapechar") ?? "~";
  return text === "none" ? 0xffffffff : unvisualise(text);
}

/** Undoes vis(3) with VIS_WHITE for one byte: `\^C`, `\M-x`, `\M^C`, `\040`, `\\`. */
function unvisualise(text: string): number {
  if (text.length === 1) {
    return text.charCodeAt(0);
  }
  const octal = /^\\([0-7]{3})$/.exec(text);
  if (octal) {
    return Number.parseInt(octal[1] as string, 8);
  }
  if (text === "\\\\") {
    return 0x5c;
  }
  const [, meta, control, plain] = /^\\(M)?(?:\^(.)|-(.))$/.exec(text) ?? [];
  const low = control !== undefined ? controlByte(control) : plain?.charCodeAt(0);
  return low === undefined ? 0x7e : low + (meta === undefined ? 0 : 0x80);
}

function controlByte(letter: string): number {
  return letter === "?" ? 0x7f : letter.charCodeAt(0) & 0x1f;
}
