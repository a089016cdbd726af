/**
 * Puts a judgement on paper for the front to follow. Storing is atomic and may fail: the ticket that was sent inline is enough for
 * the call at hand. It judges nothing.
 */
import { replaceFile } from "../sys/own-file.ts";
import type { Dependency } from "./dependencies.ts";
import { factsText } from "./dependencies.ts";
import { encodeWord, ticketPath } from "./paths.ts";
import { MOST_DEPENDENCIES, type Session, TICKET_BYTES, type Ticket, type Way } from "./ticket.ts";

/** The text of a ticket. */
export function formatTicket(ticket: Ticket): string {
  const lines = ["sshim-ticket 1", `question ${ticket.question}`];
  if (ticket.once) {
    lines.push("once");
  } else {
    lines.push(...ticket.dependencies.map(formatDependency));
  }
  lines.push(`lane ${ticket.lane}`, `reason ${encodeWord(ticket.reason)}`);
  if (ticket.journal !== undefined) {
    lines.push(`journal ${encodeWord(ticket.journal.path)} ${ticket.journal.limit} ${encodeWord(ticket.journal.fragment)}`);
  }
  if (ticket.socketOption !== undefined) {
    lines.push(`socket_option ${encodeWord(ticket.socketOption)}`);
  }
  if (ticket.way !== undefined) {
    lines.push(...formatWay(ticket.way));
  }
  return [...lines, "end", ""].join("\n");
}

/** Whether the front would take this ticket from a file: not for one call only, and not too long. */
export function isStorable(ticket: Ticket, text: string): boolean {
  return !ticket.once && ticket.dependencies.length <= MOST_DEPENDENCIES && new TextEncoder().encode(text).length <= TICKET_BYTES;
}

/** Writes RUN/t/<hash>. Gives whether it is there now; never throws. */
export function storeTicket(run: string, hash: string, text: string): boolean {
  return replaceFile(ticketPath(run, hash), text);
}

function formatDependency(dependency: Dependency): string {
  switch (dependency.kind) {
    case "file":
      return `file ${encodeWord(dependency.path)} ${factsText(dependency.facts)}`;
    case "nofile":
      return `nofile ${encodeWord(dependency.path)}`;
    case "env":
      return `env ${dependency.name} ${dependency.hash}`;
    case "cwd":
      return `cwd ${dependency.device} ${dependency.inode}`;
  }
}

function formatWay(way: Way): string[] {
  return [
    `connect_timeout ${way.connectTimeout}`,
    `key ${way.key}`,
    `socket ${encodeWord(way.socket)}`,
    `keydir ${encodeWord(way.keydir)}`,
    ...way.accept.map((character) => `accept ${character}`),
    `shards ${way.shards}`,
    `limit ${way.limit}`,
    `persist ${way.persist}`,
    `max_age ${way.maxAge}`,
    ...formatSession(way.session),
    `closing ${encodeWord(way.closing)}`,
    ...(way.control === undefined ? [] : [`control ${way.control}`]),
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
