/** Gives the front a new judgement: over the channel for this call, and as a file for the next ones. It judges nothing. */

import { journalEvent } from "../journal/journal.ts";
import type { Plan } from "../plan/plan.ts";
import { ticketOf } from "../plan/to-ticket.ts";
import { formatTicket, isStorable, storeTicket } from "../protocol/ticket-write.ts";
import type { Channel, Request } from "./channel.ts";

/** Stores the ticket of a plan, sends it, and journals what could not be read. */
export function publishTicket(request: Request, plan: Plan, channel: Channel): void {
  const ticket = ticketOf(plan, request.callId);
  const text = formatTicket(ticket);
  if (plan.cache.rule === "keep" && isStorable(ticket, text)) storeTicket(request.run, request.ticket, text);
  const { run, config, settings } = plan.inputs;
  for (const problem of config.problems) journalEvent(run, { event: "config", problem }, settings);
  channel.ticket(text);
}
