/** Judging a call in a test: the real ssh through the built front, a clean environment, nothing of the account's own configuration. */
import { utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Call, makePlan, type Plan, type SharedPlan } from "../../src/plan/plan.ts";
import { homeDirectory, realProgram, runDirectory, shimProgram, systemPath, temporary } from "../support/index.ts";

export interface PlanOptions {
  env?: Record<string, string | undefined>;
  /** whether the caller gave a command (default: yes) */
  command?: boolean;
  run?: string;
}

/** What makePlan says of these words. Without -F among them, no configuration is read. */
export function planOf(words: readonly string[], { env = {}, command = true, run = runDirectory() }: PlanOptions = {}): Promise<Plan> {
  const call: Call = {
    clientPath: shimProgram,
    argv0: "ssh",
    real: realProgram,
    run,
    command,
    words: words.includes("-F") ? words : ["-F", "none", ...words],
  };
  return makePlan(call, { PATH: systemPath, HOME: homeDirectory(), ...env });
}

/** The same, for calls that are to be shared. */
export async function sharedPlanOf(words: readonly string[], judging?: PlanOptions): Promise<SharedPlan> {
  const plan = await planOf(words, judging);
  if (plan.action === "pass") throw new Error(`passed: ${plan.reason} (${plan.why})`);
  return plan;
}

/** A shared plan in one level, to be compared in one go. */
export function flatten(plan: SharedPlan) {
  const { action, reason, session, placement, master } = plan;
  return { ...master, ...placement, ...placement.pool, action, reason, session };
}

/** Writes a file whose date is an hour old, so that nothing is too young to rest on; every call gives it another date. */
export function writeOld(path: string, text: string): string {
  writeFileSync(path, text, { mode: 0o600 });
  const date = Date.now() / 1000 - 3600 - ++writes + 0.123;
  utimesSync(path, date, date);
  return path;
}
let writes = 0;

/** A new key file in a directory of its own; sshim never looks into it. */
export function makeKey(name = "id"): string {
  return writeOld(join(temporary(), name), `a key ${writes}\n`);
}
