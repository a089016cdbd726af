/**
 * The life of a key as a state machine, explored in every interleaving: the steps are the front's and the control plane's, what follows a failure is
 * decided by the real table (src/master/retry.ts). At the end of every way: no command started twice, no session cut but by a crash of its own master,
 * no lock held, no master that nobody can reach, and every caller ended.
 *
 * Taken for granted, because the kernel or OpenSSH does it: a process's locks and sockets go with it; the ssh of a killed dialler gets its signal before
 * the next control plane has started; a master dies when its client is killed while a session is being opened (mux_session_confirm).
 */
import { describe, expect, it } from "vitest";
import type { Mutation } from "./caller.ts";
import { explore } from "./explore.ts";
import { small } from "./scenarios.ts";
import type { Scenario } from "./world.ts";

describe("every interleaving of", () => {
  for (const [name, [scenario, states]] of Object.entries(small))
    it(`${name} (${states} states)`, () => {
      const explored = explore(scenario);
      expect(explored.broken).toBeUndefined();
      expect(explored.states).toBe(states);
      expect(explored.ends).toBeGreaterThan(0);
    });
});

describe("the invariants notice a front or a control plane that", () => {
  const two: Scenario = { callers: 2, exit: false, shared: false, warm: true, faults: {} };
  const caught: [Mutation, Scenario, string][] = [
    ["retries a request that was sent", { ...two, faults: { kill: 1 } }, "a command was started twice"],
    ["skips the generation check", { ...two, shared: true, faults: { rotate: 1 } }, "a session on a master of another character"],
    ["unlinks a refused socket without the lock", { ...two, faults: { kill: 1 } }, "a master lives that nobody can reach"],
    ["dials without the lock", { ...two, faults: { age: 1 } }, "a master lives that nobody can reach"],
    ["dials without looking", { ...two, faults: { kill: 1 } }, "a master lives that nobody can reach"],
    ["ends an unreachable master with its clients", { ...two, faults: { stop: 1 } }, "a session was cut by our own hand"],
    ["keeps the lock when it dies", { ...two, warm: false, faults: { kill: 1 } }, "a caller never ends: await"],
    ["drains by ending", { ...two, faults: { age: 1 } }, "a session was cut without a crash of its master"],
  ];
  it.each(caught)("%s", (mutation, scenario, invariant) => {
    expect(explore(scenario).broken).toBeUndefined();
    const { broken } = explore(scenario, mutation);
    expect(broken?.invariant).toBe(invariant);
    // The shortest way there, step by step.
    expect(broken?.way.length).toBeGreaterThan(5);
  });
});
