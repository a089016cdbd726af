// What happens when, drawn from a seed before anything runs: the same seed gives the same commands, refreshes and faults at the same moments.

export type Event =
  | { at: number; kind: "command"; host: number; id: string; seconds: number }
  | { at: number; kind: "health"; host: number; id: string }
  | { at: number; kind: "refresh"; host: number; form: "old" | "new" }
  /** SIGKILL for one master of this host; `which` in 0…1 chooses among them */
  | { at: number; kind: "kill"; host: number; which: number }
  /** nothing is forwarded for so many seconds; connections that were open stay dead for ever */
  | { at: number; kind: "cut"; host: number; seconds: number };

export interface Plan {
  seed: number;
  seconds: number;
  hosts: number;
  /** the callers' ServerAliveInterval; three of these and a dead connection is noticed */
  serverAlive: number;
  events: Event[];
}

export interface PlanOptions {
  seed?: number;
  seconds: number;
  hosts?: number;
  serverAlive?: number;
  /** how long the long commands are, in seconds */
  long?: number;
  /** mean seconds between two kills, and between two cuts, over all hosts */
  killEvery?: number;
  cutEvery?: number;
}

/** For the tests: everything at least once in a quarter of a minute. */
export function makeShortPlan(seed: number): Plan {
  return makePlan({ seconds: 16, hosts: 2, serverAlive: 2, long: 6, killEvery: 4, cutEvery: 8, seed });
}

/** Times in milliseconds from the start, ascending. */
export function makePlan(options: PlanOptions): Plan {
  const { seed = 1, seconds, hosts = 3, serverAlive = 20, long = 20, killEvery = 8, cutEvery = 40 } = options;
  const random = makeRandom(seed);
  const events: Event[] = [];
  for (let host = 0; host < hosts; host++) {
    for (let second = 0; second < seconds; second++) {
      const at = Math.round((second + random()) * 1000);
      const dice = random();
      const length = dice < 0.06 ? long : dice < 0.3 ? 0.5 + random() * 2.5 : 0;
      events.push({ at, kind: "command", host, id: `c${host}.${second}`, seconds: Math.round(length * 10) / 10 });
    }
    for (let second = 1; second < seconds; second++) {
      events.push({ at: Math.round((second + host / hosts) * 1000), kind: "refresh", host, form: second % 2 === 0 ? "new" : "old" });
    }
  }
  for (let tenth = 0; tenth < seconds * 10; tenth++) events.push({ at: tenth * 100, kind: "health", host: tenth % hosts, id: `h${tenth}` });
  const somewhere = () => Math.floor(random() * hosts);
  for (let at = pause(killEvery, random); at < seconds - 2; at += pause(killEvery, random)) {
    events.push({ at: Math.round(at * 1000), kind: "kill", host: somewhere(), which: random() });
  }
  for (let at = pause(cutEvery, random); at < seconds - 4; at += pause(cutEvery, random)) {
    events.push({ at: Math.round(at * 1000), kind: "cut", host: somewhere(), seconds: Math.round(1 + random() * 4) });
  }
  return { seed, seconds, hosts, serverAlive, events: events.sort((a, b) => a.at - b.at) };
}

/** Half of the mean at the least, one and a half at the most. */
function pause(mean: number, random: () => number): number {
  return mean * (0.5 + random());
}

/** mulberry32: small, good enough, the same everywhere. */
function makeRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
