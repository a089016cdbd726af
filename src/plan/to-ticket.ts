/** Turns a plan into the ticket that says it. */
import { journalPathFor } from "../journal/journal.ts";
import { recallLimit } from "../master/session-limit.ts";
import { argumentOf } from "../openssh/argv/parse.ts";
import { destinationOf, optionOf } from "../openssh/ssh-g.ts";
import { limits } from "../protocol/contract.ts";
import type { Target, Ticket } from "../protocol/ticket.ts";
import { connectTimeoutOf } from "./action.ts";
import type { Plan, SharedPlan } from "./plan.ts";

/** The ticket of a call. */
export function ticketOf(plan: Plan, callId: string): Ticket {
  const { run, settings, dependencies } = plan.inputs;
  const path = journalPathFor(run, settings);
  const target = plan.action === "pass" ? undefined : targetOf(plan);
  const tooMany =
    target !== undefined && (target.session.sendEnv.length > limits.variables || target.session.setEnv.length > limits.variables);
  return {
    callId,
    forThisCallOnly: plan.cache.rule === "never" || dependencies.length > limits.dependencies,
    dependencies,
    action: tooMany ? "pass" : plan.action,
    reason: tooMany ? "too-many-variables" : plan.reason,
    journal: path === undefined ? undefined : { path, limit: settings.journal_size, fragment: fragmentOf(plan) },
    socketOption: plan.action === "pass" ? plan.socketOption : undefined,
    target: tooMany ? undefined : target,
  };
}

function targetOf({ inputs, session, placement, master }: SharedPlan): Target {
  const { idle, max_age, max_sessions } = inputs.settings;
  const { pool, accept, shards, atCallerPath, canDial } = placement;
  const { persist } = master;
  const word = argumentOf(inputs.parsed, "O");
  return {
    poolKey: pool.key,
    poolDir: pool.dir,
    socket: pool.socket,
    accept,
    shards,
    // What the server refused before holds for masters that are still to be made.
    limit: recallLimit(pool.dir) ?? max_sessions,
    // Who could not make the master anew never finds it too old: whoever made it will.
    persist: !canDial ? 0 : idle === undefined ? persist : persist === 0 ? idle : Math.min(idle, persist),
    maxAge: canDial ? max_age : 0,
    connectTimeout: connectTimeoutOf(master.resolved, inputs.settings),
    session,
    // mux.c says it so of a shared connection, clientloop.c of one's own.
    closing: `${atCallerPath ? "Shared connection" : "Connection"} to ${optionOf(master.resolved, "hostname") ?? master.host} closed.`,
    control: word === undefined ? undefined : word === "check" ? "check" : "other",
  };
}

/** What the front's line in the journal says besides its own fields (docs/interface.md). */
function fragmentOf(plan: Plan): string {
  const fields: Record<string, string> = { lane: plan.action, reason: plan.reason };
  if (plan.action !== "pass") {
    fields.key = plan.master.pool.key;
  }
  if (plan.inputs.resolved !== undefined) {
    fields.destination = destinationOf(plan.inputs.resolved);
  }
  return JSON.stringify(fields).slice(1, -1);
}
