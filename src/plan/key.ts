/**
 * The connection key: everything that makes one connection differ from another, as a hash, and the
 * parts it is made of (each of them a dependency of the ticket too). An option nobody thought of
 * splits the key.
 */
import type { Account } from "../openssh/account.ts";
import { expandPath } from "../openssh/expand.ts";
import { flagOf, optionOf, type Resolved } from "../openssh/ssh-g.ts";
import { type DependencyRecorder, type FileIdentity, formatIdentity } from "../protocol/dependencies.ts";
import { type Environment, hashVariable, readVariable } from "../protocol/environment.ts";
import { hostName, networkOf } from "../sys/environment.ts";
import { digest } from "../sys/text.ts";

/** What goes into a key. */
export interface KeyParts {
  /** `keyword value` of ssh -G, one a keyword (a list's values joined by a line feed). */
  readonly lines: readonly string[];
  /** `name value` of agent, -F, scope, network, ticket cache, variables, working directory. */
  readonly extras: readonly string[];
  /** `path dev ino size seconds nanoseconds` of identity and certificate files. */
  readonly files: readonly string[];
}

export interface Caller {
  readonly env: Environment;
  readonly account: Account;
  readonly directory: string | undefined;
  /** -F as given. */
  readonly configFile: string | undefined;
  readonly scope: string | undefined;
}

/** Lines that concern one session only, or forwards, which no master of ours ever has. */
const OF_ONE_SESSION: ReadonlySet<string> = new Set([
  "batchmode",
  "clearallforwardings",
  "connectionattempts",
  "connecttimeout",
  "controlmaster",
  "controlpath",
  "controlpersist",
  "dynamicforward",
  "escapechar",
  "exitonforwardfailure",
  "forkafterauthentication",
  "localcommand",
  "localforward",
  "loglevel",
  "logverbose",
  "permitlocalcommand",
  "remotecommand",
  "remoteforward",
  "requesttty",
  "sendenv",
  "sessiontype",
  "setenv",
  "stdinnull",
]);

/** Values that name files or programs of this machine. */
const WITH_PATHS = ["identityfile", "certificatefile", "userknownhostsfile", "globalknownhostsfile", "identityagent", "revokedhostkeys"];
const WITH_COMMANDS = ["proxycommand", "knownhostscommand"];
/** Values in which a variable may stand that ssh, or its shell, reads at the dial. */
const WITH_VARIABLES = [...WITH_PATHS, ...WITH_COMMANDS, "securitykeyprovider", "pkcs11provider"];

/** The connection key, 32 hex digits. */
export function connectionKeyOf(parts: KeyParts): string {
  return digest(["connection", ...parts.lines, "beyond", ...parts.extras, "files", ...parts.files].join("\0"));
}

/** The key of a caller's own ControlPath (docs/protocol.md, "Places"). */
export function poolKeyOf(path: string): string {
  return digest(`path\0${path}`);
}

/** What the connection key is made of; or an identity file that only ssh can make sense of. */
export function gatherParts(resolved: Resolved, caller: Caller, recorder: DependencyRecorder): KeyParts | { readonly unclear: string } {
  const files: string[] = [];
  const unclear = gatherIdentities(resolved, caller, recorder, files);
  if (unclear !== undefined) {
    return { unclear };
  }
  const extras: string[] = [`scope ${caller.scope ?? ""}`, `network ${networkOf() ?? ""}`];
  const agent = agentOf(resolved, caller.env);
  if (agent !== undefined) {
    extras.push(`agent ${agent}`);
  }
  if (caller.configFile !== undefined && caller.configFile.toLowerCase() !== "none") {
    extras.push(`config ${absolute(caller.configFile, caller.directory)}`);
  }
  if (flagOf(resolved, "gssapiauthentication") === true) {
    recorder.variable("KRB5CCNAME");
    extras.push(`krb5ccname ${readVariable(caller.env, "KRB5CCNAME") ?? ""}`);
  }
  for (const name of namedVariables(resolved)) {
    recorder.variable(name);
    extras.push(`variable ${name} ${hashVariable(caller.env, name)}`);
  }
  if (namesRelativePath(resolved)) {
    recorder.directory();
    extras.push(`directory ${caller.directory ?? ""}`);
  }
  return { lines: connectionLines(resolved), extras, files };
}

/** The lines of ssh -G that a connection is made of. */
export function connectionLines(resolved: Resolved): string[] {
  return [...resolved].filter(([keyword]) => !OF_ONE_SESSION.has(keyword)).map(([keyword, values]) => `${keyword} ${values.join("\n")}`);
}

/**
 * Whether the session is to have an agent: ForwardAgent, and one that is there
 * (check_agent_present() of ssh.c). Whether it answers is not asked, as OpenSSH's own mux client
 * does not either.
 */
export function forwardsAgent(resolved: Resolved, env: Environment, recorder: DependencyRecorder): boolean {
  const value = optionOf(resolved, "forwardagent") ?? "no";
  const flag = flagOf(resolved, "forwardagent");
  if (flag === false) {
    return false;
  }
  const named = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
  const socket = flag === true ? agentOf(resolved, env) : named === undefined ? value : readVariable(env, named);
  return socket !== undefined && recorder.file(socket) !== undefined;
}

/** The agent's socket, if any (ssh.c main(): IdentityAgent before SSH_AUTH_SOCK). */
export function agentOf(resolved: Resolved, env: Environment): string | undefined {
  const value = optionOf(resolved, "identityagent") ?? "SSH_AUTH_SOCK";
  if (value.toLowerCase() === "none") {
    return undefined;
  }
  const named = value === "SSH_AUTH_SOCK" ? value : /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1];
  const socket = named === undefined ? value : readVariable(env, named);
  return socket === "" ? undefined : socket;
}

/** ssh.c, load_public_identity_files(): the key, or its public half alone, and the certificate. */
function gatherIdentities(resolved: Resolved, caller: Caller, recorder: DependencyRecorder, files: string[]): string | undefined {
  const certificates = resolved.get("certificatefile") ?? [];
  for (const value of [...(resolved.get("identityfile") ?? []), ...certificates]) {
    if (value.toLowerCase() === "none") {
      continue;
    }
    const path = expandPath(value, resolved, caller.account, caller.env, hostName);
    if (path === undefined) {
      return value;
    }
    const full = absolute(path, caller.directory);
    const found = recordFile(path, full, recorder, files);
    if (found !== undefined && found.type !== "file" && full !== "/dev/null") {
      return value;
    }
    if (found === undefined) {
      recordFile(`${path}.pub`, `${full}.pub`, recorder, files);
    }
    if (certificates.length === 0) {
      recordFile(`${path}-cert.pub`, `${full}-cert.pub`, recorder, files);
    }
  }
  return undefined;
}

function recordFile(path: string, full: string, recorder: DependencyRecorder, files: string[]): FileIdentity | undefined {
  const found = recorder.file(path);
  if (found !== undefined) {
    files.push(`${full} ${formatIdentity(found)}`);
  }
  return found;
}

function namedVariables(resolved: Resolved): Set<string> {
  return variablesIn(WITH_VARIABLES.flatMap((keyword) => resolved.get(keyword) ?? []));
}

/** `${NAME}` and `$NAME`: more than ssh expands, but one too many only costs a ticket. */
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
