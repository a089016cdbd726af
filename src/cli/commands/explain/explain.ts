/** `sshim explain`: what would happen to a call, by the code that decides it. */
import { UserError } from "../../../fault.ts";
import type { SharedPlan } from "../../../plan/plan.ts";
import type { Context } from "../../command.ts";
import type { Explanation } from "../../interface.ts";
import { explainCall } from "./explanation.ts";
import { formatExplanation } from "./text.ts";

export async function run(context: Context): Promise<number> {
  const explanation = await explainCall(context);
  context.out.show("explain", explanation, () => formatExplanation(explanation, context.out));
  return isRefused(explanation) ? 1 : 0;
}

function isRefused({ lane, reason }: Explanation): boolean {
  return lane === "pass" && (reason === "usage" || reason === "refused" || reason === "no-destination");
}

/** The plan of a call that is shared. Throws where the real ssh does it all. */
export async function planShared(context: Context): Promise<SharedPlan> {
  const { planCall } = await import("./call.ts");
  const { plan } = await planCall(context);
  if (plan.action !== "attach" && plan.action !== "establish") {
    throw new UserError("cannot", `cannot make a shared connection: these arguments are not shared: ${plan.why} (rule ${plan.reason})`);
  }
  return plan;
}
