/**
 * What one session asks of a master: tty, escape character, agent, environment, command (ssh.c
 * ssh_session2_setup(), mux.c mux_client_request_session()).
 */
import { hasLetter, type ParsedArguments, stdioForwardOf } from "../openssh/argv/parse.ts";
import { escapeOf, flagOf, logLevelOf, optionOf, type Resolved } from "../openssh/ssh-g.ts";
import type { Session } from "../protocol/ticket.ts";

/**
 * Reads a session out of what was said and resolved. Returns undefined where only the real ssh can
 * (a service name as -W's port).
 * @param agent whether an agent is handed on, and is there
 */
export function readSession(parsed: ParsedArguments, resolved: Resolved, command: boolean, agent: boolean): Session | undefined {
  const stdio = stdioForwardOf(parsed);
  if (stdio === undefined && hasLetter(parsed, "W")) {
    return undefined;
  }
  const type = optionOf(resolved, "sessiontype") ?? "default";
  return {
    tty: stdio !== undefined || type === "none" ? "no" : readTty(resolved),
    escape: escapeOf(resolved),
    agent,
    subsystem: type === "subsystem",
    stdinNull: flagOf(resolved, "stdinnull") === true,
    logLevel: logLevelOf(resolved),
    stdio,
    command: command ? undefined : optionOf(resolved, "remotecommand"),
    sendEnv: resolved.get("sendenv") ?? [],
    setEnv: resolved.get("setenv") ?? [],
  };
}

/** readconf.c's multistate_requesttty; 9.2 prints true and false. */
function readTty(resolved: Resolved): Session["tty"] {
  const value = optionOf(resolved, "requesttty");
  if (value === "force" || value === "auto") {
    return value;
  }
  const flag = flagOf(resolved, "requesttty");
  return flag === undefined ? "auto" : flag ? "yes" : "no";
}
