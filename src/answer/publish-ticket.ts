/** Gives the front a new judgement: over the line for this call, and as a file for the next ones. It judges nothing. */

import { journalEvent } from "../journal/journal.ts";
import type { Plan } from "../plan/plan.ts";
import { ticketOf } from "../plan/to-ticket.ts";
import { composeQuestion } from "../protocol/call-id.ts";
import { hashName } from "../protocol/paths.ts";
import { formatTicket, isStorable, storeTicket } from "../protocol/ticket-write.ts";
import { environment } from "../sys/environment.ts";
import type { Asking, Front } from "./channel.ts";

/** Stores the ticket of a plan, sends it, and journals what could not be read. A question that cannot be written here gets none: the front goes by the one it has. */
export function handOver(
  asking: Asking,
  plan: Plan,
  front: Front,
  question = composeQuestion(environment(), asking.command, asking.words),
): void {
  if (hashName(question) !== asking.ticket) return;
  const ticket = ticketOf(plan, question);
  const text = formatTicket(ticket);
  if (plan.cache.rule === "keep" && isStorable(ticket, text)) storeTicket(asking.run, asking.ticket, text);
  const { run, config, settings } = plan.inputs;
  for (const problem of config.problems) journalEvent(run, { event: "config", problem }, settings);
  front.ticket(text);
}
