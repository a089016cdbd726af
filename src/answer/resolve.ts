/**
 * Answers `resolve`: judges the call, writes the ticket, and makes the master too where there is none, since the next request would be
 * just that. A setting, a directory or a disk that is not as it should be stops nothing: the ticket that goes over the channel is enough.
 */
import { makePlan, type SharedPlan } from "../plan/plan.ts";
import { readIdentity } from "../protocol/dependencies.ts";
import type { Channel, Request } from "./channel.ts";
import { writeDebug } from "./debug.ts";
import { publishTicket } from "./publish-ticket.ts";

/** Ends the process with a reply. */
export async function answerResolve(request: Request, channel: Channel): Promise<void> {
  const plan = await makePlan(request);
  writeDebug(`${plan.action}: ${plan.reason} (${plan.why})`);
  const first = plan.action === "pass" || plan.action === "control" ? undefined : takeFirstDial(plan, channel);
  // Stored before the lock of the call id is free: whoever waits for it looks for the file then.
  publishTicket(request, plan, channel);
  if (first !== undefined) {
    // Whoever has the same call id can follow the ticket now, and wait for the master instead.
    channel.unlock(`ticket/${request.ticket}`);
    const { dialAndFinish } = await import("./dial.ts");
    await dialAndFinish(request, first, channel);
  }
  channel.finish("again");
}

/**
 * The plan, where the first master is ours to make: there is none, and nobody is about to (else the front waits for that one's success or
 * failure by itself). Taken before the ticket is there: whoever reads that would ask for the same dial.
 */
function takeFirstDial(plan: SharedPlan, channel: Channel): SharedPlan | undefined {
  return !isThere(plan.master.pool.socket) && channel.lock(`key/${plan.master.pool.key}/0`, 1, 0) !== "busy" ? plan : undefined;
}

function isThere(path: string): boolean {
  const found = readIdentity(path);
  return found !== undefined && found !== "unknown";
}
