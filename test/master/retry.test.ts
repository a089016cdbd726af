/** The one table of retries, pair by pair: written out here once more by hand, from docs/protocol.md and the promise of "at most once". */
import { describe, expect, test } from "vitest";
import { type Decision, decide, decideDial } from "../../src/master/retry.ts";
import { breakKinds, limits, type Stage, stages } from "../../src/protocol/contract.ts";

const NEVER_SENT: Record<string, Decision> = {
  none: "dial",
  refused: "dial",
  foreign: "pass",
  error: "pass",
  eof: "dial",
  timeout: "replace",
  nonsense: "replace",
  denied: "pass",
  failure: "pass",
  character: "judge",
  expired: "retire",
  idle: "retire",
  damaged: "dial",
  full: "pass",
};

const expected: Record<Stage, Record<string, Decision>> = {
  record: { ...NEVER_SENT, eof: "pass", timeout: "pass", nonsense: "pass" },
  connect: { ...NEVER_SENT, nonsense: "pass" },
  hello: NEVER_SENT,
  alive: NEVER_SENT,
  session: { ...Object.fromEntries(breakKinds.map((failure) => [failure, "lost"])), failure: "overflow", denied: "pass" } as Record<
    string,
    Decision
  >,
  opened: Object.fromEntries(breakKinds.map((failure) => [failure, "lost"])) as Record<string, Decision>,
};

const pairs = stages.flatMap((stage) => breakKinds.map((failure) => ({ stage, failure })));

describe("what happens after a failure", () => {
  test.each(pairs)("at $stage by $failure", ({ stage, failure }) => {
    expect(decide(stage, failure, 0).decision).toBe(expected[stage][failure]);
  });
});

describe("at most once", () => {
  const again: readonly Decision[] = ["dial", "replace", "overflow", "retire", "judge", "pass"];
  test.each(pairs)("nothing is started again that may have been started: $stage, $failure", ({ stage, failure }) => {
    const { decision, verdict } = decide(stage, failure, 0);
    if (again.includes(decision)) expect(verdict).toBe("not started");
    else expect(verdict).not.toBe("not started");
  });
  test("a request that was sent and not answered is unknown, an opened one started, a refused one not", () => {
    expect(decide("session", "eof", 0)).toEqual({ decision: "lost", verdict: "unknown" });
    expect(decide("opened", "eof", 0)).toEqual({ decision: "lost", verdict: "started" });
    expect(decide("session", "failure", 0).verdict).toBe("not started");
  });
  test.each(pairs)("nobody comes back for ever: $stage, $failure", ({ stage, failure }) => {
    expect(["pass", "lost"]).toContain(decide(stage, failure, limits.heals).decision);
  });
  test("nobody dials for ever", () => {
    for (const { stage, failure } of pairs) expect(["pass", "lost", "overflow"]).toContain(decide(stage, failure, limits.dials).decision);
  });
  test("words that are none of ours lead to the front's own caution", () => {
    expect(decide(undefined, undefined, 0)).toEqual({ decision: "pass", verdict: "unknown" });
    expect(decide("opened", "gone", 0)).toEqual({ decision: "pass", verdict: "started" });
    expect(decide("constructor", "toString", 0).decision).toBe("pass");
  });
});

describe("a failed dial", () => {
  test("is repeated only where ssh's own words prove it harmless, as often as is set, while there is time", () => {
    expect(decideDial("transient", 0, 1, 10)).toBe("again");
    expect(decideDial("transient", 1, 1, 10)).toBe("give up");
    expect(decideDial("transient", 0, 0, 10)).toBe("give up");
    expect(decideDial("transient", 0, 1, 0)).toBe("give up");
  });
  test.each(["final", "unknown", "taken"] as const)("is never repeated when it is %s", (failure) => {
    expect(decideDial(failure, 0, 5, 100)).toBe("give up");
  });
  test("on a file system without hard links is the real ssh's", () => expect(decideDial("unlinkable", 0, 5, 100)).toBe("pass"));
});
