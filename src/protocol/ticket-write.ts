/**
 * Puts a judgement on paper for the front to follow. Storing is atomic and may fail: the ticket that was sent inline is enough for
 * the call at hand. It judges nothing.
 */
import { replaceOwnFile } from "../sys/files.ts";
import { byteLength } from "../sys/text.ts";
import { limits, openings } from "./contract.ts";
import type { Dependency } from "./dependencies.ts";
import { formatIdentity } from "./dependencies.ts";
import { encodeWord, ticketPath } from "./paths.ts";
import type { Session, Target, Ticket } from "./ticket.ts";

/** The text of a ticket. */
export function formatTicket(ticket: Ticket): string {
  const lines = [openings.ticket, `question ${ticket.callId}`];
  if (ticket.forThisCallOnly) {
    lines.push("once");
  } else {
    lines.push(...ticket.dependencies.map(formatDependency));
  }
  lines.push(`lane ${ticket.action}`, `reason ${encodeWord(ticket.reason)}`);
  if (ticket.journal !== undefined) {
    lines.push(`journal ${encodeWord(ticket.journal.path)} ${ticket.journal.limit} ${encodeWord(ticket.journal.fragment)}`);
  }
  if (ticket.socketOption !== undefined) {
    lines.push(`socket_option ${encodeWord(ticket.socketOption)}`);
  }
  if (ticket.target !== undefined) {
    lines.push(...formatTarget(ticket.target));
  }
  return [...lines, "end", ""].join("\n");
}

/** Whether the front would take this ticket from a file: not for one call only, and not too long. */
export function isStorable(ticket: Ticket, text: string): boolean {
  return !ticket.forThisCallOnly && ticket.dependencies.length <= limits.dependencies && byteLength(text) <= limits.ticketBytes;
}

/** Writes RUN/t/<hash>. Gives whether it is there now; never throws. */
export function storeTicket(run: string, hash: string, text: string): boolean {
  return replaceOwnFile(ticketPath(run, hash), text);
}

function formatDependency(dependency: Dependency): string {
  switch (dependency.kind) {
    case "file":
      return `file ${encodeWord(dependency.path)} ${formatIdentity(dependency.identity)}`;
    case "nofile":
      return `nofile ${encodeWord(dependency.path)}`;
    case "env":
      return `env ${dependency.name} ${dependency.hash}`;
    case "cwd":
      return `cwd ${dependency.device} ${dependency.inode}`;
  }
}

function formatTarget(target: Target): string[] {
  return [
    `connect_timeout ${target.connectTimeout}`,
    `key ${target.poolKey}`,
    `socket ${encodeWord(target.socket)}`,
    `keydir ${encodeWord(target.poolDir)}`,
    ...target.accept.map((connectionKey) => `accept ${connectionKey}`),
    `shards ${target.shards}`,
    `limit ${target.limit}`,
    `persist ${target.persist}`,
    `max_age ${target.maxAge}`,
    ...formatSession(target.session),
    `closing ${encodeWord(target.closing)}`,
    ...(target.control === undefined ? [] : [`control ${target.control}`]),
  ];
}

function formatSession(session: Session): string[] {
  return [
    `tty ${session.tty}`,
    `escape ${session.escape}`,
    `agent ${session.agent ? 1 : 0}`,
    `subsystem ${session.subsystem ? 1 : 0}`,
    `stdin_null ${session.stdinNull ? 1 : 0}`,
    `loglevel ${session.logLevel}`,
    ...(session.stdio === undefined ? [] : [`stdio ${encodeWord(session.stdio.host)} ${session.stdio.port}`]),
    ...(session.command === undefined ? [] : [`command ${encodeWord(session.command)}`]),
    // One a line: the front cuts a line into forty fields at most.
    ...session.sendEnv.map((pattern) => `sendenv ${encodeWord(pattern)}`),
    ...session.setEnv.map((assignment) => `setenv ${encodeWord(assignment)}`),
  ];
}
