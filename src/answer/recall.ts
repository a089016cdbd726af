/**
 * What a dial needs of a judgement, as it was kept in RUN/d beside the ticket that says the rest (keep.ts): with it a dial asks the real ssh
 * nothing and judges nothing anew. It counts only while that very ticket is there and fresh; whatever else is the case, there is none.
 */

import type { MasterSpec } from "../master/spec.ts";
import { limits } from "../protocol/contract.ts";
import { dialPath, hashBytes, ticketPath } from "../protocol/paths.ts";

import { findStale, parseTicket } from "../protocol/ticket-read.ts";
import { environment } from "../sys/environment.ts";
import { exists, readOwnFile } from "../sys/files.ts";
import { decodeStrictUtf8 } from "../sys/text.ts";
import type { Request } from "./channel.ts";

/** Higher with every change of what is kept, so that another version's files count for nothing. */
export const FORMAT = 3;
export const KEPT_BYTES = 65_536;

/** The file, as JSON. */
export interface StoredDial {
  readonly format: number;
  /** hashBytes of the ticket that it belongs to. */
  readonly ticket: string;
  /** The folder is the connection's own: what lies at a socket there says nothing about who may use it. */
  readonly shared: boolean;
  readonly spec: Omit<MasterSpec, "run" | "launcher" | "resolved" | "attributes">;
  readonly attributes: Readonly<Record<string, string>>;
  /** The first value of each keyword. */
  readonly resolved: readonly (readonly [string, readonly string[]])[];
}

/** What was kept for this call id, in the environment and directory of this process; undefined where it has to be judged anew. Never throws. */
export function recallDial(request: Request): MasterSpec | undefined {
  const stored = readStored(request);
  const bytes = readOwnFile(ticketPath(request.run, request.ticket), limits.ticketBytes);
  if (stored === undefined || bytes === undefined || stored.ticket !== hashBytes(bytes)) {
    return undefined;
  }
  const ticket = parseTicket(bytes);
  if (ticket === undefined || ticket.callId !== request.callId || findStale(ticket, environment()) !== undefined) {
    return undefined;
  }
  // On a caller's own path a master that came meanwhile may be somebody else's: then there is something to judge.
  if (!stored.shared && (request.shard > 0 || exists(stored.spec.pool.socket))) {
    return undefined;
  }
  const { run, argv0, real, clientPath } = request;
  const attributes = () => stored.attributes;
  return { ...stored.spec, run, launcher: { argv0, real, clientPath }, resolved: new Map(stored.resolved), attributes };
}

function readStored(request: Request): StoredDial | undefined {
  const bytes = readOwnFile(dialPath(request.run, request.ticket), KEPT_BYTES);
  try {
    const kept = bytes && (JSON.parse(decodeStrictUtf8(bytes) ?? "") as StoredDial);
    return kept?.format === FORMAT ? kept : undefined;
  } catch {
    return undefined;
  }
}
