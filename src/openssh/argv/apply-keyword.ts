// What `-o Keyword=value` does to the settings, for the keywords that the shim has to understand: readconf.c's
// process_config_line_depth. The first value of a keyword wins. Every other keyword is `ssh -G`'s to judge.

import { type KeywordLine, splitKeyword } from "../keyword.ts";
import { isJumpList } from "./destination.ts";
import type { ControlMaster, Effective, RequestTty, SessionType } from "./parsed.ts";
import { lowerCase, parseEscape, parsePort } from "./values.ts";

const FLAG: Record<string, boolean> = { true: true, yes: true, false: false, no: false };
const MASTER: Record<string, ControlMaster> = {
  true: "yes",
  yes: "yes",
  false: "no",
  no: "no",
  auto: "auto",
  ask: "ask",
  autoask: "autoask",
};
const TTY: Record<string, RequestTty> = { true: "yes", yes: "yes", false: "no", no: "no", force: "force", auto: "auto" };
const SESSION: Record<string, SessionType> = { none: "none", subsystem: "subsystem", default: "default" };
const FAMILY: Record<string, "any" | "inet" | "inet6"> = { any: "any", inet: "inet", inet6: "inet6" };
const LEVEL: Record<string, number> = {
  ...{ quiet: 0, silent: 0, fatal: 1, error: 2, info: 3, verbose: 4 },
  ...{ debug: 5, debug1: 5, debug2: 6, debug3: 7 },
};

/** Applies one -o; gives the reason if ssh would refuse it, as far as that can be told without the configuration. */
export function applyKeyword(effective: Effective, argument: string): string | undefined {
  const line = splitKeyword(argument);
  if (typeof line !== "object") return line;
  const result = applyLine(effective, line);
  if (result === "any") return;
  if (result === "one" && line.values.length > 1) return `extra arguments after "${line.keyword}"`;
  return result === "one" ? undefined : result.refused;
}

// What a keyword made of its line: it takes one value, it takes whatever there is, or why it is refused.
type Result = "one" | "any" | { refused: string };

function applyLine(effective: Effective, line: KeywordLine): Result {
  const { keyword, values } = line;
  const value = values[0] ?? "";
  switch (keyword) {
    case "host":
    case "match":
    case "include":
      return refuse(line);
    case "user":
      return setString(line, () => (effective.user ??= value));
    case "hostname":
      return setString(line, () => (effective.hostName ??= value));
    case "controlpath":
      return setString(line, () => (effective.controlPath ??= value));
    case "controlpersist":
      return setString(line, () => (effective.controlPersist ??= value));
    case "tag":
      return setString(line, () => (effective.tag ??= value));
    case "port":
      return setValue(line, parsePort(value) || undefined, (port) => (effective.port ??= port));
    case "controlmaster":
      return setValue(line, pick(MASTER, value), (master) => (effective.controlMaster ??= master));
    case "requesttty":
      return setValue(line, pick(TTY, value), (tty) => (effective.requestTty ??= tty));
    case "sessiontype":
      return setValue(line, pick(SESSION, value), (type) => (effective.sessionType ??= type));
    case "stdinnull":
      return setValue(line, pick(FLAG, value), (flag) => (effective.stdinNull ??= flag));
    case "forkafterauthentication":
      return setValue(line, pick(FLAG, value), (flag) => (effective.fork ??= flag));
    case "forwardx11":
      return setValue(line, pick(FLAG, value), (flag) => (effective.x11 ??= flag));
    case "forwardx11trusted":
      return setValue(line, pick(FLAG, value), (flag) => (effective.x11Trusted ??= flag));
    case "gatewayports":
      return setValue(line, pick(FLAG, value), (flag) => (effective.gatewayPorts ??= flag));
    case "compression":
      return setValue(line, pick(FLAG, value), (flag) => (effective.compression ??= flag));
    case "addressfamily":
      return setValue(line, pick(FAMILY, value), (family) => (effective.addressFamily ??= family));
    case "loglevel":
      return setValue(line, pick(LEVEL, value), (level) => (effective.logLevel ??= level));
    case "escapechar":
      return setValue(line, parseEscape(value), (character) => (effective.escape ??= character));
    case "forwardagent":
      return setString(line, () => setAgent(effective, value));
    case "remotecommand":
      effective.remoteCommand ??= commandOf(line);
      return "any";
    case "proxycommand":
      // A jump host that is already set wins.
      if (effective.jump === undefined) effective.proxyCommand ??= commandOf(line);
      return "any";
    case "proxyjump":
      if (!isJumpList(commandOf(line))) return refuse(line);
      if (effective.proxyCommand === undefined) effective.jump ??= commandOf(line);
      return "any";
    case "localforward":
    case "remoteforward":
    case "dynamicforward":
      effective.hasForward = true;
      return "any";
    case "tunnel":
      if (pick(FLAG, value) !== false) effective.hasForward = true;
      return "any";
    default:
      return "any";
  }
}

function refuse(line: KeywordLine): Result {
  return { refused: `bad value '${line.rest}' of "${line.keyword}"` };
}

function setString(line: KeywordLine, set: () => void): Result {
  if (!line.values[0]) return refuse(line);
  set();
  return "one";
}

function setValue<T>(line: KeywordLine, value: T | undefined, set: (value: T) => void): Result {
  if (value === undefined) return refuse(line);
  set(value);
  return "one";
}

function pick<T>(table: Record<string, T>, value: string): T | undefined {
  const key = lowerCase(value);
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

// Neither yes nor no is the path of a socket, or $NAME.
function setAgent(effective: Effective, value: string): void {
  const flag = pick(FLAG, value);
  if (flag === undefined) effective.agentSocket ??= value;
  effective.agent ??= flag ?? true;
}

// These take the rest of the line as it is, quotes and "#" included.
function commandOf(line: KeywordLine): string {
  return line.rest.replace(/^[ \t\r\n=]+/, "");
}
