/**
 * Answers `dial`: a caller holds the lock of a shard that has no master, so one is made. It decides on no retry (src/master/retry.ts)
 * and prints nothing but what ssh says.
 */
import type { DialOutcome } from "../master/dial.ts";
import type { MasterSpec } from "../master/spec.ts";
import type { SharedPlan } from "../plan/plan.ts";
import type { Asking, Front } from "./channel.ts";
import { writeDebug } from "./debug.ts";
import { recallDial } from "./recall.ts";

/** Ends the process by the front's last line. */
export async function answerDial(asking: Asking, front: Front): Promise<void> {
  const stored = recallDial(asking);
  if (stored !== undefined && front.lock(`key/${stored.pool.key}/${asking.shard}`, 1, 0) !== "busy") {
    writeDebug("dial: as the ticket was judged");
    return dial(asking, stored, front);
  }
  // Loaded while the real ssh is asked what it would do.
  const [plan] = await Promise.all([planCall(asking), import("../master/dial.ts")]);
  if (plan.action === "pass" || front.lock(`key/${plan.master.pool.key}/${asking.shard}`, 1, 0) === "busy") {
    // What was judged has changed since the front read it: here is the new judgement.
    const { handOver } = await import("./publish-ticket.ts");
    handOver(asking, plan, front);
    return front.finish("again");
  }
  if (!plan.placement.canDial && asking.shard > 0) {
    // One more connection beside a master that this caller may use but could not make: without the key that it does not name it would be refused.
    return front.finish("pass");
  }
  await dialAndFinish(asking, plan, front);
}

/** Makes the master of the shard that was asked for, and says what the front is to do. What it took to judge it is kept for the next one. */
export async function dialAndFinish(asking: Asking, plan: SharedPlan, front: Front): Promise<void> {
  await dial(asking, plan.master, front, async () => {
    const { keepDial } = await import("./keep.ts");
    keepDial(asking, plan);
  });
}

async function dial(asking: Asking, spec: MasterSpec, front: Front, keep?: () => Promise<void>): Promise<void> {
  const { dialMaster, duringHandshake } = await import("../master/dial.ts");
  const outcome = await dialMaster(spec, asking.shard, front, async () => {
    await duringHandshake(spec, asking.run);
    // Whatever goes wrong here must not end this process before the dial.
    await keep?.().catch(writeDebug);
  });
  writeDebug(`dial: ${outcome.state}`);
  front.finish(verdictOf(outcome));
}

async function planCall(asking: Asking) {
  const { makePlan } = await import("../plan/plan.ts");
  return makePlan(asking);
}

/** What a dial means for the front. */
export function verdictOf(outcome: DialOutcome): "again" | "pass" | `exit ${number}` {
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
