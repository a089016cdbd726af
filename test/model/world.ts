/**
 * The world of the model: one key with one shard, its files, locks and masters, and the callers on their way. It holds state and nothing else;
 * what happens in it is caller.ts (src/front), control.ts (src/answer, src/master) and events.ts (masters, faults).
 */

/** Where a caller is: the next atomic step of the real program. `dial-…`, `heal-…` are steps of its control plane, under the key's lock. */
export const places = [
  ...["ticket", "resolve", "store-ticket"],
  ...["open-record", "read-record", "connect", "greet", "check", "send", "asked", "started", "session"],
  ...["unlink", "come-closer", "await", "queue"],
  ...["dial-look", "dial-unlink", "dial-leave", "dial-launch", "dial-wait", "dial-accept", "dial-failed"],
  ...["heal-retire", "heal-note", "heal-replace", "heal-judge", "heal-leave"],
  ...["exit-look", "exit-stop", "exit-read", "exit-note"],
  "ended",
] as const;
export type Place = (typeof places)[number];

/** Life of a master. linked = its socket lies at the path, but it does not serve yet; mute = authenticated, without a listener. */
export const lives = ["dialling", "linked", "mute-dialling", "live", "mute", "stopped", "wedged", "dead"] as const;
export type Life = (typeof lives)[number];

/** How a call ends. */
export type Result = "served" | "passed" | "lost" | "failed" | "killed" | "done";

export const NONE = -1;
/** The dialler of a master whose dialler was killed: the signal of its death is on the way. */
export const KILLED = -2;

export interface Caller {
  place: Place;
  standing: 0 | 1 | 2;
  /** the record file that is open, and with it the slot */
  inode: number;
  /** the master that the record spoke of when it was read */
  read: number;
  /** the master at the other end of the control socket */
  target: number;
  /** the character that the ticket accepts, and whether a master without a record will do */
  accepts: number;
  guest: boolean;
  attempts: number;
  /** failed dials that were there before it waited */
  seen: number;
  /** the master that its control plane is making */
  dialled: number;
  starts: number;
  /** how often the dial was tried */
  dials: number;
}

export interface Master {
  life: Life;
  dialler: number;
  connectionKey: number;
  old: boolean;
  /** it died of a fault of the scenario, not of anything of ours */
  crashed: boolean;
}

export interface World {
  keyLock: number;
  ticketLock: number;
  /** the character that the stored ticket accepts */
  ticket: number;
  ticketGuest: boolean;
  /** what a plan made now finds: changes when the identity file does */
  identity: number;
  folder: boolean;
  /** the master whose socket lies at the path */
  path: number;
  /** the record file at its place, and of each file the master it speaks of */
  record: number;
  inodes: number[];
  failures: number;
  masters: Master[];
  callers: Caller[];
  /** the last of them is `-O exit` */
  exit: boolean;
  left: Faults;
  /** what must never be: set by the step that does it */
  wrong: string;
}

/** How many of each may still happen. */
export interface Faults {
  /** SIGKILL of a caller, of the holder of a lock, or of a master */
  kill: number;
  /** SIGSTOP of a master */
  stop: number;
  /** max_age passes */
  age: number;
  /** the identity file changes */
  rotate: number;
  /** a dial fails */
  fail: number;
}

export interface Scenario {
  callers: number;
  exit: boolean;
  /** a caller's own ControlPath, where others may make masters too; else a path in our own folder */
  shared: boolean;
  warm: boolean;
  faults: Partial<Faults>;
}

/** The world before anybody came. */
export function makeWorld(scenario: Scenario): World {
  const warm = scenario.warm;
  return {
    ...{ keyLock: NONE, ticketLock: NONE, ticket: warm ? 1 : NONE, ticketGuest: false, identity: 1, folder: warm },
    ...{ path: warm ? 0 : NONE, record: warm ? 0 : NONE, inodes: warm ? [0] : [], failures: 0 },
    masters: warm ? [{ life: "live", dialler: NONE, connectionKey: 1, old: false, crashed: false }] : [],
    callers: [...Array.from({ length: scenario.callers }, () => makeCaller("ticket")), ...(scenario.exit ? [makeCaller("exit-look")] : [])],
    exit: scenario.exit,
    left: { kill: 0, stop: 0, age: 0, rotate: 0, fail: 0, ...scenario.faults },
    wrong: "",
  };
}

export function makeCaller(place: Place): Caller {
  return {
    ...{ place, standing: 0, inode: NONE, read: NONE, target: NONE, accepts: 1, guest: false, attempts: 0, seen: 0, dialled: NONE },
    ...{ starts: 0, dials: 0 },
  };
}

export function copyWorld(world: World): World {
  const copy = Object.assign({}, world);
  copy.inodes = world.inodes.slice();
  copy.masters = world.masters.map(copyOne);
  copy.callers = world.callers.map(copyOne);
  copy.left = Object.assign({}, world.left);
  return copy;
}

const copyOne = <T extends object>(one: T): T => Object.assign({}, one);

/** Forgets what nobody can see any more, and numbers the rest anew: so that two worlds that cannot be told apart are one. Changes `world`. */
export function tidy(world: World): World {
  sortCallers(world);
  const files: number[] = [];
  const masters: number[] = [];
  const file = (old: number): number => place(files, old);
  const master = (old: number): number => place(masters, old);
  world.path = master(world.path);
  world.record = file(world.record);
  for (const caller of world.callers) {
    caller.inode = file(caller.inode);
    caller.target = master(caller.target);
    caller.dialled = master(caller.dialled);
    if (!REMEMBER.has(caller.place)) caller.read = NONE;
    caller.read = master(caller.read);
    caller.seen = WAITING.has(caller.place) || caller.standing === 1 ? Number(caller.seen !== world.failures) : 0;
  }
  // Seen or not: what counts is whether another failure came.
  for (const caller of world.callers) caller.seen = -caller.seen;
  world.failures = 0;
  world.inodes = files.map((old) => world.inodes[old] as number).map(master);
  for (const [old, { life }] of world.masters.entries()) if (life !== "dead") master(old);
  world.masters = masters.map((old) => world.masters[old] as Master);
  return world;
}

const REMEMBER: ReadonlySet<Place> = new Set(["connect", "greet", "check", "exit-note"]);
const WAITING: ReadonlySet<Place> = new Set(["await", "queue", "come-closer"]);

/** Callers that want the same are one like the other: which of them is where does not matter. */
function sortCallers(world: World): void {
  const weigh = (caller: Caller): number =>
    (PLACES.get(caller.place) as number) * 10_000 +
    caller.attempts * 1000 +
    caller.standing * 100 +
    (caller.inode + 1) * 10 +
    caller.target +
    1;
  const weights = world.callers.map(weigh);
  const last = world.callers.length - (world.exit ? 1 : 0);
  let sorted = true;
  for (let at = 1; at < last; at++) sorted &&= (weights[at - 1] as number) <= (weights[at] as number);
  if (sorted) return;
  const order = Array.from(world.callers.keys());
  const front = order.slice(0, last).sort((one, other) => (weights[one] as number) - (weights[other] as number));
  order.splice(0, last, ...front);
  const moved = (old: number): number => (old < 0 ? old : order.indexOf(old));
  world.callers = order.map((old) => world.callers[old] as Caller);
  world.keyLock = moved(world.keyLock);
  world.ticketLock = moved(world.ticketLock);
  for (const master of world.masters) master.dialler = moved(master.dialler);
}

function place(kept: number[], old: number): number {
  if (old === NONE) return NONE;
  const at = kept.indexOf(old);
  return at >= 0 ? at : kept.push(old) - 1;
}

/** One string a state. */
export function keyOf(world: World): string {
  const { left } = world;
  const numbers = [
    ...[world.keyLock, world.ticketLock, world.ticket * 2 + Number(world.ticketGuest), world.identity, world.path],
    ...[
      world.record * 2 + Number(world.folder),
      left.kill * 8 + left.stop,
      left.age * 8 + left.rotate * 4 + left.fail,
      world.inodes.length,
    ],
    ...world.inodes,
  ];
  for (const { life, dialler, connectionKey, old, crashed } of world.masters)
    numbers.push(lives.indexOf(life) * 4 + Number(old) * 2 + Number(crashed), dialler, connectionKey);
  for (const caller of world.callers) {
    numbers.push(PLACES.get(caller.place) as number, caller.standing, caller.inode, caller.read, caller.target, caller.attempts);
    numbers.push(caller.accepts * 2 + Number(caller.guest), caller.seen, caller.dialled, caller.starts * 8 + caller.dials);
  }
  return String.fromCharCode.apply(undefined, numbers.map(shift));
}

const shift = (number: number): number => number + 40;
const PLACES = new Map(places.map((place, index) => [place, index]));

/** Callers with a control socket to this master: what /proc shows of it. */
export const clientsOf = (world: World, master: number): number => world.callers.filter(({ target }) => target === master).length;

/** Callers whose command this master may have started. */
export const sessionsOf = (world: World, master: number): number =>
  world.callers.filter(({ target, place }) => target === master && ["asked", "started", "session"].includes(place)).length;

export const isDead = (world: World, master: number): boolean => world.masters[master]?.life === "dead";
export const lifeOf = (world: World, master: number): Life | undefined => world.masters[master]?.life;
export const contentOf = (world: World): number => (world.record === NONE ? NONE : (world.inodes[world.record] as number));
