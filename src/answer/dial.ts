/**
 * Answers `dial`: a caller holds the lock of a shard that has no master, so one is made. It decides on no retry (src/master/retry.ts)
 * and prints nothing but what ssh says.
 */
import type { DialOutcome } from "../master/dial.ts";
import { makePlan, type SharedPlan } from "../plan/plan.ts";
import { sayDebug } from "./debug.ts";
import { handOver } from "./hand-over.ts";
import type { Asking, Front } from "./line.ts";

/** Ends the process by the front's last line. */
export async function answerDial(asking: Asking, front: Front): Promise<void> {
  // Loaded while the real ssh is asked what it would do.
  const [plan] = await Promise.all([makePlan(asking), import("../master/dial.ts")]);
  if (plan.lane === "pass" || front.lock(`key/${plan.key}/${asking.shard}`, 1, 0) === "busy") {
    // What was judged has changed since the front read it: here is the new judgement.
    handOver(asking, plan, front);
    return front.finish("again");
  }
  if (plan.guest && asking.shard > 0) {
    // One more connection beside a master that this caller may use but could not make: without the key that it does not name it would be refused.
    return front.finish("pass");
  }
  await dialAndFinish(asking, plan, front);
}

/** Makes the master of the shard that was asked for, and says what the front is to do. */
export async function dialAndFinish(asking: Asking, plan: SharedPlan, front: Front): Promise<void> {
  const { dialMaster } = await import("../master/dial.ts");
  const outcome = await dialMaster(plan, asking.shard, front, asking.run);
  sayDebug(`dial: ${outcome.state}`);
  front.finish(verdictOf(outcome));
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
