/**
 * Writes the command line of a dial: the real ssh, made into a master that outlives its caller. It starts nothing.
 */
import { optionOf } from "../openssh/ssh-g.ts";
import { environment } from "../sys/environment.ts";
import type { MasterSpec } from "./spec.ts";

/** Seconds for key exchange and authentication, which ConnectTimeout does not cover. */
const GRACE = 10;

/** The environment and the words of one dial, argv[0] left out. */
export interface DialCommand {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * The command of a dial. Options come before the caller's because ssh takes the first of each; `-S` after them because the last one wins.
 * @param socket where it shall listen
 * @param log file for what ssh logs (`-E`), undefined where it goes to the caller's terminal
 * @param proxyLog file for what a ProxyCommand or jump host says, undefined where there is none
 * @param connectTimeout seconds, in place of the caller's own
 */
export function dialCommand(
  spec: MasterSpec,
  socket: string,
  log: string | undefined,
  proxyLog: string | undefined,
  connectTimeout: number | undefined,
): DialCommand {
  const path = socket.replaceAll("%", "%%");
  const words = [
    "-oControlMaster=yes",
    // A minute more than we use it: OpenSSH's own expiry would race with a client that is about to attach.
    `-oControlPersist=${spec.persist === 0 ? "yes" : spec.persist + 60}`,
    // Only for whoever reads the command line: -S decides, and is no line of a configuration, which would be split at spaces and quotes.
    ...(/^[\w/.,:@%+=~-]+$/.test(path) ? [`-oControlPath=${path}`] : []),
    // What the master does not send it filters out of every session (channels_confirm in mux.c asks its patterns).
    "-oSendEnv=*",
    "-oClearAllForwardings=yes",
    "-oPermitLocalCommand=no",
    "-oRemoteCommand=none",
    "-oRequestTTY=no",
    "-oForwardX11=no",
    "-oTunnel=no",
  ];
  if (optionOf(spec.resolved, "setenv") !== undefined) {
    // The master's SetEnv would win over every session's own; it cannot be empty.
    words.push("-oSetEnv=_=ssh");
  }
  if (spec.settings.server_alive > 0 && isUnset(optionOf(spec.resolved, "serveraliveinterval"))) {
    words.push(`-oServerAliveInterval=${spec.settings.server_alive}`, "-oServerAliveCountMax=3");
  }
  if (connectTimeout !== undefined) {
    words.push(`-oConnectTimeout=${connectTimeout}`);
  }
  words.push(...spec.connection, "-S", path);
  if (log !== undefined) {
    words.push("-E", log);
  }
  words.push("-N", "-f", "--", spec.host);
  return { words, environment: proxyLog === undefined ? {} : shellEnvironment(spec.launcher.clientPath, proxyLog) };
}

/** True when the connection goes through a program or another host. */
export function usesProxy(spec: MasterSpec): boolean {
  const command = optionOf(spec.resolved, "proxycommand");
  const jump = optionOf(spec.resolved, "proxyjump");
  return (command !== undefined && command !== "none") || (jump !== undefined && jump !== "none");
}

/** The caller's ConnectTimeout in seconds; undefined where there is none. */
export function connectTimeout(spec: MasterSpec): number | undefined {
  const seconds = Number(optionOf(spec.resolved, "connecttimeout"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : undefined;
}

/**
 * Seconds that a dial may hold its lock when nobody is asked anything. ConnectTimeout ends with the banner, and a handshake whose network dies after it
 * would keep the whole host waiting for as long as TCP likes. After this the caller goes by itself, and ssh takes the time that it takes.
 */
export function dialLimit(spec: MasterSpec): number | undefined {
  return environment().SSH_ASKPASS === undefined ? (connectTimeout(spec) ?? spec.settings.dial_timeout) + GRACE : undefined;
}

/** With ControlPersist ssh gives a proxy /dev/null for stderr (sshconnect.c): a shell of ours in between gives it the log instead. */
function shellEnvironment(front: string, log: string): Record<string, string | undefined> {
  return { SHELL: front, SSHIM_SHELL: environment().SHELL, SSHIM_THEN_AS: "shell", SSHIM_LOG: log };
}

function isUnset(value: string | undefined): boolean {
  return value === undefined || value === "0";
}
