// One argument list of the oracle: what the walk, the parser and the real ssh made of it, and how these answers hang together.
import type { Parsed } from "../../../src/openssh/argv/parse.ts";
import type { Run, Walk } from "./drivers.ts";
import { type List, SERVED } from "./generator.ts";
import type { Asked } from "./recorder.ts";
import { expectedSettings } from "./settings.ts";

export interface Case {
  number: number;
  list: List;
  walk: Walk;
  walkOfAnyVersion: Walk;
  /** undefined where a word before the command is no UTF-8: such a line never reaches the control plane */
  parsed: Parsed | undefined;
  hasCommand: boolean;
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

/** What a run with masters at hand should end in; undefined: not compared. */
export function expectedOutcome(each: Case, parsed: Parsed, user: string): Outcome {
  const it = parsed.effective;
  if (isRefused(each)) return { exitCode: 255, asked: "" };
  if (asks(parsed) || it.printsConfiguration) return { exitCode: 0, asked: "" };
  const path = controlPath(parsed) ?? "";
  // With ControlMaster yes or ask a -O is forgotten, and ssh connects.
  if (it.control !== undefined && !["yes", "ask"].includes(it.controlMaster ?? "no")) {
    if (!SERVED.includes(path)) return { exitCode: 255, asked: "" };
    return it.control === "forward" ? {} : { exitCode: 0, asked: `${it.control} on ${path}` };
  }
  if (attaches(parsed)) {
    const forward = it.hasForward ? undefined : "";
    if (forward === undefined) return {};
    if (it.stdioForward !== undefined) {
      const { host, port } = it.stdioForward;
      return { exitCode: 0, asked: typeof port === "number" ? `check on ${path}, stdio ${host}:${port >>> 0} on ${path}` : undefined };
    }
    const flags = [
      it.requestTty === "force" && it.sessionType !== "none" && "tty",
      it.agentSocket === undefined && it.agent === true && "agent",
      it.sessionType === "subsystem" && "subsystem",
    ].filter(Boolean);
    if (it.agentSocket !== undefined) return {};
    return { exitCode: 0, asked: `check on ${path}, session ${flags.join("+")} on ${path}` };
  }
  // -Z lists its keys where it would otherwise connect.
  if (it.asksItself === "Z") return { exitCode: 0, asked: "" };
  // With ControlPersist a ProxyCommand's stderr is nobody's.
  if (it.controlPersist !== undefined || typeof (it.port ?? 22) !== "number") return { exitCode: 255, asked: "" };
  const settings = expectedSettings(parsed, user);
  return {
    exitCode: 255,
    asked: "",
    proxy: mentionsJump(each) ? undefined : `[${settings.get("port")}] [${settings.get("user")}] [${settings.get("hostname")}]`,
  };
}

/** The same words for what was asked. */
export function describeAsked(asked: Asked): string {
  if (asked.kind === "stdio") return `stdio ${asked.host}:${asked.port} on ${asked.socket}`;
  if (asked.kind !== "session") return `${asked.kind} on ${asked.socket}`;
  const flags = [asked.tty && "tty", asked.agent && "agent", asked.subsystem && "subsystem"].filter(Boolean);
  return `session ${flags.join("+")} on ${asked.socket}`;
}

/** Refused on its face, or for what the whole of it lacks (which a configuration could still supply, so that the parser does not say it). */
export function isRefused(each: Case): boolean {
  const it = each.parsed?.effective;
  if (each.parsed === undefined || it === undefined) return false;
  const lonelyFork = it.fork && commandText(each) === "" && (it.remoteCommand ?? "none") === "none" && it.sessionType !== "none";
  return each.parsed.error !== undefined || (lonelyFork === true && !asks(each.parsed));
}

/** Whether something in it is only the real ssh's to judge: it alone knows services by name. */
export function isUnjudged(each: Case): boolean {
  return each.list.unjudged || typeof each.parsed?.port === "string" || typeof each.parsed?.destinationPort === "string";
}

/** Accepted by everybody, and about a connection. */
export function isPlain(each: Case): each is Case & { parsed: Parsed } {
  return each.parsed !== undefined && !isRefused(each) && !asks(each.parsed) && each.printed?.exitCode === 0;
}

export function commandText(each: Case): string {
  const start = each.walk.odd ? (each.parsed?.commandIndex ?? 0) : each.walk.command - 1;
  return each.list.words.slice(start).join(" ");
}

/** True where the run has to go without the ProxyCommand that -J objects to. */
export function mentionsJump(each: Case): boolean {
  return each.list.words.some((word) => /j/i.test(word.toString("latin1")));
}

/** True where the real ssh would then go and connect to a jump host. */
export function wouldJump(each: Case): boolean {
  if (!mentionsJump(each)) return false;
  return each.parsed === undefined || each.parsed.error !== undefined || !attaches(each.parsed);
}

/** -V and -Q. */
export function asks(parsed: Parsed): boolean {
  return parsed.effective.asksItself === "V" || parsed.effective.asksItself === "Q";
}

function controlPath(parsed: Parsed): string | undefined {
  // The list follows "-S d", which only another -S can change.
  return parsed.options.findLast((option) => option.letter === "S")?.argument ?? "d";
}

function attaches(parsed: Parsed): boolean {
  return SERVED.includes(controlPath(parsed) ?? "") && !["yes", "ask"].includes(parsed.effective.controlMaster ?? "no");
}
