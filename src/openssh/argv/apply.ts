// What one option letter does to the settings, in the order of the command line: ssh.c main()'s switch. Names of ciphers, files and
// addresses are not judged here; `ssh -G` does that.
import { applyKeyword } from "./apply-keyword.ts";
import { isJumpList } from "./destination.ts";
import { parseForward } from "./forward.ts";
import type { Effective } from "./parsed.ts";
import { isTunnelUnit, parseEscape, parsePort } from "./values.ts";

const CONTROL_WORDS = ["check", "conninfo", "channels", "forward", "exit", "stop", "cancel", "proxy"];
const DEBUG1 = 5;
const DEBUG3 = 7;

/** Applies one option; gives the reason if ssh would refuse it. `argument` is "" for a flag. */
export function applyOption(effective: Effective, letter: string, argument: string): string | undefined {
  switch (letter) {
    case "1":
      return "SSH protocol v.1 is no longer supported";
    case "4":
      effective.addressFamily = "inet";
      return;
    case "6":
      effective.addressFamily = "inet6";
      return;
    case "n":
      effective.stdinNull = true;
      return;
    case "f":
      effective.fork = true;
      effective.stdinNull = true;
      return;
    case "x":
      effective.x11 = false;
      return;
    case "X":
      effective.x11 = true;
      return;
    case "Y":
      effective.x11 = true;
      effective.x11Trusted = true;
      return;
    case "y":
      effective.syslog = true;
      return;
    case "E":
      effective.logFile = argument;
      return;
    case "G":
      effective.printsConfiguration = true;
      return;
    case "Z":
    case "V":
    case "Q":
      effective.asksItself = letter;
      return;
    case "g":
      effective.gatewayPorts = true;
      return;
    case "C":
      effective.compression = true;
      return;
    case "a":
      effective.agent = false;
      return;
    case "A":
      effective.agent = true;
      return;
    case "P":
      effective.tag ??= argument;
      return;
    case "l":
      effective.user ??= argument;
      return;
    case "p":
      return applyPort(effective, argument);
    case "F":
      effective.configFile = argument;
      return;
    case "S":
      effective.controlPath = argument;
      return;
    case "M":
      effective.controlMaster = effective.controlMaster === "yes" ? "ask" : "yes";
      return;
    case "t":
      effective.ttyCount++;
      effective.requestTty = effective.requestTty === "yes" ? "force" : "yes";
      return;
    case "T":
      effective.requestTty = "no";
      return;
    case "N":
      if ((effective.sessionType ?? "none") !== "none") return "-N with -s or SessionType";
      effective.sessionType = "none";
      effective.requestTty = "no";
      return;
    case "s":
      if ((effective.sessionType ?? "subsystem") !== "subsystem") return "-s with -N, -W or SessionType";
      effective.sessionType = "subsystem";
      return;
    case "v":
      applyVerbose(effective);
      return;
    case "q":
      effective.logLevel = 0;
      return;
    case "e":
      effective.escape = parseEscape(argument);
      return effective.escape === undefined ? `bad escape character '${argument}'` : undefined;
    case "O":
      return applyControl(effective, argument);
    case "W":
      return applyStdioForward(effective, argument);
    case "J":
      return applyJump(effective, argument);
    case "L":
    case "R":
    case "D":
    case "w":
      effective.hasForward = true;
      return isForwarding(letter, argument) ? undefined : `bad specification '${argument}' of -${letter}`;
    case "o":
      return applyKeyword(effective, argument);
    default:
      return; // 2 K I b c i k m B: the connection's own business
  }
}

function applyPort(effective: Effective, argument: string): string | undefined {
  if (effective.port !== undefined) return;
  effective.port = parsePort(argument);
  return effective.port === undefined || effective.port === 0 ? `bad port '${argument}'` : undefined;
}

function applyVerbose(effective: Effective): void {
  if (effective.verbose === 0) effective.logLevel = DEBUG1;
  else if ((effective.logLevel ?? -1) < DEBUG3) effective.logLevel = (effective.logLevel ?? -1) + 1;
  effective.verbose++;
}

function applyControl(effective: Effective, argument: string): string | undefined {
  if (effective.stdioForward !== undefined) return "-O with -W";
  if (effective.control !== undefined) return "-O given twice";
  if (!CONTROL_WORDS.includes(argument)) return `unknown -O command '${argument}'`;
  effective.control = argument;
  return;
}

function applyStdioForward(effective: Effective, argument: string): string | undefined {
  if (effective.stdioForward !== undefined) return "-W given twice";
  if (effective.control !== undefined) return "-W with -O";
  const forward = parseForward(argument, { dynamic: true, remote: false });
  if (forward === undefined) return `bad stdio forwarding '${argument}'`;
  // A port alone gives ssh no host, and then it forgets the forwarding, but not what follows from it.
  if (forward.listenHost !== undefined) effective.stdioForward = { host: forward.listenHost, port: forward.listenPort };
  effective.requestTty = "no";
  effective.sessionType = "none";
  return;
}

function applyJump(effective: Effective, argument: string): string | undefined {
  if (effective.jump !== undefined) return "-J given twice, or with ProxyJump";
  if (effective.proxyCommand !== undefined) return "-J with ProxyCommand";
  if (!isJumpList(argument)) return `invalid -J argument '${argument}'`;
  effective.jump = argument;
  return;
}

function isForwarding(letter: string, argument: string): boolean {
  if (argument.includes("${")) return true; // only the environment could tell
  if (letter === "w") return argument.split(/:(.*)/s, 2).every(isTunnelUnit);
  const remote = letter === "R";
  if (letter !== "D" && parseForward(argument, { dynamic: false, remote }) !== undefined) return true;
  return letter !== "L" && parseForward(argument, { dynamic: true, remote }) !== undefined;
}
