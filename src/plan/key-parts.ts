/**
 * Gathers what a connection is made of besides the lines of `ssh -G`: identity files, agent, -F, scope, variables, working directory.
 * Each becomes a dependency of the ticket as well. It hashes nothing.
 */
import { readFileSync } from "node:fs";
import type { Account } from "../openssh/account.ts";
import { expandPath } from "../openssh/expand.ts";
import { flagOf, optionOf, type Resolved } from "../openssh/parse-g.ts";
import type { Facts, FileFacts } from "../protocol/dependencies.ts";
import { type Environment, hashVariable, readVariable } from "../protocol/environment.ts";
import { networkOf } from "../sys/network.ts";
import { connectionLines, fileLine, type KeyParts } from "./key.ts";

export interface Surroundings {
  readonly env: Environment;
  readonly account: Account;
  readonly directory: string | undefined;
  /** -F as given. */
  readonly configFile: string | undefined;
  readonly scope: string | undefined;
}

export interface Gathered extends KeyParts {
  /** An identity file whose path, or whose kind, cannot be told here. */
  readonly unclear: string | undefined;
}

/** Values that name files or programs of this machine. */
const WITH_PATHS = ["identityfile", "certificatefile", "userknownhostsfile", "globalknownhostsfile", "identityagent", "revokedhostkeys"];
const WITH_COMMANDS = ["proxycommand", "knownhostscommand"];
/** Values in which a variable may stand that ssh, or the shell that it starts, reads at the dial. */
const WITH_VARIABLES = [...WITH_PATHS, ...WITH_COMMANDS, "securitykeyprovider", "pkcs11provider"];

/** Everything that the connection key is made of. */
export function gatherParts(resolved: Resolved, around: Surroundings, facts: Facts): Gathered {
  const files: string[] = [];
  const unclear = gatherIdentities(resolved, around, facts, files);
  const beyond: string[] = [`scope ${around.scope ?? ""}`, `network ${networkOf() ?? ""}`];
  const agent = agentOf(resolved, around.env);
  if (agent !== undefined) {
    beyond.push(`agent ${agent}`);
  }
  if (around.configFile !== undefined && around.configFile.toLowerCase() !== "none") {
    beyond.push(`config ${absolute(around.configFile, around.directory)}`);
  }
  if (flagOf(resolved, "gssapiauthentication") === true) {
    facts.variable("KRB5CCNAME");
    beyond.push(`krb5ccname ${readVariable(around.env, "KRB5CCNAME") ?? ""}`);
  }
  for (const name of namedVariables(resolved)) {
    facts.variable(name);
    beyond.push(`variable ${name} ${hashVariable(around.env, name)}`);
  }
  if (namesRelativePath(resolved)) {
    facts.directory();
    beyond.push(`directory ${around.directory ?? ""}`);
  }
  return { lines: connectionLines(resolved), beyond, files, unclear };
}

/**
 * Whether the session is to have an agent: ForwardAgent, and one that is there (check_agent_present() of ssh.c). Whether it answers is not
 * asked, as OpenSSH's own mux client does not either.
 */
export function forwardsAgent(resolved: Resolved, env: Environment, facts: Facts): boolean {
  const said = optionOf(resolved, "forwardagent") ?? "no";
  const flag = flagOf(resolved, "forwardagent");
  if (flag === false) {
    return false;
  }
  const named = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(said)?.[1];
  const socket = flag === true ? agentOf(resolved, env) : named === undefined ? said : readVariable(env, named);
  return socket !== undefined && facts.file(socket) !== undefined;
}

/** The agent's socket; undefined when there is none (ssh.c main(): IdentityAgent before SSH_AUTH_SOCK). */
export function agentOf(resolved: Resolved, env: Environment): string | undefined {
  const said = optionOf(resolved, "identityagent") ?? "SSH_AUTH_SOCK";
  if (said.toLowerCase() === "none") {
    return undefined;
  }
  const named = said === "SSH_AUTH_SOCK" ? said : /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(said)?.[1];
  const socket = named === undefined ? said : readVariable(env, named);
  return socket === "" ? undefined : socket;
}

/** load_public_identity_files() of ssh.c: the key itself, its public half where it is alone, and the certificate beside it. */
function gatherIdentities(resolved: Resolved, around: Surroundings, facts: Facts, files: string[]): string | undefined {
  const certificates = resolved.get("certificatefile") ?? [];
  for (const said of [...(resolved.get("identityfile") ?? []), ...certificates]) {
    if (said.toLowerCase() === "none") {
      continue;
    }
    const path = expandPath(said, resolved, around.account, around.env, readHostName);
    if (path === undefined) {
      return said;
    }
    const full = absolute(path, around.directory);
    const found = note(path, full, facts, files);
    if (found !== undefined && found.type !== "file" && full !== "/dev/null") {
      return said;
    }
    if (found === undefined) {
      note(`${path}.pub`, `${full}.pub`, facts, files);
    }
    if (certificates.length === 0) {
      note(`${path}-cert.pub`, `${full}-cert.pub`, facts, files);
    }
  }
  return undefined;
}

function note(path: string, full: string, facts: Facts, files: string[]): FileFacts | undefined {
  const found = facts.file(path);
  if (found !== undefined) {
    files.push(fileLine(full, found));
  }
  return found;
}

function namedVariables(resolved: Resolved): Set<string> {
  return variablesIn(WITH_VARIABLES.flatMap((keyword) => resolved.get(keyword) ?? []));
}

/** The names of `${NAME}` and `$NAME` in these texts: more than ssh itself expands, since a variable too many only costs a ticket. */
export function variablesIn(texts: readonly string[]): Set<string> {
  return new Set(texts.flatMap((text) => [...text.matchAll(/\$\{?([A-Za-z_][A-Za-z0-9_]*)/g)].map(([, name]) => name as string)));
}

function namesRelativePath(resolved: Resolved): boolean {
  const paths = WITH_PATHS.flatMap((keyword) => (resolved.get(keyword) ?? []).flatMap((value) => value.split(" ")));
  const commands = WITH_COMMANDS.flatMap((keyword) => resolved.get(keyword) ?? []);
  return (
    paths.some((path) => !/^(?:[/~$%]|none$|SSH_AUTH_SOCK$|$)/.test(path)) ||
    commands.some((command) => /^[^\s/~$%'"]+\//.test(command) || /(?:^|[\s'"=:(;|&])\.{1,2}(?:\/|\s|$)/.test(command))
  );
}

function absolute(path: string, directory: string | undefined): string {
  return path.startsWith("/") ? path : `${directory ?? ""}/${path}`;
}

/** gethostname(2), without the cost of node:os. */
function readHostName(): string {
  try {
    return readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
  } catch {
    return "";
  }
}
