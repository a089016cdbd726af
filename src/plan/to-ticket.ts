/** Turns a plan into the ticket that says it. It decides nothing that the plan did not. */

import { journalPathFor } from "../journal/journal.ts";
import { recallLimit } from "../master/session-limit.ts";
import { MOST_DEPENDENCIES, MOST_VARIABLES, type Ticket, type Way } from "../protocol/ticket.ts";
import type { Plan, SharedPlan } from "./plan.ts";

/** The ticket for a question. */
export function ticketOf(plan: Plan, question: string): Ticket {
  const path = journalPathFor(plan.run, plan.settings);
  const way = plan.lane === "pass" ? undefined : wayOf(plan);
  const tooMany = way !== undefined && (way.session.sendEnv.length > MOST_VARIABLES || way.session.setEnv.length > MOST_VARIABLES);
  return {
    question,
    once: plan.once !== undefined || plan.dependencies.length > MOST_DEPENDENCIES,
    dependencies: plan.dependencies,
    lane: tooMany ? "pass" : plan.lane,
    reason: tooMany ? "too-many-variables" : plan.reason,
    journal: path === undefined ? undefined : { path, limit: plan.settings.journal_size, fragment: fragmentOf(plan) },
    socketOption: plan.lane === "pass" ? plan.socketOption : undefined,
    way: tooMany ? undefined : way,
  };
}

function wayOf(plan: SharedPlan): Way {
  const idle = plan.settings.idle;
  const host = plan.option("hostname") ?? plan.host;
  return {
    ...{ key: plan.key, keydir: plan.keydir, socket: plan.socket, accept: plan.accept, shards: plan.shards },
    // What the server refused before holds for masters that are still to be made.
    limit: recallLimit(plan.keydir) ?? plan.settings.max_sessions,
    // A guest could not make the master anew, so it never finds it too old: whoever made it will.
    persist: plan.guest ? 0 : idle === undefined ? plan.persist : plan.persist === 0 ? idle : Math.min(idle, plan.persist),
    maxAge: plan.guest ? 0 : plan.settings.max_age,
    connectTimeout: plan.connectTimeout,
    session: plan.session,
    // mux.c says it so of a shared connection, clientloop.c of one's own.
    closing: `${plan.own ? "Shared connection" : "Connection"} to ${host} closed.`,
    control: plan.control,
  };
}

/** What the front's line in the journal says besides its own fields (docs/interface.md). */
function fragmentOf(plan: Plan): string {
  const said: Record<string, string> = { lane: plan.lane, reason: plan.reason };
  if (plan.lane !== "pass") {
    said.key = plan.key;
  }
  if (plan.destination !== undefined) {
    said.destination = plan.destination;
  }
  return JSON.stringify(said).slice(1, -1);
}
