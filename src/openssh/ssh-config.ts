/**
 * Walks the configuration files that ssh reads (readconf.c: read_config_file(), Include) to learn
 * what its answer depends on. Which block holds is ssh's own business: every Include is followed.
 */
import type { DependencyRecorder } from "../protocol/dependencies.ts";
import { type Environment, readVariable } from "../protocol/environment.ts";
import { workingFolder } from "../sys/environment.ts";
import { tryRead } from "../sys/files.ts";
import { decodeLatin1 } from "../sys/text.ts";
import { type Account, homeOf } from "./account.ts";
import { findFiles } from "./glob.ts";
import { readConfigLine, splitArguments } from "./tokens.ts";

/** Where ssh starts to read. */
export interface ConfigSource {
  /** -F's argument, or undefined. */
  readonly given: string | undefined;
  /** The system-wide file of this ssh. */
  readonly system: string;
  readonly account: Account;
  readonly env: Environment;
}

export interface ConfigFindings {
  /** Why the answer may differ at every call, if so. */
  neverCache: string | undefined;
  /** `Match command` is there: it sees what the control plane never does. */
  matchesCommand: boolean;
  /** `Match exec` is there: ssh runs a program each time it reads that. */
  matchesExec: boolean;
  /** `Match sessiontype` is there: a session and the connection it runs on may read differently. */
  matchesSessionType: boolean;
  /** Somewhere it says `ControlPath none`, which -G cannot show. */
  namesNoPath: boolean;
  /** A file that is no file (a pipe): reading it would take it from the caller. */
  notAFile: string | undefined;
  /** In the order in which ssh reads them; and those that no Include leads to, absolute. */
  readonly files: string[];
  readonly roots: string[];
}

/** readconf.c: READCONF_MAX_DEPTH. */
const DEPTH = 16;

/** Notes every file, directory and variable that the configuration rests on. Never throws. */
export function readConfiguration(source: ConfigSource, recorder: DependencyRecorder): ConfigFindings {
  const findings: ConfigFindings = {
    neverCache: undefined,
    matchesCommand: false,
    matchesExec: false,
    matchesSessionType: false,
    namesNoPath: false,
    notAFile: undefined,
    files: [],
    roots: [],
  };
  for (const { path, user } of startFiles(source)) {
    readFile(path, user, 0, source, recorder, findings);
    if (findings.files.includes(path)) {
      findings.roots.push(path.startsWith("/") ? path : `${workingFolder() ?? ""}/${path}`);
    }
  }
  return findings;
}

function startFiles(source: ConfigSource): Array<{ path: string; user: boolean }> {
  if (source.given !== undefined) {
    return source.given.toLowerCase() === "none" ? [] : [{ path: source.given, user: true }];
  }
  return [
    { path: `${source.account.home}/.ssh/config`, user: true },
    { path: source.system, user: false },
  ];
}

function readFile(
  path: string,
  user: boolean,
  depth: number,
  source: ConfigSource,
  recorder: DependencyRecorder,
  findings: ConfigFindings,
): void {
  const found = recorder.file(path);
  if (found === undefined || findings.files.includes(path)) {
    return;
  }
  if (found.type !== "file") {
    if (path !== "/dev/null" && found.type !== "directory") {
      findings.notAFile ??= path;
    }
    return;
  }
  findings.files.push(path);
  for (const line of readLines(path)) {
    const read = readConfigLine(line);
    if (read === undefined) {
      continue;
    }
    for (const [, name] of read.rest.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)) {
      recorder.variable(name as string);
    }
    if (read.keyword === "include" && depth < DEPTH) {
      for (const argument of splitArguments(read.rest)) {
        followInclude(argument, user, depth, source, recorder, findings);
      }
    } else if (read.keyword === "match") {
      checkMatch(read.rest, findings);
    } else if (read.keyword === "controlpath" && /^"?none"?$/i.test(splitArguments(read.rest)[0] ?? "")) {
      findings.namesNoPath = true;
    }
  }
}

function followInclude(
  argument: string,
  user: boolean,
  depth: number,
  source: ConfigSource,
  recorder: DependencyRecorder,
  findings: ConfigFindings,
): void {
  if (argument.includes("%")) {
    // From 9.9 on these are tokens whose values are those of the moment, before it a plain name.
    findings.neverCache ??= "Include with a token";
    return;
  }
  const path = expandVariables(argument, source.env);
  const absolute = path === undefined ? undefined : anchor(path, user, source);
  if (absolute === undefined) {
    return;
  }
  for (const file of findFiles(absolute, recorder)) {
    readFile(file, user, depth + 1, source, recorder, findings);
  }
  if (!/[*?[]/.test(absolute)) {
    recorder.file(absolute);
  }
}

/** GLOB_TILDE follows $HOME before the passwd entry, unlike every other `~` of ssh. */
function anchor(path: string, user: boolean, source: ConfigSource): string | undefined {
  if (path.startsWith("/")) {
    return path;
  }
  const home = source.env.HOME ?? source.account.home;
  if (!path.startsWith("~")) {
    return user ? `${home}/.ssh/${path}` : `${source.system.slice(0, source.system.lastIndexOf("/"))}/${path}`;
  }
  const slash = path.indexOf("/");
  const name = slash < 0 ? path.slice(1) : path.slice(1, slash);
  const start = name === "" ? home : homeOf(name);
  return start === undefined ? undefined : start + (slash < 0 ? "" : path.slice(slash));
}

/** misc.c, dollar_expand(); undefined when a variable is unset (ssh refuses, then). */
function expandVariables(text: string, env: Environment): string | undefined {
  let unset = false;
  const expanded = text.replace(/\$\{([^}]*)\}/g, (_, name: string) => {
    const value = readVariable(env, name);
    unset ||= value === undefined;
    return value ?? "";
  });
  return unset ? undefined : expanded;
}

/** Over-careful on purpose: a pattern that reads like a criterion only costs a ticket. */
function checkMatch(rest: string, findings: ConfigFindings): void {
  const words = splitArguments(rest).map((word) => word.toLowerCase().replace(/^!/, ""));
  for (const word of words) {
    const name = word.split("=", 1)[0];
    if (name === "exec" || name === "localnetwork") {
      findings.neverCache ??= `Match ${name}`;
      findings.matchesExec ||= name === "exec";
    } else if (name === "sessiontype") {
      findings.matchesSessionType = true;
    } else if (name === "command") {
      findings.matchesCommand = true;
    }
  }
}

function readLines(path: string): string[] {
  const bytes = tryRead(path);
  return bytes === undefined ? [] : decodeLatin1(bytes).split("\n");
}
