/** Goes through every interleaving of a scenario, breadth first, each state once, and says what is wrong with the first one that breaks an invariant. */
import { callerStep, type Mutation } from "./caller.ts";
import { events } from "./events.ts";
import { keyOf, makeWorld, NONE, type Scenario, tidy, type World } from "./world.ts";

export interface Explored {
  states: number;
  /** states in which nothing can happen any more */
  ends: number;
  /** undefined where every invariant holds; else what broke, and the shortest way there */
  broken?: { invariant: string; way: string[] };
}

/** Explores it all. Throws when there are more states than `most`. */
export function explore(scenario: Scenario, mutation: Mutation = "none", most = 3_000_000): Explored {
  const first = makeWorld(scenario);
  const numbers = new Map([[keyOf(first), 0]]);
  const cameFrom: number[] = [NONE];
  const before: number[][] = [[]];
  const ends: number[] = [];
  let wave: [number, World][] = [[0, first]];
  const broken = (invariant: string, at: number, last?: World): Explored => ({
    states: numbers.size,
    ends: ends.length,
    broken: { invariant, way: last === undefined ? [] : retrace(scenario, mutation, cameFrom, at, last) },
  });
  while (wave.length > 0) {
    const next: [number, World][] = [];
    for (const [number, world] of wave) {
      const after = allSteps(world, scenario, mutation);
      let isEnd = true;
      for (const one of after) {
        if (one.wrong !== "") return broken(one.wrong, number, one);
        if (one.callers.some(({ starts }) => starts > 1)) return broken("a command was started twice", number, one);
        const key = keyOf(one);
        let found = numbers.get(key);
        if (found === undefined) {
          found = numbers.size;
          numbers.set(key, found);
          cameFrom.push(number);
          before.push([]);
          next.push([found, one]);
        }
        (before[found] as number[]).push(number);
        // Faults may always still come, or not: an end is where nothing but them could happen.
        if (!isFault(world, one)) isEnd = false;
      }
      if (isEnd) {
        const wrong = checkEnd(world);
        if (wrong !== undefined) return broken(wrong, number, world);
        ends.push(number);
      }
    }
    if (numbers.size > most) throw new Error(`more than ${most} states`);
    wave = next;
  }
  const ending = canReach(ends, before);
  return ending < numbers.size ? broken("a caller goes round for ever", 0) : { states: numbers.size, ends: ends.length };
}

function allSteps(world: World, scenario: Scenario, mutation: Mutation): World[] {
  const after = world.callers.flatMap((_, who) => callerStep(world, who, scenario.shared, mutation));
  after.push(...events(world, mutation));
  return after.map(tidy);
}

function isFault(world: World, next: World): boolean {
  return (["kill", "stop", "age", "rotate"] as const).some((fault) => next.left[fault] < world.left[fault]);
}

/** What has to hold when nothing moves any more. */
function checkEnd(world: World): string | undefined {
  for (const { place, target } of world.callers) {
    const waitsForStopped = world.masters[target]?.life === "wedged";
    if (place !== "ended" && !waitsForStopped) return `a caller never ends: ${place}`;
  }
  if (world.keyLock !== NONE || world.ticketLock !== NONE) return "a lock is still held";
  for (const [number, { life }] of world.masters.entries()) {
    if (life === "mute" || (life === "live" && world.path !== number)) return "a master lives that nobody can reach";
    if (life === "stopped") return "a retired master does not leave";
  }
  return undefined;
}

/** How many states lead to an end. */
function canReach(ends: readonly number[], before: readonly number[][]): number {
  const reached = new Set(ends);
  const open = [...ends];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const from of before[at] as number[]) {
      if (reached.has(from)) continue;
      reached.add(from);
      open.push(from);
    }
  }
  return reached.size;
}

/** The way to a state, as the places of the callers and the lives of the masters, one line a step. */
function retrace(scenario: Scenario, mutation: Mutation, cameFrom: readonly number[], at: number, last: World): string[] {
  const numbers: number[] = [];
  for (let number = at; number !== NONE; number = cameFrom[number] as number) numbers.unshift(number);
  const way = [last];
  // The worlds themselves were not kept: they are made once more, along the way.
  let world = makeWorld(scenario);
  const lines = [describe(world)];
  const keys = keysOf(scenario, mutation, new Set(numbers));
  for (const number of numbers.slice(1)) {
    const wanted = keys.get(number);
    const after = allSteps(world, scenario, mutation);
    const found = after.find((one) => keyOf(one) === wanted);
    if (found === undefined) break;
    world = found;
    lines.push(describe(world));
  }
  return [...lines, ...way.map(describe)];
}

/** The keys of some states, by their numbers: the exploration once more, up to the last of them. */
function keysOf(scenario: Scenario, mutation: Mutation, wanted: ReadonlySet<number>): Map<number, string> {
  const last = Math.max(...wanted);
  const first = makeWorld(scenario);
  const numbers = new Map([[keyOf(first), 0]]);
  const keys = new Map([[0, keyOf(first)]]);
  for (let wave = [first]; wave.length > 0 && numbers.size <= last; ) {
    const next: World[] = [];
    for (const world of wave)
      for (const one of allSteps(world, scenario, mutation)) {
        const key = keyOf(one);
        if (numbers.has(key)) continue;
        if (wanted.has(numbers.size)) keys.set(numbers.size, key);
        numbers.set(key, numbers.size);
        next.push(one);
      }
    wave = next;
  }
  return keys;
}

function describe(world: World): string {
  const callers = world.callers.map(
    ({ place, standing, starts }) => `${place}${standing === 2 ? "+lock" : ""}${starts ? `*${starts}` : ""}`,
  );
  const masters = world.masters.map(({ life, old, connectionKey }, number) => `${number}:${life}${old ? "/old" : ""}/${connectionKey}`);
  return `${callers.join(" ")} | path ${world.path} record ${world.record === NONE ? "-" : world.inodes[world.record]} lock ${world.keyLock} | ${masters.join(" ")}`;
}
