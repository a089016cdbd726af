// One argument list of the oracle: what the walk, the parser and the real ssh made of it, and how these answers hang together.
import { argumentOf, hasLetter, type ParsedArguments, stdioForwardOf } from "../../../src/openssh/argv/parse.ts";
import type { Run, Walk } from "./drivers.ts";
import { type List, SERVED } from "./generator.ts";
import type { Asked } from "./recorder.ts";
import { readSettings } from "./settings.ts";

export interface Case {
  number: number;
  list: List;
  walk: Walk;
  walkOfAnyVersion: Walk;
  /** undefined where a word before the command is no UTF-8: such a line never reaches the control plane */
  parsed: ParsedArguments | undefined;
  /** `ssh -G` */
  printed?: Run | undefined;
  /** ssh with masters at hand and a ProxyCommand that fails; undefined where it would really connect */
  attached?: Run | undefined;
  asked?: Asked[] | undefined;
  /** `ssh -G` with the options for a dial */
  dialled?: Run | undefined;
}

export interface Outcome {
  exitCode?: number | undefined;
  asked?: string | undefined;
  proxy?: string | undefined;
}

/** What a run with masters at hand should end in, by what `ssh -G` printed (undefined: it refused); undefined: not compared. */
export function expectedOutcome(each: Case, parsed: ParsedArguments, printed: Map<string, string> | undefined): Outcome {
  if (printed === undefined) return { exitCode: 255, asked: "" };
  if (asks(parsed) || hasLetter(parsed, "G")) return { exitCode: 0, asked: "" };
  const path = servedPath(parsed);
  const control = argumentOf(parsed, "O");
  // With ControlMaster yes or ask a -O is forgotten, and ssh connects.
  if (control !== undefined && !isMaster(printed)) {
    if (path === undefined) return { exitCode: 255, asked: "" };
    return control === "forward" ? {} : { exitCode: 0, asked: `${control} on ${path}` };
  }
  if (path !== undefined && !isMaster(printed)) return expectedSession(parsed, printed, path);
  // -Z lists its keys where it would otherwise connect.
  if (hasLetter(parsed, "Z")) return { exitCode: 0, asked: "" };
  // With ControlPersist a ProxyCommand's stderr is nobody's.
  if ((printed.get("controlpersist") ?? "no") !== "no") return { exitCode: 255, asked: "" };
  const proxy = `[${printed.get("port")}] [${printed.get("user")}] [${printed.get("hostname")}]`;
  return { exitCode: 255, asked: "", ...(mentionsJump(each) ? {} : { proxy }) };
}

function expectedSession(parsed: ParsedArguments, printed: Map<string, string>, path: string): Outcome {
  const forwards = ["localforward", "remoteforward", "dynamicforward"].some((keyword) => printed.has(keyword));
  if (forwards || hasLetter(parsed, "LRDw") || printed.get("tunnel") !== "false") return {};
  const stdio = stdioForwardOf(parsed);
  if (stdio !== undefined) return { exitCode: 0, asked: `check on ${path}, stdio ${stdio.host}:${stdio.port} on ${path}` };
  const agent = printed.get("forwardagent");
  if (hasLetter(parsed, "W") || (agent !== "yes" && agent !== "no")) return {};
  const type = printed.get("sessiontype");
  const flags = [
    printed.get("requesttty") === "force" && type !== "none" && "tty",
    agent === "yes" && "agent",
    type === "subsystem" && "subsystem",
  ].filter(Boolean);
  return { exitCode: 0, asked: `check on ${path}, session ${flags.join("+")} on ${path}` };
}

/** The same words for what was asked. */
export function describeAsked(asked: Asked): string {
  if (asked.kind === "stdio") return `stdio ${asked.host}:${asked.port} on ${asked.socket}`;
  if (asked.kind !== "session") return `${asked.kind} on ${asked.socket}`;
  const flags = [asked.tty && "tty", asked.agent && "agent", asked.subsystem && "subsystem"].filter(Boolean);
  return `session ${flags.join("+")} on ${asked.socket}`;
}

/** Accepted by everybody, and about a connection. */
export function isPlain(each: Case): each is Case & { parsed: ParsedArguments } {
  return each.parsed !== undefined && !asks(each.parsed) && each.printed?.exitCode === 0;
}

/** True where the run has to go without the ProxyCommand that -J objects to. */
export function mentionsJump(each: Case): boolean {
  return each.list.words.some((word) => /j/i.test(word.toString("latin1")));
}

/** True where the real ssh would then go and connect to a jump host. */
export function wouldJump(each: Case): boolean {
  if (!mentionsJump(each)) return false;
  if (each.parsed === undefined || each.parsed.error !== undefined || servedPath(each.parsed) === undefined) return true;
  return each.printed?.exitCode !== 0 || isMaster(readSettings(each.printed.output));
}

/** -V and -Q. */
export function asks(parsed: ParsedArguments): boolean {
  return hasLetter(parsed, "VQ");
}

/** The control path of the run, where a master listens on it. The list follows "-S d", which only another -S can change. */
function servedPath(parsed: ParsedArguments): string | undefined {
  const path = argumentOf(parsed, "S") ?? "d";
  return SERVED.includes(path) ? path : undefined;
}

function isMaster(printed: Map<string, string>): boolean {
  return ["true", "yes", "ask"].includes(printed.get("controlmaster") ?? "");
}
