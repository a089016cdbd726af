/**
 * Judges one call: what should happen, and why. It asks the real ssh, reads the configuration, and puts together key, socket and
 * session; it makes no connection, and writes nothing but what is known of the installed ssh.
 */

import { type Config, loadConfig, type Settings, settingsFor } from "../config/config.ts";
import { readAccount } from "../openssh/account.ts";
import { connectionArguments, dialDestination } from "../openssh/argv/connection.ts";
import { argumentOf, hasLetter, type ParsedArguments, parseArguments } from "../openssh/argv/parse.ts";
import { readConfiguration } from "../openssh/ssh-config.ts";
import { askResolved, destinationOf, type Launcher, optionOf, parseResolved, type Resolved } from "../openssh/ssh-g.ts";
import { type RealSsh, readRealSsh } from "../openssh/version.ts";
import { type Dependency, type DependencyRecorder, recordDependencies } from "../protocol/dependencies.ts";
import type { Cache, Session } from "../protocol/ticket.ts";
import { type Environment, environment, uid, workingFolder } from "../sys/environment.ts";
import { actionOf, connectTimeoutOf, neverCacheOf, persistOf } from "./action.ts";
import { attributesOf } from "./compare.ts";
import { connectionKeyOf, connectionLines, type KeyParts } from "./key.ts";
import { forwardsAgent, gatherParts, variablesIn } from "./key-parts.ts";
import { wantsNoPath } from "./no-path.ts";
import { chooseBase, choosePlacement, type Placement } from "./placement.ts";
import { firstRule, type ResolvedCall, rulesOfConfiguration, rulesOfWords } from "./rules.ts";
import { readSession } from "./session.ts";

/** The call to judge: what the front says of it (src/answer/channel.ts), or an operator. */
export interface Call extends Launcher {
  readonly run: string;
  readonly command: boolean;
  /** False: what is known of the installed ssh is neither read from RUN nor written there. */
  readonly notes?: boolean;
  /** argv[1] … up to the command. */
  readonly words: readonly string[];
}

/** What was judged in any case. */
interface Judged extends Launcher {
  /** Why, in a short name (the journal's) and in a sentence. */
  readonly reason: string;
  readonly why: string;
  readonly run: string;
  readonly parsed: ParsedArguments;
  readonly settings: Settings;
  readonly config: Config;
  readonly ssh: RealSsh;
  readonly dependencies: readonly Dependency[];
  readonly cache: Cache;
  /** What ssh -G said; undefined where it was not asked. */
  readonly resolved: Resolved | undefined;
  readonly destination: string | undefined;
}

/** The real ssh does it. */
export interface PassPlan extends Judged {
  readonly action: "pass";
  /** `-S` for the real ssh: an `-O` word of its own on a connection of ours. */
  readonly socketOption: string | undefined;
}

/** A master does it. */
export interface SharedPlan extends Judged {
  readonly action: "attach" | "establish" | "control";
  readonly control: "check" | "other" | undefined;
  readonly destination: string;
  /** The folder's key: the connection key, or that of a caller's own ControlPath. */
  readonly poolKey: string;
  /** The connection key. */
  readonly connectionKey: string;
  readonly poolDir: string;
  readonly socket: string;
  readonly accept: readonly string[];
  readonly shards: number;
  /** The socket is the caller's own ControlPath. */
  readonly atCallerPath: boolean;
  /** False: may use the master that is there, but lacks what it was made with (a health check that names no key). */
  readonly canDial: boolean;
  /** Seconds that a master without sessions is kept, and waits are bounded by; persist 0 = no bound. */
  readonly persist: number;
  readonly connectTimeout: number;
  readonly session: Session;
  /** What the key was made of, and what the master's record says of it. */
  readonly parts: KeyParts;
  readonly attributes: Readonly<Record<string, string>>;
  /** The host as written, and the options for the connection, for a dial. */
  readonly host: string;
  readonly connection: readonly string[];
  readonly dependsOnCwd: boolean;
  readonly resolved: Resolved;
  option(name: string): string | undefined;
}

export type Plan = PassPlan | SharedPlan;

/**
 * Judges a call in the environment `env` and the working directory of this process. Throws only what a broken machine throws.
 * The files and variables that the judgement rests on are in `dependencies`.
 */
export async function makePlan(call: Call, env: Environment = environment()): Promise<Plan> {
  const directory = workingFolder();
  const user = uid();
  const recorder = recordDependencies(env, directory);
  const ssh = readRealSsh(call.notes === false ? undefined : call.run, call, env);
  const parsed = parseArguments(call.words, ssh.letters);
  const config = await loadConfig(env);
  recordOurOwn(recorder, call, config);
  let settings = settingsFor(config, parsed.host);
  const pass = (reason: string, why: string, resolved?: Resolved, never?: string, socketOption?: string): PassPlan => ({
    ...{ action: "pass", reason, why, socketOption, resolved, cache: cacheOf(never, recorder), dependencies: recorder.list },
    ...{ run: call.run, front: call.front, argv0: call.argv0, real: call.real, parsed, settings, config, ssh },
    destination: resolved === undefined ? undefined : destinationOf(resolved),
  });

  const line = { words: call.words, parsed, enabled: settings.enabled };
  const first = firstRule(rulesOfWords, line);
  if (first !== undefined) {
    return pass(first.name, first.why);
  }
  const account = readAccount(user, env);
  const configFile = argumentOf(parsed, "F");
  const findings = readConfiguration({ given: configFile, system: ssh.systemConfig, account, env }, recorder);
  if (findings.notAFile !== undefined) {
    return pass("not-a-file", `${findings.notAFile} can be read only once`);
  }
  const words = call.command ? [...call.words, "true"] : call.words;
  const output = askResolved(call, words, env);
  const resolved = parseResolved(output.text);
  settings = settingsFor(config, parsed.host, optionOf(resolved, "hostname"));
  const never = findings.neverCache ?? neverCacheOf(resolved);
  const noPath = findings.namesNoPath && output.code === 0 && !resolved.has("controlpath");
  const subject: ResolvedCall = {
    ...line,
    ...{ enabled: settings.enabled, output: output, resolved, command: call.command, matchesCommand: findings.matchesCommand },
    noPath: noPath && wantsNoPath(call, call.run, words, parsed, findings.roots, env),
  };
  const second = firstRule(rulesOfConfiguration, subject);
  if (second !== undefined) {
    return pass(second.name, second.why, resolved, never);
  }
  const session = readSession(parsed, resolved, call.command, forwardsAgent(resolved, env, recorder));
  if (session === undefined) {
    return pass("service-name", "only ssh knows the number of a service", resolved, never);
  }
  const parts = gatherParts(resolved, { env, account, directory, configFile, scope: settings.scope }, recorder);
  if ("unclear" in parts) {
    return pass("identity", `what ${parts.unclear} stands for only ssh can tell`, resolved, never);
  }
  const run = chooseBase(call.run, settings.dir, user);
  const connectionKey = connectionKeyOf(parts);
  const path = optionOf(resolved, "controlpath");
  if (path !== undefined && !path.startsWith("/")) {
    recorder.directory();
  }
  const placement = await choosePlacement(
    {
      ...{ base: run, connectionKey: connectionKey, parts, shards: settings.max_shards, control: hasLetter(parsed, "O") },
      path: path === undefined || path.startsWith("/") ? path : `${directory ?? ""}/${path}`,
      makes: !["false", "no"].includes(optionOf(resolved, "controlmaster") ?? "no"),
      defaults: () => connectionLines(parseResolved(askResolved(call, ["-F", "none", parsed.host ?? ""], env).text)),
    },
    recorder,
  );
  if (placement === undefined) {
    return pass("long-path", "a control socket there would have too long a name", resolved, never);
  }
  const action = actionOf(subject);
  if (action === "pass") {
    // forward, cancel, proxy …: words that only ssh speaks; it finds our master by its path.
    return pass("control-word", "only ssh speaks this word", resolved, never, placement.socket === path ? undefined : placement.socket);
  }
  let attributes: Readonly<Record<string, string>> | undefined;
  return {
    ...{ action: action, reason: action === "control" ? "control" : placement.reason, why: whyOf(placement), control: controlOf(parsed) },
    ...{ run, front: call.front, argv0: call.argv0, real: call.real, parsed, settings, config, ssh, resolved },
    ...{
      dependencies: recorder.list,
      cache: cacheOf(never, recorder),
      destination: destinationOf(resolved),
      dependsOnCwd: recorder.dependsOnCwd,
    },
    ...{
      poolKey: placement.poolKey,
      connectionKey: connectionKey,
      poolDir: placement.poolDir,
      socket: placement.socket,
      accept: placement.accept,
      shards: placement.shards,
      atCallerPath: placement.atCallerPath,
      canDial: placement.canDial,
    },
    ...{ persist: persistOf(resolved, settings, action), connectTimeout: connectTimeoutOf(resolved, settings), session, parts },
    ...{ host: dialDestination(parsed) ?? "", connection: connectionArguments(parsed) },
    option: (name) => optionOf(resolved, name),
    // Hashes of eighty lines, which only a dial needs.
    get attributes() {
      attributes ??= { ...attributesOf(parts) };
      return attributes;
    },
  };
}

/** What every judgement rests on: the programs, the search path, our own configuration, the variables that the words name. */
function recordOurOwn(recorder: DependencyRecorder, call: Call, config: Config): void {
  recorder.file(call.real);
  recorder.variable("PATH");
  for (const path of config.files) {
    recorder.file(path);
  }
  for (const name of config.variables) {
    recorder.variable(name);
  }
  // ssh expands them in an option of the command line as in a configuration file.
  for (const name of variablesIn(call.words)) {
    recorder.variable(name);
  }
}

function cacheOf(never: string | undefined, { notYet }: DependencyRecorder): Cache {
  if (never !== undefined) {
    return { rule: "never", reason: never };
  }
  return notYet === undefined ? { rule: "keep" } : { rule: "notYet", reason: notYet };
}

function controlOf(parsed: ParsedArguments): "check" | "other" | undefined {
  const word = argumentOf(parsed, "O");
  return word === undefined ? undefined : word === "check" ? "check" : "other";
}

function whyOf(placement: Placement): string {
  switch (placement.reason) {
    case "shared":
      return "a connection of these options is shared";
    case "control-path":
      return "the caller's own ControlPath is honoured";
    case "master-at-control-path":
      return "a master is there at the caller's ControlPath";
    case "foreign-master":
      return "a master that sshim did not make is there at the caller's ControlPath";
    case "rotated":
      return "an identity file was replaced since the master was made: it is made anew";
    case "other-connection":
      return "another connection on this ControlPath: this caller gets its own";
  }
}
