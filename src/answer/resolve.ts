/**
 * Answers `resolve`: judges the call, writes the ticket, and makes the master too where there is none, since the next question would be
 * just that. A setting, a directory or a disk that is not as it should be stops nothing: the ticket that goes over the line is enough.
 */
import { makePlan, type SharedPlan } from "../plan/plan.ts";
import { readFacts } from "../resolve/facts.ts";
import { hashName } from "../state/paths.ts";
import { composeQuestion } from "../ticket/question.ts";
import { sayDebug } from "./debug.ts";
import { handOver } from "./hand-over.ts";
import type { Asking, Front } from "./line.ts";

/** Ends the process by the front's last line. */
export async function answerResolve(asking: Asking, front: Front): Promise<void> {
  const question = composeQuestion(process.env, asking.command, asking.words);
  if (hashName(question) !== asking.ticket) {
    // A variable of ours that is not UTF-8: its question cannot be written here.
    return front.finish("pass");
  }
  const plan = await makePlan(asking);
  sayDebug(`${plan.lane}: ${plan.reason} (${plan.why})`);
  // Stored before anything else: whoever waits for this question looks for the file as soon as the lock is free.
  handOver(asking, plan, front, question);
  if ((plan.lane === "attach" || plan.lane === "establish") && !isThere(plan.socket)) {
    await dialFirst(asking, plan, front);
  }
  front.finish("again");
}

/** Makes the first master at once, unless somebody is about to: then the front waits for that one's success or failure by itself. */
async function dialFirst(asking: Asking, plan: SharedPlan, front: Front): Promise<void> {
  if (front.lock(`key/${plan.key}/0`, 1, 0) === "busy") {
    return;
  }
  // Whoever has the same question can follow the ticket now, and wait for the master instead.
  front.unlock(`ticket/${asking.ticket}`);
  const { dialAndFinish } = await import("./dial.ts");
  await dialAndFinish(asking, plan, front);
}

function isThere(path: string): boolean {
  const found = readFacts(path);
  return found !== undefined && found !== "unknown";
}
