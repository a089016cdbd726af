/**
 * The soak's short form: the same plan through the real ssh and through the shim at the same time, on servers of their own.
 * The long form is `npm run soak`.
 */
import { expect, test } from "vitest";
import { countAvoidable, judge } from "../../bench/soak/judge.ts";
import { makePlan, makeShortPlan } from "../../bench/soak/plan.ts";
import { play } from "../../bench/soak/play.ts";
import "../support/index.ts"; // its tear-down

const plan = makeShortPlan(7);

test("a plan is the same each time it is drawn from the same seed", () => {
  expect(makePlan({ seconds: 16, seed: 7 })).toEqual(makePlan({ seconds: 16, seed: 7 }));
  expect(makePlan({ seconds: 16, seed: 7 })).not.toEqual(makePlan({ seconds: 16, seed: 8 }));
});

test("deployments, health checks and refreshes while masters are killed and networks cut: the shim fails nobody but whom the fault itself cut", async () => {
  const [raw, shim] = (await Promise.all([play(plan, "raw", 20), play(plan, "sshim", 20)])).map((played) => judge(played, 8000));
  expect(countAvoidable(raw as NonNullable<typeof raw>), "the same plan does harm callers of the real ssh").toBeGreaterThan(0);
  const { commands, healthChecks, startedTwice, lost, hung, examples } = shim as NonNullable<typeof shim>;
  expect({ commands, healthChecks }).toEqual({
    commands: plan.events.filter(({ kind }) => kind === "command").length,
    healthChecks: plan.events.filter(({ kind }) => kind === "health").length,
  });
  expect({ startedTwice, lost, hung }, examples.join("\n")).toEqual({ startedTwice: [], lost: [], hung: [] });
  expect(countAvoidable(shim as NonNullable<typeof shim>), examples.join("\n")).toBe(0);
  expect(shim?.left, "connections that nobody can reach any more").toBe(0);
}, 120_000);
