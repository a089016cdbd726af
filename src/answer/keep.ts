/** Keeps what a dial needs of a judgement for the next dial of the same ticket (recall.ts reads it). It is written while ssh is busy with the handshake. */

import type { SharedPlan } from "../plan/plan.ts";
import { ticketOf } from "../plan/to-ticket.ts";
import { limits } from "../protocol/contract.ts";
import { dialPath, hashBytes, ticketPath } from "../protocol/paths.ts";
import { formatTicket } from "../protocol/ticket-write.ts";
import { readOwnFile, replaceOwnFile } from "../sys/files.ts";
import { byteLength, decodeUtf8 } from "../sys/text.ts";
import type { Request } from "./channel.ts";
import { FORMAT, KEPT_BYTES, type StoredDial } from "./recall.ts";

/** Writes RUN/d/<hash> where the stored ticket says just this judgement, and where it depends on nothing that only a new judgement sees. Never throws. */
export function keepDial(request: Request, plan: SharedPlan): void {
  const shared = plan.reason === "shared";
  // With `dir` set the folder's owner is looked at in each judgement; where one may not dial, or a key was rotated, it depends on the master that is there.
  if ((!shared && (plan.reason !== "control-path" || !plan.placement.canDial)) || plan.inputs.run !== request.run) return;
  const bytes = readOwnFile(ticketPath(request.run, request.ticket), limits.ticketBytes);
  const said = formatTicket(ticketOf(plan, request.callId));
  if (bytes === undefined || decodeUtf8(bytes) !== said) return;
  const { run: _run, launcher: _launcher, resolved, attributes, ...spec } = plan.master;
  const stored: StoredDial = {
    format: FORMAT,
    ticket: hashBytes(bytes),
    shared,
    spec,
    attributes: attributes(),
    resolved: [...resolved].map(([name, [first = ""]]) => [name, [first]]),
  };
  const text = JSON.stringify(stored);
  if (byteLength(text) <= KEPT_BYTES) replaceOwnFile(dialPath(request.run, request.ticket), text);
}
