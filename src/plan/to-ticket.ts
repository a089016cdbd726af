/** Turns a plan into the ticket that says it. It decides nothing that the plan did not. */

import { journalPathFor } from "../journal/journal.ts";
import { recallLimit } from "../master/session-limit.ts";
import { limits } from "../protocol/contract.ts";
import type { Target, Ticket } from "../protocol/ticket.ts";
import type { Plan, SharedPlan } from "./plan.ts";

/** The ticket for a question. */
export function ticketOf(plan: Plan, question: string): Ticket {
  const path = journalPathFor(plan.run, plan.settings);
  const target = plan.action === "pass" ? undefined : targetOf(plan);
  const tooMany =
    target !== undefined && (target.session.sendEnv.length > limits.variables || target.session.setEnv.length > limits.variables);
  return {
    question,
    forThisCallOnly: plan.cache.rule === "never" || plan.dependencies.length > limits.dependencies,
    dependencies: plan.dependencies,
    action: tooMany ? "pass" : plan.action,
    reason: tooMany ? "too-many-variables" : plan.reason,
    journal: path === undefined ? undefined : { path, limit: plan.settings.journal_size, fragment: fragmentOf(plan) },
    socketOption: plan.action === "pass" ? plan.socketOption : undefined,
    target: tooMany ? undefined : target,
  };
}

function targetOf(plan: SharedPlan): Target {
  const idle = plan.settings.idle;
  const host = plan.option("hostname") ?? plan.host;
  return {
    ...{ poolKey: plan.poolKey, poolDir: plan.poolDir, socket: plan.socket, accept: plan.accept, shards: plan.shards },
    // What the server refused before holds for masters that are still to be made.
    limit: recallLimit(plan.poolDir) ?? plan.settings.max_sessions,
    // Who could not make the master anew never finds it too old: whoever made it will.
    persist: !plan.canDial ? 0 : idle === undefined ? plan.persist : plan.persist === 0 ? idle : Math.min(idle, plan.persist),
    maxAge: !plan.canDial ? 0 : plan.settings.max_age,
    connectTimeout: plan.connectTimeout,
    session: plan.session,
    // mux.c says it so of a shared connection, clientloop.c of one's own.
    closing: `${plan.atCallerPath ? "Shared connection" : "Connection"} to ${host} closed.`,
    control: plan.control,
  };
}

/** What the front's line in the journal says besides its own fields (docs/interface.md). */
function fragmentOf(plan: Plan): string {
  const said: Record<string, string> = { lane: plan.action, reason: plan.reason };
  if (plan.action !== "pass") {
    said.key = plan.poolKey;
  }
  if (plan.destination !== undefined) {
    said.destination = plan.destination;
  }
  return JSON.stringify(said).slice(1, -1);
}
