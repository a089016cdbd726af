/**
 * The connection key: everything that makes one connection differ from another, as a hash, and the
 * parts it is made of (each of them a dependency of the ticket too). An option nobody thought of
 * splits the key.
 */
import type { Account } from "../openssh/account.ts";
import { expandPath } from "../openssh/expand.ts";
import { flagOf, optionOf, type Resolved } from "../openssh/ssh-g.ts";
import { type DependencyRecorder, type FileIdentity, formatIdentity, readIdentity } from "../protocol/dependencies.ts";
import { type Environment, hashVariable, readVariable } from "../protocol/environment.ts";
import { hostName, mountsOf, networkOf } from "../sys/environment.ts";
import { tryRead } from "../sys/files.ts";
import { decodeLatin1, digest } from "../sys/text.ts";

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
  /** The configuration has a `Match exec`: ssh runs a program before it knows what to dial. */
  readonly matchesExec: boolean;
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

/** Variables that make of ssh, or of what it starts, another program (ld.so(8)). */
const LOADER = ["LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT"];
/** What turns a name into an address (resolv.conf(5), hostname(7)). */
const RESOLVER_VARIABLES = ["LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES"];
const RESOLVER_FILES = ["/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf"];

/**
 * What the connection key is made of; or an identity file that only ssh can make sense of.
 * @param hops what ssh -G says of each host on the way (hops.ts)
 */
export function gatherParts(
  resolved: Resolved,
  hops: readonly Resolved[],
  caller: Caller,
  recorder: DependencyRecorder,
): KeyParts | { readonly unclear: string } {
  const files: string[] = [];
  const extras = gatherSurroundings(caller, recorder);
  for (const each of [resolved, ...hops]) {
    const unclear = gatherIdentities(each, caller, recorder, files);
    if (unclear !== undefined) {
      return { unclear };
    }
    if (each !== resolved) {
      extras.push(`hop ${connectionLines(each).join("\n")}`);
    }
    const agent = agentOf(each, caller.env);
    if (agent !== undefined) {
      extras.push(`agent ${agent}`);
    }
    if (flagOf(each, "gssapiauthentication") === true) {
      extras.push(variableLine("KRB5CCNAME", caller, recorder));
    }
    for (const name of namedVariables(each)) {
      extras.push(variableLine(name, caller, recorder));
    }
  }
  if (
    caller.matchesExec ||
    [resolved, ...hops].some((each) => runsProgram(each, caller, recorder) || namesRelativePath(each, caller.env))
  ) {
    recorder.directory();
  }
  if (recorder.dependsOnCwd) {
    const here = readIdentity(".");
    const place = here === undefined || here === "unknown" ? "" : `${here.device} ${here.inode}`;
    extras.push(`directory ${caller.directory ?? ""} ${place}`);
  }
  return { lines: connectionLines(resolved), extras: [...new Set(extras)], files: [...new Set(files)] };
}

/** What concerns every connection of this caller, whatever its options are. */
function gatherSurroundings(caller: Caller, recorder: DependencyRecorder): string[] {
  const extras = [`scope ${caller.scope ?? ""}`, `network ${networkOf() ?? ""}`, `mounts ${mountsOf() ?? ""}`];
  if (caller.configFile !== undefined && caller.configFile.toLowerCase() !== "none") {
    extras.push(`config ${absolute(caller.configFile, caller.directory)}`);
  }
  for (const name of [...LOADER, ...RESOLVER_VARIABLES]) {
    extras.push(variableLine(name, caller, recorder));
  }
  const aliases = readVariable(caller.env, "HOSTALIASES");
  for (const path of aliases ? [...RESOLVER_FILES, aliases] : RESOLVER_FILES) {
    // By content: a resolv.conf that is written again with the same words is the same.
    recorder.file(path);
    extras.push(`resolver ${path} ${digest(decodeLatin1(tryRead(path) ?? new Uint8Array(0)))}`);
  }
  return extras;
}

function variableLine(name: string, caller: Caller, recorder: DependencyRecorder): string {
  recorder.variable(name);
  return `variable ${name} ${hashVariable(caller.env, name)}`;
}

/** Whether ssh runs a program of the caller's when it dials: that one may look at where it stands. */
function runsProgram(resolved: Resolved, caller: Caller, recorder: DependencyRecorder): boolean {
  const commands = [...WITH_COMMANDS, "pkcs11provider"].some((keyword) => !isNone(optionOf(resolved, keyword)));
  const provider = optionOf(resolved, "securitykeyprovider");
  if (commands || !(isNone(provider) || provider === "internal" || provider === "$SSH_SK_PROVIDER")) {
    return true;
  }
  recorder.variable("SSH_SK_PROVIDER");
  recorder.variable("SSH_ASKPASS");
  if (provider === "$SSH_SK_PROVIDER" && readVariable(caller.env, "SSH_SK_PROVIDER")) {
    return true;
  }
  return flagOf(resolved, "batchmode") !== true && Boolean(readVariable(caller.env, "SSH_ASKPASS"));
}

function isNone(value: string | undefined): boolean {
  return value === undefined || value.toLowerCase() === "none";
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
    // sshkey_load_public() reads it first: which key of the agent is offered depends on it.
    recordFile(`${path}.pub`, `${full}.pub`, recorder, files);
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

/** A path that stands for another file in another directory. */
function namesRelativePath(resolved: Resolved, env: Environment): boolean {
  const paths = WITH_PATHS.flatMap((keyword) => (resolved.get(keyword) ?? []).flatMap((value) => value.split(" ")));
  return [...paths, agentOf(resolved, env) ?? ""].some((path) => !/^(?:[/~$%]|none$|SSH_AUTH_SOCK$|$)/.test(path));
}

function absolute(path: string, directory: string | undefined): string {
  return path.startsWith("/") ? path : `${directory ?? ""}/${path}`;
}
