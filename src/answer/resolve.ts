/**
 * Answers `resolve`: judges the call, writes the ticket, and makes the master too where there is none, since the next question would be
 * just that. A setting, a directory or a disk that is not as it should be stops nothing: the ticket that goes over the line is enough.
 */
import { makePlan, type SharedPlan } from "../plan/plan.ts";
import { composeQuestion } from "../protocol/call-id.ts";
import { readIdentity } from "../protocol/dependencies.ts";
import { hashName } from "../protocol/paths.ts";
import { environment } from "../sys/environment.ts";
import type { Asking, Front } from "./channel.ts";
import { writeDebug } from "./debug.ts";
import { handOver } from "./publish-ticket.ts";

/** Ends the process by the front's last line. */
export async function answerResolve(asking: Asking, front: Front): Promise<void> {
  const question = composeQuestion(environment(), asking.command, asking.words);
  if (hashName(question) !== asking.ticket) {
    // A variable of ours that is not UTF-8: its question cannot be written here.
    return front.finish("pass");
  }
  const plan = await makePlan(asking);
  writeDebug(`${plan.action}: ${plan.reason} (${plan.why})`);
  const first = plan.action === "pass" || plan.action === "control" ? undefined : takeFirstDial(plan, front);
  // Stored before the lock of the question is free: whoever waits for it looks for the file then.
  handOver(asking, plan, front, question);
  if (first !== undefined) {
    // Whoever has the same question can follow the ticket now, and wait for the master instead.
    front.unlock(`ticket/${asking.ticket}`);
    const { dialAndFinish } = await import("./dial.ts");
    await dialAndFinish(asking, first, front);
  }
  front.finish("again");
}

/**
 * The plan, where the first master is ours to make: there is none, and nobody is about to (else the front waits for that one's success or
 * failure by itself). Taken before the ticket is there: whoever reads that would ask for the same dial.
 */
function takeFirstDial(plan: SharedPlan, front: Front): SharedPlan | undefined {
  return !isThere(plan.master.pool.socket) && front.lock(`key/${plan.master.pool.key}/0`, 1, 0) !== "busy" ? plan : undefined;
}

function isThere(path: string): boolean {
  const found = readIdentity(path);
  return found !== undefined && found !== "unknown";
}
