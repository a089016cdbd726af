/**
 * Answers `heal`: something failed at a stage of the way to a master, or on it. What is done about it says src/master/retry.ts; this does it.
 */
import type { ControlEvent } from "../journal/events.ts";
import { leaveRecord, quarantine } from "../master/control-path.ts";
import { retireShard, type Shard, shardOf } from "../master/drain.ts";
import { countSessions, readRecord } from "../master/record.ts";
import { decide, type Verdict } from "../master/retry.ts";
import { makePlan, type Plan, type SharedPlan } from "../plan/plan.ts";
import { writeAll } from "../sys/files.ts";
import { CALLER_STDERR } from "../sys/terminal.ts";
import { encodeLatin1 } from "../sys/text.ts";
import type { Channel, Request } from "./channel.ts";
import { writeDebug } from "./debug.ts";
import { dialAndFinish } from "./dial.ts";
import { publishTicket } from "./publish-ticket.ts";

/** Ends the process with a reply. */
export async function answerHeal(request: Request, channel: Channel): Promise<void> {
  const { decision, verdict } = decide(request.stage, request.failure, request.attempt);
  writeDebug(`${request.stage} ${request.failure}: ${decision} (${verdict})`);
  if (decision === "pass") {
    return channel.finish("pass");
  }
  const plan = await makePlan(request);
  if (decision === "lost") {
    return answerLoss(request, plan, verdict, channel);
  }
  if (plan.action === "pass" || channel.lock(`key/${plan.master.pool.key}/${request.shard}`, 1, 0) === "busy") {
    publishTicket(request, plan, channel);
    return channel.finish("again");
  }
  const shard = shardOf(plan.master.pool, request.shard);
  switch (decision) {
    case "dial":
      return dialAndFinish(request, plan, channel);
    case "replace":
      await journalFor(plan, { ...about(request, plan, shard), event: "quarantine", reason: "wedged" });
      quarantine(shard.socket, shard.record);
      return dialAndFinish(request, plan, channel);
    case "retire":
      await retire(request, plan, shard, request.failure === "idle" ? "idle" : "age");
      return dialAndFinish(request, plan, channel);
    case "overflow":
      return overflow(request, plan, shard, channel);
    case "judge":
      return planAnew(request, plan, shard, channel);
  }
}

/** 255, and what the real ssh would have said when its connection was lost. */
async function answerLoss(request: Request, plan: Plan, verdict: Verdict, channel: Channel): Promise<void> {
  if (plan.action === "pass") {
    return channel.finish("exit 255");
  }
  const { explainLoss } = await import("../master/postmortem.ts");
  const shard = shardOf(plan.master.pool, request.shard);
  const loss = await explainLoss(shard, plan.master.pool.dir, /^\d{1,9}$/.test(request.detail ?? "") ? Number(request.detail) : 0);
  if (loss.words !== "") writeAll(CALLER_STDERR, encodeLatin1(loss.words));
  const { pid, evidence } = loss;
  await journalFor(plan, {
    ...about(request, plan, shard),
    event: "heal",
    outcome: "exit",
    verdict,
    evidence,
    ...(pid > 0 ? { pid } : {}),
  });
  channel.finish("exit 255");
}

async function retire(request: Request, plan: SharedPlan, shard: Shard, reason: "age" | "idle" | "identity"): Promise<void> {
  const pid = readRecord(shard.record)?.pid;
  const sessions = countSessions(shard.record);
  const retired = await retireShard(shard, reason);
  writeDebug(`retire: ${retired}`);
  if (retired !== "retired" && retired !== "wedged") return;
  await journalFor(plan, { ...about(request, plan, shard), event: "retire", reason, outcome: retired, sessions, ...(pid ? { pid } : {}) });
}

/** The server refused one more session: the front reads the new limit in the record and goes to the next shard. */
async function overflow(request: Request, plan: SharedPlan, shard: Shard, channel: Channel): Promise<void> {
  if (request.detail !== "Session open refused by peer") {
    return channel.finish("pass");
  }
  const { learnLimit } = await import("../master/session-limit.ts");
  const learned = await learnLimit(plan.master.pool.dir, shard.record, request.attempt);
  const outcome = learned.outcome === "closed" ? "pass" : "again";
  // The limit is in the ticket too: who waits for a master that is not there yet counts by it.
  if (learned.outcome === "learned") publishTicket(request, plan, channel);
  const evidence = learned.outcome === "learned" ? `the server allows ${learned.limit}` : learned.outcome;
  await journalFor(plan, { ...about(request, plan, shard), event: "heal", outcome, verdict: "not started", reason: "overflow", evidence });
  channel.finish(outcome);
}

/**
 * A master of another connection key than the caller may use, or without a record that speaks of it. By now the plan has seen the record: it says
 * whether this caller may use it after all. A master that was made with a key file that is no more is made anew.
 */
async function planAnew(request: Request, plan: SharedPlan, shard: Shard, channel: Channel): Promise<void> {
  const record = readRecord(shard.record);
  if (record === undefined && shard.socket.startsWith(`${plan.master.pool.dir}/`)) {
    // Only we make masters there. Whose connection it is says the folder's name, unless that stands for a caller's path.
    if (plan.master.pool.key !== plan.master.connectionKey) await retire(request, plan, shard, "identity");
    return dialAndFinish(request, plan, channel);
  }
  if (
    record !== undefined &&
    (plan.reason === "rotated" || plan.master.pool.key === plan.master.connectionKey) &&
    !plan.placement.accept.includes(record.connectionKey)
  ) {
    await retire(request, plan, shard, "identity");
    return dialAndFinish(request, plan, channel);
  }
  if (record !== undefined && (await isOfAnother(record.pid, shard.socket))) {
    // Somebody else's master took the path: the record is of the one before.
    leaveRecord(shard.record, false);
    publishTicket(request, await makePlan(request), channel);
  } else {
    publishTicket(request, plan, channel);
  }
  channel.finish("again");
}

async function isOfAnother(pid: number, socket: string): Promise<boolean> {
  const { askAlive } = await import("../openssh/mux/client.ts");
  const asked = await askAlive(socket);
  return asked.ok && asked.reply.type === "alive" && asked.reply.pid !== pid;
}

function about(request: Request, plan: SharedPlan, shard: Shard): Omit<ControlEvent, "event"> {
  const { stage, failure, attempt } = request;
  return {
    destination: plan.master.destination,
    key: plan.master.pool.key,
    shard: shard.number,
    attempts: attempt,
    ...(stage === undefined ? {} : { stage }),
    ...(failure === undefined ? {} : { failure }),
  };
}

async function journalFor(plan: SharedPlan, event: ControlEvent): Promise<void> {
  const { journalEvent } = await import("../journal/journal.ts");
  journalEvent(plan.master.run, event, plan.master.settings);
}
