/**
 * The control plane's steps: src/answer/{resolve,dial,heal,control}.ts and src/master/{dial,path,drain}.ts, one atomic step at a time. What to do
 * after a failure is never decided here but by src/master/retry.ts.
 */
import { decideDial } from "../../src/master/retry.ts";
import { end, go, type Mutation } from "./caller.ts";
import {
  type Caller,
  clientsOf,
  contentOf,
  copyWorld,
  isDead,
  KILLED,
  lifeOf,
  type Master,
  NONE,
  sessionsOf,
  type World,
} from "./world.ts";

/** All worlds after one step of the control plane of caller `who`, or of `-O exit`. */
export function controlStep(world: World, who: number, shared: boolean, mutation: Mutation): World[] {
  const me = world.callers[who] as Caller;
  switch (me.place) {
    case "resolve":
      // takeFirstDial: the path is looked at, and the lock taken, before the ticket is there.
      me.guest = isGuest(world, shared);
      me.accepts = world.identity;
      if (world.path === NONE && world.keyLock === NONE) world.keyLock = who;
      return go(world, me, "store-ticket");
    case "store-ticket":
      world.ticket = me.accepts;
      world.ticketGuest = me.guest;
      world.ticketLock = NONE;
      return go(world, me, world.keyLock === who ? "dial-look" : "open-record");
    case "dial-look":
      return look(world, me, who, shared, mutation);
    case "dial-unlink":
      world.path = NONE;
      return go(world, me, "dial-leave");
    case "dial-leave":
      leaveRecord(world, mutation);
      return go(world, me, "dial-launch");
    case "dial-launch":
      me.dialled = world.masters.push({ life: "dialling", dialler: who, connectionKey: world.identity, old: false, crashed: false }) - 1;
      return go(world, me, "dial-wait");
    case "dial-accept":
      return accept(world, me, who, shared);
    case "dial-failed":
      if (decideDial("transient", me.dials, 1, 30) === "again") {
        me.dials++;
        return go(world, me, "dial-launch");
      }
      world.failures++;
      return end(world, who, "failed");
    case "heal-retire":
      return retire(world, me, "heal-note", "dial-look", mutation);
    case "heal-note":
      if (contentOf(world) !== NONE) world.record = NONE;
      return go(world, me, "dial-look");
    case "heal-replace":
      quarantine(world, mutation);
      return go(world, me, "dial-look");
    case "heal-judge":
      return planAnew(world, me, who, shared);
    case "heal-leave":
      leaveRecord(world, mutation);
      return handOver(world, me, who, shared);
    default:
      return exitStep(world, me, who, mutation);
  }
}

/** plan/place.ts: a master at a caller's path without a record of ours is somebody else's, and may be used. */
const isGuest = (world: World, shared: boolean): boolean => shared && world.path !== NONE && contentOf(world) === NONE;

function again(world: World, me: Caller, who: number): World[] {
  if (world.keyLock === who) world.keyLock = NONE;
  me.standing = 0;
  me.attempts++;
  me.dialled = NONE;
  me.dials = 0;
  return go(world, me, "open-record");
}

function handOver(world: World, me: Caller, who: number, shared: boolean): World[] {
  me.accepts = world.identity;
  me.guest = isGuest(world, shared);
  world.ticket = me.accepts;
  world.ticketGuest = me.guest;
  return again(world, me, who);
}

/** clearPath. */
function look(world: World, me: Caller, who: number, shared: boolean, mutation: Mutation): World[] {
  // The ssh of a killed dialler gets its signal within a moment; a control plane takes several until it is here.
  if (world.masters.some(({ dialler }) => dialler === KILLED)) return [];
  world.folder = true;
  if (mutation === "dials without looking") return go(world, me, "dial-launch");
  switch (world.path === NONE ? undefined : lifeOf(world, world.path)) {
    case undefined:
      return go(world, me, "dial-leave");
    case "dead":
      return go(world, me, "dial-unlink");
    case "linked":
      return [];
    case "wedged":
      quarantine(world, mutation);
      return go(world, me, "dial-leave");
    default:
      adopt(world, shared, mutation);
      return again(world, me, who);
  }
}

function adopt(world: World, shared: boolean, mutation: Mutation): void {
  if (contentOf(world) === world.path) return;
  if (contentOf(world) !== NONE) leaveRecord(world, mutation);
  if (!shared) writeRecord(world, world.path);
  else if (world.record !== NONE) world.inodes[world.record] = NONE;
}

function writeRecord(world: World, master: number): void {
  if (world.record === NONE) world.record = world.inodes.push(master) - 1;
  else world.inodes[world.record] = master;
}

/** path.ts leaveRecord: kept under its pid while its master lives and has clients, else cleared. */
function leaveRecord(world: World, mutation: Mutation): void {
  const master = contentOf(world);
  if (master === NONE) return;
  if (!isDead(world, master) && clientsOf(world, master) > 0 && mutation !== "ends an unreachable master with its clients") {
    world.record = NONE;
    return;
  }
  if (!isDead(world, master)) endAtOnce(world, master);
  world.inodes[world.record] = NONE;
}

function quarantine(world: World, mutation: Mutation): void {
  world.path = NONE;
  leaveRecord(world, mutation);
}

function endAtOnce(world: World, master: number): void {
  if (sessionsOf(world, master) > 0) world.wrong = "a session was cut by our own hand";
  (world.masters[master] as Master).life = "dead";
}

/** acceptMaster. */
function accept(world: World, me: Caller, who: number, shared: boolean): World[] {
  const life = lifeOf(world, me.dialled);
  if (life === "dead" || (shared && life === "mute")) {
    if (life === "mute") endAtOnce(world, me.dialled);
    return again(world, me, who);
  }
  writeRecord(world, me.dialled);
  return again(world, me, who);
}

/** retireShard: MUX_C_STOP_LISTENING, which takes the path away by itself. */
function retire(world: World, me: Caller, retired: Caller["place"], none: Caller["place"], mutation: Mutation): World[] {
  const master = world.masters[world.path];
  switch (master?.life) {
    case "live":
      if (mutation === "drains by ending") master.life = "dead";
      else master.life = "stopped";
      world.path = NONE;
      return go(world, me, retired);
    case "linked":
      return [];
    case "wedged":
      quarantine(world, mutation);
      return go(world, me, none);
    default:
      leaveRecord(world, mutation);
      return go(world, me, none);
  }
}

/** judgeAnew. */
function planAnew(world: World, me: Caller, who: number, shared: boolean): World[] {
  const master = contentOf(world);
  if (master === NONE) return shared ? handOver(world, me, who, shared) : go(world, me, "dial-look");
  if (world.masters[master]?.connectionKey !== world.identity) return go(world, me, "heal-retire");
  const answers = world.path !== NONE && lifeOf(world, world.path) === "live";
  return answers && world.path !== master ? go(world, me, "heal-leave") : handOver(world, me, who, shared);
}

/** answer/control.ts: the lock is waited for, but not for long; without it the master is asked all the same. */
function exitStep(world: World, me: Caller, who: number, mutation: Mutation): World[] {
  switch (me.place) {
    case "exit-look": {
      if (world.path === NONE) return end(world, who, "done");
      const impatient = world.keyLock !== NONE ? [copyWorld(world)] : [];
      for (const other of impatient) (other.callers[who] as Caller).place = "exit-stop";
      if (world.keyLock !== NONE) return impatient;
      world.keyLock = who;
      return go(world, me, "exit-stop");
    }
    case "exit-stop":
      if (world.path === NONE || isDead(world, world.path)) {
        leaveRecord(world, mutation);
        return end(world, who, "done");
      }
      return retire(world, me, "exit-read", "exit-note", mutation);
    case "exit-read":
      me.read = contentOf(world);
      return go(world, me, "exit-note");
    default:
      if (me.read !== NONE) {
        writeRecord(world, me.read);
        world.record = NONE;
      }
      return end(world, who, "done");
  }
}
