/**
 * Decides one call: what should happen, and why. Asks the real ssh and reads the configuration;
 * makes no connection, and writes nothing but what is known of the installed ssh.
 */
import { type Config, loadConfig, type Settings, settingsFor } from "../config/config.ts";
import type { MasterSpec } from "../master/spec.ts";
import { type Account, readAccount } from "../openssh/account.ts";
import { connectionArguments, dialDestination } from "../openssh/argv/connection.ts";
import { argumentOf, hasLetter, type ParsedArguments, parseArguments } from "../openssh/argv/parse.ts";
import { type ConfigFindings, readConfiguration } from "../openssh/ssh-config.ts";
import { askResolved, destinationOf, type Launcher, optionOf, parseResolved, type Resolved } from "../openssh/ssh-g.ts";
import { type RealSsh, readRealSsh } from "../openssh/version.ts";
import { type Dependency, type DependencyRecorder, recordDependencies } from "../protocol/dependencies.ts";
import type { Cache, Session } from "../protocol/ticket.ts";
import { type Environment, environment, uid, workingFolder } from "../sys/environment.ts";
import { actionOf, neverCacheOf, persistOf } from "./action.ts";
import { attributesOf } from "./compare.ts";
import { resolveHops } from "./hops.ts";
import { connectionKeyOf, connectionLines, forwardsAgent, gatherParts, type KeyParts, variablesIn } from "./key.ts";
import { wantsNoPath } from "./no-path.ts";
import { chooseBase, choosePlacement, type Placement, whyOf } from "./placement.ts";
import { firstRule, type Reason, type ResolvedCall, rulesOfConfiguration, rulesOfWords } from "./rules.ts";
import { readSession } from "./session.ts";

/** The call to decide: what the front says of it (src/answer/channel.ts), or an operator. */
export interface Call extends Launcher {
  readonly run: string;
  readonly command: boolean;
  /** False: what is known of the installed ssh is neither read from RUN nor written there. */
  readonly notes?: boolean;
  /** argv[1] … up to the command. */
  readonly words: readonly string[];
}

/** What it was decided from. */
export interface Inputs {
  /** Where the journal lies. */
  readonly run: string;
  readonly parsed: ParsedArguments;
  readonly settings: Settings;
  readonly config: Config;
  readonly ssh: RealSsh;
  /** What ssh -G said; undefined where it was not asked. */
  readonly resolved: Resolved | undefined;
  readonly dependencies: readonly Dependency[];
}

interface Decision {
  /** Why, in a short name (the journal's) and in a sentence. */
  readonly reason: string;
  readonly why: string;
  readonly inputs: Inputs;
  readonly cache: Cache;
}

/** The real ssh does it. */
export interface PassPlan extends Decision {
  readonly action: "pass";
  /** `-S` for the real ssh: an `-O` word of its own on a connection of ours. */
  readonly socketOption: string | undefined;
}

/** A master does it. */
export interface SharedPlan extends Decision {
  readonly action: "attach" | "establish" | "control";
  readonly session: Session;
  readonly placement: Placement;
  /** What the connection key was made of. */
  readonly parts: KeyParts;
  readonly master: MasterSpec;
}

export type Plan = PassPlan | SharedPlan;

/** Decides a call in this working directory. Throws only what a broken machine throws. */
export async function makePlan(call: Call, env: Environment = environment()): Promise<Plan> {
  const words = await readWords(call, env);
  const early = firstRule(rulesOfWords, { words: call.words, parsed: words.parsed, enabled: words.settings.enabled });
  if (early !== undefined) return pass(words, early);

  const account = readAccount(words.uid, env);
  const findings = readConfiguration(
    { given: argumentOf(words.parsed, "F"), system: words.ssh.systemConfig, account, env },
    words.recorder,
  );
  if (findings.notAFile !== undefined) {
    return pass(words, { name: "not-a-file", why: `${findings.notAFile} can be read only once` });
  }
  const known = resolve(words, findings);
  const late = firstRule(rulesOfConfiguration, known.subject);
  if (late !== undefined) return pass(known, late);

  const session = readSession(known.parsed, known.resolved, call.command, forwardsAgent(known.resolved, env, known.recorder));
  if (session === undefined) return pass(known, { name: "service-name", why: "only ssh knows the number of a service" });
  const parts = readKeyParts(known, account);
  if (parts === undefined) return pass(known, { name: "jump-host", why: "only ssh knows a host on the way" });
  if ("unclear" in parts) {
    return pass(known, { name: "identity", why: `what ${parts.unclear} stands for only ssh can tell` });
  }
  const connectionKey = connectionKeyOf(parts);
  const placement = place(known, connectionKey, parts);
  if (placement === undefined) {
    return pass(known, { name: "long-path", why: "a control socket there would have too long a name" });
  }
  const action = actionOf(known.subject);
  return action === "pass" ? passControlWord(known, placement) : share(known, action, session, parts, connectionKey, placement);
}

/** What is known of a call before the real ssh is asked. */
interface KnownWords extends Omit<Inputs, "dependencies"> {
  readonly call: Call;
  readonly env: Environment;
  readonly uid: number;
  readonly directory: string | undefined;
  readonly recorder: DependencyRecorder;
  /** Why nothing of it may be kept, if so. */
  never?: string | undefined;
}

/** … and after it. */
interface Known extends KnownWords {
  readonly resolved: Resolved;
  readonly subject: ResolvedCall;
  readonly matchesExec: boolean;
}

async function readWords(call: Call, env: Environment): Promise<KnownWords> {
  const directory = workingFolder();
  const recorder = recordDependencies(env, directory);
  const ssh = readRealSsh(call.notes === false ? undefined : call.run, call, env);
  const parsed = parseArguments(call.words, ssh.letters);
  const config = await loadConfig(env);
  recordOurOwn(recorder, call, config);
  const settings = settingsFor(config, parsed.host);
  return {
    call,
    env,
    uid: uid(),
    directory,
    recorder,
    run: call.run,
    ssh,
    parsed,
    config,
    settings,
    resolved: undefined,
  };
}

/** What every decision rests on: programs, configuration, and variables that the words name. */
function recordOurOwn(recorder: DependencyRecorder, call: Call, config: Config): void {
  for (const path of [call.real, ...config.files]) recorder.file(path);
  // ssh expands variables in an option of the command line as in a configuration file.
  for (const name of ["PATH", ...config.variables, ...variablesIn(call.words)]) recorder.variable(name);
}

function resolve(known: KnownWords, findings: ConfigFindings): Known {
  const { call, parsed, env } = known;
  const words = call.command ? [...call.words, "true"] : call.words;
  const output = askResolved(call, words, env);
  const resolved = parseResolved(output.text);
  const settings = settingsFor(known.config, parsed.host, optionOf(resolved, "hostname"));
  const mayBeNone = findings.namesNoPath && output.code === 0 && !resolved.has("controlpath");
  const subject: ResolvedCall = {
    words: call.words,
    parsed,
    enabled: settings.enabled,
    output,
    resolved,
    command: call.command,
    matchesCommand: findings.matchesCommand,
    splitsSession: splitsSession(known, resolved, findings),
    noPath: mayBeNone && wantsNoPath(call, call.run, words, parsed, findings.roots, env),
  };
  const { matchesExec } = findings;
  return { ...known, settings, resolved, subject, matchesExec, never: findings.neverCache ?? neverCacheOf(resolved) };
}

/** undefined: a jump host that only ssh can make sense of. */
function readKeyParts(known: Known, account: Account): ReturnType<typeof gatherParts> | undefined {
  const { call, env, directory, parsed, settings, resolved, recorder, matchesExec } = known;
  const configFile = argumentOf(parsed, "F");
  // Asking for a hop as well would run its program a third time for each ssh.
  const mayAsk = !matchesExec || ["none", undefined].includes(optionOf(resolved, "proxyjump"));
  const resolvedHops = mayAsk ? resolveHops(resolved, configFile, (words) => askResolved(call, words, env)) : undefined;
  // A word of -O finds its master by the path, and the real ssh's `-O exit` would cut its sessions.
  const hops = resolvedHops ?? (hasLetter(parsed, "O") ? [] : undefined);
  if (hops === undefined) return undefined;
  known.never ??= hops.map(neverCacheOf).find((reason) => reason !== undefined);
  return gatherParts(resolved, hops, { env, account, directory, configFile, scope: settings.scope, matchesExec }, recorder);
}

/**
 * Whether a session with these words and the connection that it would run on read the configuration
 * differently: `Match sessiontype` sees a dial as `none`. Asked only where such a line is there, and
 * not where that would run a `Match exec` more often than twice.
 */
function splitsSession({ call, parsed, env }: KnownWords, resolved: Resolved, findings: ConfigFindings): boolean {
  if (!findings.matchesSessionType || hasLetter(parsed, "O")) return false;
  if (findings.matchesExec) return true;
  const host = dialDestination(parsed) ?? "";
  const words = [...connectionArguments(parsed), "-N", "-oRemoteCommand=none", "--", host];
  const dialled = connectionLines(parseResolved(askResolved(call, words, env).text));
  return dialled.join("\n") !== connectionLines(resolved).join("\n");
}

function place(known: Known, connectionKey: string, parts: KeyParts): Placement | undefined {
  const { call, env, parsed, settings, resolved, recorder, directory } = known;
  const path = optionOf(resolved, "controlpath");
  const isRelative = path !== undefined && !path.startsWith("/");
  if (isRelative) recorder.directory();
  const input = {
    base: baseOf(known),
    connectionKey,
    parts,
    path: isRelative ? `${directory ?? ""}/${path}` : path,
    makes: !["false", "no"].includes(optionOf(resolved, "controlmaster") ?? "no"),
    control: hasLetter(parsed, "O"),
    shards: settings.max_shards,
    defaults: () => connectionLines(parseResolved(askResolved(call, ["-F", "none", parsed.host ?? ""], env).text)),
  };
  return choosePlacement(input, recorder);
}

function baseOf({ call, settings, uid }: Known): string {
  return chooseBase(call.run, settings.dir, uid);
}

function pass(known: KnownWords, { name, why }: Reason, socketOption?: string): PassPlan {
  return { action: "pass", reason: name, why, inputs: inputsOf(known, known.run), cache: cacheOf(known), socketOption };
}

/** forward, cancel, proxy …: words that only ssh speaks; it finds our master by its path. */
function passControlWord(known: Known, { pool }: Placement): PassPlan {
  const isFound = pool.socket === optionOf(known.resolved, "controlpath");
  return pass(known, { name: "control-word", why: "only ssh speaks this word" }, isFound ? undefined : pool.socket);
}

function share(
  known: Known,
  action: SharedPlan["action"],
  session: Session,
  parts: KeyParts,
  connectionKey: string,
  placement: Placement,
): SharedPlan {
  const { call, parsed, settings, resolved, recorder } = known;
  const run = baseOf(known);
  let attributes: ReturnType<typeof attributesOf> | undefined;
  const master: MasterSpec = {
    run,
    pool: placement.pool,
    connectionKey,
    destination: destinationOf(resolved),
    persist: persistOf(resolved, settings, action),
    settings,
    resolved,
    attributes: () => {
      attributes ??= attributesOf(parts);
      return attributes;
    },
    connection: connectionArguments(parsed),
    host: dialDestination(parsed) ?? "",
    dependsOnCwd: recorder.dependsOnCwd,
    launcher: { clientPath: call.clientPath, argv0: call.argv0, real: call.real },
  };
  const reason = action === "control" ? "control" : placement.reason;
  return { action, reason, why: whyOf(placement), inputs: inputsOf(known, run), cache: cacheOf(known), session, placement, parts, master };
}

function inputsOf({ parsed, settings, config, ssh, resolved, recorder }: KnownWords, run: string): Inputs {
  return { run, parsed, settings, config, ssh, resolved, dependencies: recorder.list };
}

function cacheOf({ never, recorder: { notYet } }: KnownWords): Cache {
  if (never !== undefined) return { rule: "never", reason: never };
  return notYet === undefined ? { rule: "keep" } : { rule: "notYet", reason: notYet };
}
