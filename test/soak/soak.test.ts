/**
 * The soak's short form: some seconds through the real ssh, to see that the judge sees, then the whole through the shim. Not both at once: a real ssh
 * that dials for every call would take the processor from the other. The long form is `npm run soak`.
 */
import { expect, test } from "vitest";
import { countAvoidable, judge } from "../../bench/soak/judge.ts";
import { type Event, makePlan, makeShortPlan } from "../../bench/soak/plan.ts";
import { play } from "../../bench/soak/play.ts";
import "../support/index.ts"; // its tear-down

const plan = makeShortPlan(7);

test("a plan is the same each time it is drawn from the same seed", () => {
  expect(makePlan({ seconds: 16, seed: 7 })).toEqual(makePlan({ seconds: 16, seed: 7 }));
  expect(makePlan({ seconds: 16, seed: 7 })).not.toEqual(makePlan({ seconds: 16, seed: 8 }));
});

test("the real ssh cuts commands when the connection is refreshed under them, and the ledger shows it", async () => {
  const events: Event[] = [
    { at: 0, kind: "refresh", host: 0, form: "old" },
    ...["a", "b", "c"].map((id): Event => ({ at: 4000, kind: "command", host: 0, id, seconds: 4 })),
    { at: 6000, kind: "refresh", host: 0, form: "old" },
  ];
  const verdict = judge(await play({ seed: 0, seconds: 6, hosts: 1, serverAlive: 1, events }, "raw", 10), 8000);
  expect(countAvoidable(verdict)).toBeGreaterThan(0);
  expect(verdict.examples.join("\n")).toMatch(/code 255, started 1/);
});

test("deployments, health checks and refreshes while masters are killed and networks cut: the shim fails nobody but whom the fault itself cut", async () => {
  const shim = judge(await play(plan, "sshim", 20), 8000);
  const { commands, healthChecks, startedTwice, lost, hung, examples } = shim;
  expect({ commands, healthChecks }).toEqual({
    commands: plan.events.filter(({ kind }) => kind === "command").length,
    healthChecks: plan.events.filter(({ kind }) => kind === "health").length,
  });
  expect({ startedTwice, lost, hung }, examples.join("\n")).toEqual({ startedTwice: [], lost: [], hung: [] });
  expect(countAvoidable(shim), examples.join("\n")).toBe(0);
  expect(shim.left, "connections that nobody can reach any more").toBe(0);
});
