/**
 * The passthrough rules: when the real ssh does it all, in order, each with its name; the first
 * that holds names the reason.
 */
import { argumentOf, controlPathOf, hasLetter, keywordValues, type ParsedArguments } from "../openssh/argv/parse.ts";
import { flagOf, logLevelOf, optionOf, type Resolved, type SshGOutput } from "../openssh/ssh-g.ts";

/** The caller's words, read. */
export interface CommandLine {
  readonly words: readonly string[];
  readonly parsed: ParsedArguments;
  readonly enabled: boolean;
}

/** … and what the real ssh makes of them. */
export interface ResolvedCall extends CommandLine {
  readonly output: SshGOutput;
  readonly resolved: Resolved;
  /** Whether the caller gave a command. */
  readonly command: boolean;
  readonly matchesCommand: boolean;
  /** The connection would be made with other options than the session has. */
  readonly splitsSession: boolean;
  /** ControlPath is `none` by the configuration. */
  readonly noPath: boolean;
}

/** Why the real ssh does a call: the journal's name, and a sentence for `sshim explain`. */
export interface Reason {
  readonly name: string;
  readonly why: string;
}

export interface Rule<Subject> extends Reason {
  holds(subject: Subject): boolean;
}

/** Holds before anything is asked. */
export const rulesOfWords: readonly Rule<CommandLine>[] = [
  rule("query", "ssh answers this itself and connects to nothing", ({ parsed }) => hasLetter(parsed, "VQZ")),
  rule("prints-configuration", "-G connects to nothing", ({ parsed }) => hasLetter(parsed, "G")),
  rule("no-destination", "no host is named", ({ parsed }) => parsed.error === "no destination"),
  rule("usage", "ssh refuses this command line", ({ parsed }) => parsed.error !== undefined || !parsed.host),
  rule("control-bytes", "a word holds control characters", ({ words }) => words.some((word) => hasControlBytes(word))),
  rule("off", "switched off by SSHIM=off or the configuration", ({ enabled }) => !enabled),
  rule("no-control-path", "the caller wants no shared connection", ({ parsed }) => controlPathOf(parsed)?.toLowerCase() === "none"),
  session("forwarding", "forwards through a master outlive the command", ({ parsed }) => forwards(parsed)),
  session("log", "the caller wants the real ssh's own log", ({ parsed }) => hasLetter(parsed, "vEy")),
];

/** Holds once `ssh -G` has answered. */
export const rulesOfConfiguration: readonly Rule<ResolvedCall>[] = [
  rule("refused", "ssh refuses these options or this configuration", ({ output: answer }) => answer.code !== 0 || answer.strange),
  rule("warnings", "ssh warns of the configuration at every call", ({ output: answer, parsed }) => {
    // To drain is worth more than the words that the real `-O exit` would say first: it cuts.
    return answer.warnings !== "" && !["exit", "stop"].includes(argumentOf(parsed, "O") ?? "");
  }),
  rule(
    "match-command",
    "the configuration looks at the command, which is nobody's business but ssh's",
    ({ matchesCommand }) => matchesCommand,
  ),
  rule("match-session-type", "the configuration gives the connection other options than the session", ({ splitsSession }) => splitsSession),
  rule("off", "switched off by the configuration", ({ enabled }) => !enabled),
  rule("no-control-path", "the configuration wants no shared connection", ({ noPath }) => noPath),
  session("control-master-ask", "ssh asks before each session", ({ resolved }) => {
    return ["ask", "autoask"].includes(optionOf(resolved, "controlmaster") ?? "");
  }),
  session("forwarding", "forwards through a master outlive the command", ({ resolved }) => {
    return ["localforward", "remoteforward", "dynamicforward"].some((name) => resolved.has(name)) || hasTunnel(resolved);
  }),
  session("x11", "X11 is the master's, not the session's", ({ resolved }) => flagOf(resolved, "forwardx11") === true),
  session("local-command", "a mux client never runs LocalCommand", ({ resolved }) => {
    return flagOf(resolved, "permitlocalcommand") === true && resolved.has("localcommand");
  }),
  session("log", "the configuration wants ssh's own log", ({ resolved }) => {
    return logLevelOf(resolved) > 3 || (optionOf(resolved, "logverbose") ?? "none") !== "none";
  }),
  session("proxy-on-stdin", "ProxyCommand is the caller's stdin and stdout", ({ resolved }) => optionOf(resolved, "proxycommand") === "-"),
  session("background", "its caller owns the process that stays", (subject) => forks(subject) && !isEstablish(subject)),
  session("no-session", "-N over a master opens a shell", (subject) => {
    return optionOf(subject.resolved, "sessiontype") === "none" && !hasStdio(subject) && !isEstablish(subject);
  }),
  session("master-in-foreground", "its caller owns that process", (subject) => {
    return flagOf(subject.resolved, "controlmaster") === true && !isEstablish(subject);
  }),
];

/** The first rule that holds. */
export function firstRule<Subject>(rules: readonly Rule<Subject>[], subject: Subject): Rule<Subject> | undefined {
  return rules.find((each) => each.holds(subject));
}

/** `-f -N` as a master at a caller's path: the connection is made, nothing runs on it. */
export function isEstablish(subject: ResolvedCall): boolean {
  const { resolved } = subject;
  const master = optionOf(resolved, "controlmaster");
  return (
    forks(subject) &&
    optionOf(resolved, "sessiontype") === "none" &&
    !hasStdio(subject) &&
    (master === "auto" || flagOf(resolved, "controlmaster") === true) &&
    resolved.has("controlpath")
  );
}

/** Control characters would break every text that a path or word goes through. */
export function hasControlBytes(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return /[\u0000-\u001f\u007f]/.test(text);
}

function forks({ resolved }: ResolvedCall): boolean {
  return flagOf(resolved, "forkafterauthentication") === true;
}

function hasStdio({ parsed }: CommandLine): boolean {
  return hasLetter(parsed, "W");
}

function forwards(parsed: ParsedArguments): boolean {
  const keywords = ["localforward", "remoteforward", "dynamicforward"];
  return hasLetter(parsed, "LRDw") || keywords.some((keyword) => keywordValues(parsed, keyword).length > 0);
}

function hasTunnel(resolved: Resolved): boolean {
  return flagOf(resolved, "tunnel") !== false && resolved.has("tunnel");
}

function rule<Subject>(name: string, why: string, holds: (subject: Subject) => boolean): Rule<Subject> {
  return { name, why, holds };
}

/** A rule that concerns sessions only, not `-O`. */
function session<Subject extends CommandLine>(name: string, why: string, holds: (subject: Subject) => boolean): Rule<Subject> {
  return { name, why, holds: (subject) => !hasLetter(subject.parsed, "O") && holds(subject) };
}
