/** The scenarios that are explored: the small ones in every test run, the wide ones by `npm run model`. */
import type { Scenario } from "./world.ts";

const scenario = (callers: number, rest: Partial<Scenario>): Scenario => ({
  ...{ callers, exit: false, shared: false, warm: false, faults: {} },
  ...rest,
});

/** By name, each with the number of its states: another number means that the model or the table of decisions has changed. */
export const small: Record<string, [Scenario, number]> = {
  "two callers, cold": [scenario(2, {}), 346],
  "three callers, cold, dials that fail, one crash": [scenario(3, { faults: { fail: 2, kill: 1 } }), 152631],
  "three callers, cold, one crash": [scenario(3, { faults: { kill: 1 } }), 53044],
  "two callers on a caller's ControlPath, cold, one crash": [scenario(2, { shared: true, faults: { kill: 1 } }), 2374],
  "three callers, one rotation by age": [scenario(3, { warm: true, faults: { age: 1 } }), 15895],
  "two callers, one -O exit, one stopped master": [scenario(2, { exit: true, warm: true, faults: { stop: 1 } }), 53672],
  "two callers on a caller's ControlPath, a rotation by age, one by identity, one crash": [
    scenario(2, { shared: true, warm: true, faults: { age: 1, rotate: 1, kill: 1 } }),
    183074,
  ],
  "one caller, one -O exit, one rotation by age, one crash, one stopped master": [
    scenario(1, { exit: true, warm: true, faults: { age: 1, kill: 1, stop: 1 } }),
    21842,
  ],
  "two callers, one -O exit, one crash and one rotation": [scenario(2, { exit: true, warm: true, faults: { age: 1, kill: 1 } }), 619843],
};

/** The wide ones, a minute or more each. */
export const wide: Record<string, Scenario> = {
  "two callers, cold, one -O exit, one crash and one rotation": scenario(2, { exit: true, faults: { age: 1, kill: 1 } }),
  "two callers on a caller's ControlPath, one -O exit, one crash and one rotation by identity": scenario(2, {
    ...{ exit: true, shared: true, warm: true, faults: { rotate: 1, kill: 1 } },
  }),
  "three callers, one crash and one rotation": scenario(3, { warm: true, faults: { age: 1, kill: 1 } }),
  "two callers, one -O exit, one stopped master and one crash": scenario(2, { exit: true, warm: true, faults: { stop: 1, kill: 1 } }),
};
