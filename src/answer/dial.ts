/**
 * Answers `dial`: a caller holds the lock of a shard that has no master, so one is made. It decides on no retry (src/master/retry.ts)
 * and prints nothing but what ssh says.
 */
import type { DialOutcome } from "../master/dial.ts";
import type { MasterSpec } from "../master/spec.ts";
import type { SharedPlan } from "../plan/plan.ts";
import type { Channel, Reply, Request } from "./channel.ts";
import { writeDebug } from "./debug.ts";
import { recallDial } from "./recall.ts";

/** Ends the process with a reply. */
export async function answerDial(request: Request, channel: Channel): Promise<void> {
  const stored = recallDial(request);
  if (stored !== undefined && channel.lock(`key/${stored.pool.key}/${request.shard}`, 1, 0) !== "busy") {
    writeDebug("dial: as the ticket was judged");
    return dial(request, stored, channel);
  }
  // Loaded while the real ssh is asked what it would do.
  const [plan] = await Promise.all([planCall(request), import("../master/dial.ts")]);
  if (plan.action === "pass" || channel.lock(`key/${plan.master.pool.key}/${request.shard}`, 1, 0) === "busy") {
    // What was judged has changed since the front read it: here is the new judgement.
    const { publishTicket } = await import("./publish-ticket.ts");
    publishTicket(request, plan, channel);
    return channel.finish("again");
  }
  if (!plan.placement.canDial && request.shard > 0) {
    // One more connection beside a master that this caller may use but could not make: without the key that it does not name it would be refused.
    return channel.finish("pass");
  }
  await dialAndFinish(request, plan, channel);
}

/** Makes the master of the shard that was asked for, and says what the front is to do. What it took to judge it is kept for the next one. */
export async function dialAndFinish(request: Request, plan: SharedPlan, channel: Channel): Promise<void> {
  await dial(request, plan.master, channel, async () => {
    const { keepDial } = await import("./keep.ts");
    keepDial(request, plan);
  });
}

async function dial(request: Request, spec: MasterSpec, channel: Channel, keep?: () => Promise<void>): Promise<void> {
  const { dialMaster, duringHandshake } = await import("../master/dial.ts");
  const outcome = await dialMaster(spec, request.shard, channel, async () => {
    await duringHandshake(spec, request.run);
    // Whatever goes wrong here must not end this process before the dial.
    await keep?.().catch(writeDebug);
  });
  writeDebug(`dial: ${outcome.state}`);
  channel.finish(replyTo(outcome));
}

async function planCall(request: Request) {
  const { makePlan } = await import("../plan/plan.ts");
  return makePlan(request);
}

/** What a dial means for the front. */
export function replyTo(outcome: DialOutcome): Reply {
  switch (outcome.state) {
    case "made":
    case "live":
      return "again";
    case "failed":
      return `exit ${outcome.exitCode}`;
    case "pass":
      return "pass";
  }
}
