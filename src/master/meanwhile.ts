/** What a dial does while ssh waits for the server, so that it costs the caller nothing. Nothing that the dial itself needs is done here alone. */
import { journalEvent } from "../journal/journal.ts";
import type { MasterPlan } from "./spec.ts";
import { isSweepDue } from "./sweep-due.ts";

/**
 * Gets ready what the record and the journal need, and sweeps where that is due.
 * @param run the runtime directory
 */
export async function workMeanwhile(plan: MasterPlan, run: string): Promise<void> {
  void plan.claims;
  if (!isSweepDue(run)) return;
  const { sweep } = await import("./sweep.ts");
  const swept = sweep(run);
  if (swept.tickets + swept.keys + swept.logs > 0) journalEvent(run, { event: "sweep", ...swept }, plan.settings);
}
