/**
 * Judges one call: what should happen, and why. It asks the real ssh, reads the configuration, and puts together key, socket and
 * session; it makes no connection, and writes nothing but what is known of the installed ssh.
 */

import { type Config, loadConfig, type Settings, settingsFor } from "../config/config.ts";
import { readAccount } from "../openssh/account.ts";
import { connectionArguments, dialDestination, type Parsed, parseArguments } from "../openssh/argv/parse.ts";
import { destinationOf, optionOf, parseResolved, type Resolved } from "../openssh/parse-g.ts";
import { readConfiguration } from "../openssh/ssh-config.ts";
import { askResolved, type Launcher } from "../openssh/ssh-g.ts";
import { type RealSsh, readRealSsh } from "../openssh/version.ts";
import { collectFacts, type Dependency, type Facts } from "../protocol/dependencies.ts";
import type { Session } from "../protocol/ticket.ts";
import { connectTimeoutOf, everyTimeOf, laneOf, persistOf } from "./action.ts";
import { chooseBase } from "./base.ts";
import { claimsOf } from "./compare.ts";
import { connectionKey, connectionLines, type KeyParts } from "./key.ts";
import { forwardsAgent, gatherParts, variablesIn } from "./key-parts.ts";
import { wantsNoPath } from "./no-path.ts";
import { findPlace, type Place } from "./placement.ts";
import { firstRule, type Resolving, rulesOfConfiguration, rulesOfWords } from "./rules.ts";
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
  readonly parsed: Parsed;
  readonly settings: Settings;
  readonly config: Config;
  readonly ssh: RealSsh;
  readonly dependencies: readonly Dependency[];
  /** Good for this call only, and why (`Match exec` …). */
  readonly once: string | undefined;
  /** Too young, or not to be looked at: sent, but not stored. */
  readonly unsure: string | undefined;
  /** What ssh -G said; undefined where it was not asked. */
  readonly resolved: Resolved | undefined;
  readonly destination: string | undefined;
}

/** The real ssh does it. */
export interface PassPlan extends Judged {
  readonly lane: "pass";
  /** `-S` for the real ssh: an `-O` word of its own on a connection of ours. */
  readonly socketOption: string | undefined;
}

/** A master does it. */
export interface SharedPlan extends Judged {
  readonly lane: "attach" | "establish" | "control";
  readonly control: "check" | "other" | undefined;
  readonly destination: string;
  /** The folder's key: the connection key, or that of a caller's own ControlPath. */
  readonly key: string;
  /** The connection key. */
  readonly character: string;
  readonly keydir: string;
  readonly socket: string;
  readonly accept: readonly string[];
  readonly shards: number;
  /** The socket is the caller's own ControlPath. */
  readonly own: boolean;
  /** May use the master that is there, but lacks what it was made with (a health check that names no key). */
  readonly guest: boolean;
  /** Seconds that a master without sessions is kept, and waits are bounded by; persist 0 = no bound. */
  readonly persist: number;
  readonly connectTimeout: number;
  readonly session: Session;
  /** What the key was made of, and what the master's record says of it. */
  readonly parts: KeyParts;
  readonly claims: Readonly<Record<string, string>>;
  /** The host as written, and the options for the connection, for a dial. */
  readonly host: string;
  readonly connection: readonly string[];
  readonly relative: boolean;
  readonly resolved: Resolved;
  option(name: string): string | undefined;
}

export type Plan = PassPlan | SharedPlan;

/**
 * Judges a call in the environment `env` and the working directory of this process. Throws only what a broken machine throws.
 * The files and variables that the judgement rests on are in `dependencies`.
 */
export async function makePlan(call: Call, env: NodeJS.ProcessEnv = process.env): Promise<Plan> {
  const directory = readWorkingDirectory();
  const uid = process.geteuid?.() ?? 0;
  const facts = collectFacts(env, directory);
  const ssh = readRealSsh(call.notes === false ? undefined : call.run, call, env);
  const parsed = parseArguments(call.words, ssh.letters, call.command);
  const config = await loadConfig(env);
  noteOurOwn(facts, call, config);
  let settings = settingsFor(config, parsed.host);
  const pass = (reason: string, why: string, resolved?: Resolved, once?: string, socketOption?: string): PassPlan => ({
    ...{ lane: "pass", reason, why, socketOption, resolved, once, unsure: facts.unsure, dependencies: facts.list },
    ...{ run: call.run, front: call.front, argv0: call.argv0, real: call.real, parsed, settings, config, ssh },
    destination: resolved === undefined ? undefined : destinationOf(resolved),
  });

  const said = { words: call.words, parsed, enabled: settings.enabled };
  const first = firstRule(rulesOfWords, said);
  if (first !== undefined) {
    return pass(first.name, first.why);
  }
  const account = await readAccount(uid, env);
  const configFile = parsed.effective.configFile;
  const findings = readConfiguration({ given: configFile, system: ssh.systemConfig, account, env }, facts);
  if (findings.notAFile !== undefined) {
    return pass("not-a-file", `${findings.notAFile} can be read only once`);
  }
  const words = call.command ? [...call.words, "true"] : call.words;
  const answer = askResolved(call, words, env);
  const resolved = parseResolved(answer.text);
  settings = settingsFor(config, parsed.host, optionOf(resolved, "hostname"));
  const once = findings.everyTime ?? everyTimeOf(resolved);
  const noPath = findings.namesNoPath && answer.code === 0 && !resolved.has("controlpath");
  const subject: Resolving = {
    ...said,
    ...{ enabled: settings.enabled, answer, resolved, command: call.command, matchesCommand: findings.matchesCommand },
    noPath: noPath && wantsNoPath(call, call.run, words, parsed, findings.roots, env),
  };
  const second = firstRule(rulesOfConfiguration, subject);
  if (second !== undefined) {
    return pass(second.name, second.why, resolved, once);
  }
  const session = readSession(parsed, resolved, call.command, forwardsAgent(resolved, env, facts));
  if (session === undefined) {
    return pass("service-name", "only ssh knows the number of a service", resolved, once);
  }
  const parts = gatherParts(resolved, { env, account, directory, configFile, scope: settings.scope }, facts);
  if (parts.unclear !== undefined) {
    return pass("identity", `what ${parts.unclear} stands for only ssh can tell`, resolved, once);
  }
  const run = chooseBase(call.run, settings.dir, uid);
  const character = await connectionKey(parts);
  const path = optionOf(resolved, "controlpath");
  if (path !== undefined && !path.startsWith("/")) {
    facts.directory();
  }
  const place = await findPlace(
    {
      ...{ base: run, character, parts, shards: settings.max_shards, control: parsed.effective.control !== undefined },
      path: path === undefined || path.startsWith("/") ? path : `${directory ?? ""}/${path}`,
      makes: !["false", "no"].includes(optionOf(resolved, "controlmaster") ?? "no"),
      defaults: () => connectionLines(parseResolved(askResolved(call, ["-F", "none", parsed.host ?? ""], env).text)),
    },
    facts,
  );
  if (place === undefined) {
    return pass("long-path", "a control socket there would have too long a name", resolved, once);
  }
  const lane = laneOf(subject);
  if (lane === "pass") {
    // forward, cancel, proxy …: words that only ssh speaks; it finds our master by its path.
    return pass("control-word", "only ssh speaks this word", resolved, once, place.socket === path ? undefined : place.socket);
  }
  let claims: Readonly<Record<string, string>> | undefined;
  return {
    ...{ lane, reason: lane === "control" ? "control" : place.reason, why: whyOf(place), control: controlOf(parsed) },
    ...{ run, front: call.front, argv0: call.argv0, real: call.real, parsed, settings, config, ssh, resolved },
    ...{ dependencies: facts.list, once, unsure: facts.unsure, destination: destinationOf(resolved), relative: facts.relative },
    ...{
      key: place.key,
      character,
      keydir: place.keydir,
      socket: place.socket,
      accept: place.accept,
      shards: place.shards,
      own: place.own,
      guest: place.guest,
    },
    ...{ persist: persistOf(resolved, settings, lane), connectTimeout: connectTimeoutOf(resolved, settings), session, parts },
    ...{ host: dialDestination(parsed) ?? "", connection: connectionArguments(parsed) },
    option: (name) => optionOf(resolved, name),
    // Hashes of eighty lines, which only a dial needs.
    get claims() {
      claims ??= { ...claimsOf(parts) };
      return claims;
    },
  };
}

/** What every judgement rests on: the programs, the search path, our own configuration, the variables that the words name. */
function noteOurOwn(facts: Facts, call: Call, config: Config): void {
  facts.file(call.real);
  facts.variable("PATH");
  for (const path of config.files) {
    facts.file(path);
  }
  for (const name of config.variables) {
    facts.variable(name);
  }
  // ssh expands them in an option of the command line as in a configuration file.
  for (const name of variablesIn(call.words)) {
    facts.variable(name);
  }
}

function controlOf(parsed: Parsed): "check" | "other" | undefined {
  const word = parsed.effective.control;
  return word === undefined ? undefined : word === "check" ? "check" : "other";
}

function whyOf(place: Place): string {
  switch (place.reason) {
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

function readWorkingDirectory(): string | undefined {
  try {
    return process.cwd();
  } catch {
    return undefined;
  }
}
