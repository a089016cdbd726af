/** The front's steps (src/front/main.c, connect.c, attach.c, session.c), one atomic step at a time. It never looks at more than that step does. */
import { decide } from "../../src/master/retry.ts";
import { controlStep } from "./control.ts";
import { type Caller, copyWorld, isDead, lifeOf, makeCaller, NONE, type Result, type World } from "./world.ts";

/** ATTEMPTS_MAX of connect.c. */
const ATTEMPTS = 12;

/** What a step of the model does otherwise than the real one, to see that the invariants notice. */
export type Mutation =
  | "none"
  | "retries a request that was sent"
  | "skips the generation check"
  | "unlinks a refused socket without the lock"
  | "dials without the lock"
  | "dials without looking"
  | "ends an unreachable master with its clients"
  | "keeps the lock when it dies"
  | "drains by ending";

/** All worlds after one step of caller `who`; none where it waits or has ended. */
export function callerStep(world: World, who: number, shared: boolean, mutation: Mutation): World[] {
  const { place } = world.callers[who] as Caller;
  const waits = world.keyLock !== NONE && (place === "await" || place === "queue");
  if (place === "ended" || place === "dial-wait" || waits) return [];
  const next = copyWorld(world);
  const me = next.callers[who] as Caller;
  switch (place) {
    case "ticket":
      return takeTicket(next, me, who);
    case "open-record":
      return openRecord(next, me, who, mutation);
    case "read-record":
      return readRecord(next, me, who, mutation);
    case "connect":
      return connect(next, me, who, mutation);
    case "greet":
      return greet(next, me, who, mutation);
    case "check":
      return checkGeneration(next, me, who, mutation);
    case "send":
      return send(next, me);
    case "asked":
      if (isDead(next, me.target)) return lose(next, me, who, mutation, "session/eof");
      if (lifeOf(next, me.target) === "wedged") return [];
      me.starts++;
      return go(next, me, "started");
    case "started":
      if (isDead(next, me.target)) return lose(next, me, who, mutation, "session/eof");
      return lifeOf(next, me.target) === "wedged" ? [] : go(next, me, "session");
    case "session":
      if (isDead(next, me.target)) return lose(next, me, who, mutation, "opened/eof");
      return lifeOf(next, me.target) === "wedged" ? [] : end(next, who, "served");
    case "unlink":
      // The look and the unlink are two system calls: whatever lies there by now goes.
      next.path = NONE;
      return fail(next, me, who, mutation, "connect/none");
    case "come-closer":
      return comeCloser(next, me, who);
    case "await":
      if (next.failures !== me.seen) return end(next, who, "failed");
      me.standing = 1;
      return go(next, me, "open-record");
    case "queue":
      if (next.failures !== me.seen) return end(next, who, "failed");
      next.keyLock = who;
      me.standing = 2;
      return go(next, me, "open-record");
    default:
      return controlStep(next, who, shared, mutation);
  }
}

/** Moves on. */
export function go(world: World, caller: Caller, place: Caller["place"]): World[] {
  caller.place = place;
  return [world];
}

/** Ends the process: the kernel frees what it held. */
export function end(world: World, who: number, result: Result): World[] {
  const me = world.callers[who] as Caller;
  if (result === "passed" && ++me.starts > 1) world.wrong = "a command was started twice";
  if (world.keyLock === who) world.keyLock = NONE;
  if (world.ticketLock === who) world.ticketLock = NONE;
  world.callers[who] = makeCaller("ended");
  return [world];
}

function takeTicket(world: World, me: Caller, who: number): World[] {
  if (world.ticket === world.identity) {
    if (world.ticketLock === who) world.ticketLock = NONE;
    me.accepts = world.ticket;
    me.guest = world.ticketGuest;
    return go(world, me, "open-record");
  }
  if (world.ticketLock === who) return go(world, me, "resolve");
  if (world.ticketLock !== NONE) return [];
  world.ticketLock = who;
  return [world];
}

function openRecord(world: World, me: Caller, who: number, mutation: Mutation): World[] {
  if (me.attempts >= ATTEMPTS) return end(world, who, "passed");
  if (me.inode !== NONE && me.inode !== world.record) me.inode = NONE;
  if (me.inode === NONE) {
    if (!world.folder) return fail(world, me, who, mutation, "record/none");
    if (world.record === NONE) world.record = world.inodes.push(NONE) - 1;
    me.inode = world.record;
  }
  return go(world, me, "read-record");
}

function readRecord(world: World, me: Caller, who: number, mutation: Mutation): World[] {
  me.read = world.inodes[me.inode] as number;
  const master = world.masters[me.read];
  if (master !== undefined && master.connectionKey !== me.accepts) return fail(world, me, who, mutation, "record/character");
  if (master?.old) return fail(world, me, who, mutation, "record/expired");
  return go(world, me, "connect");
}

function connect(world: World, me: Caller, who: number, mutation: Mutation): World[] {
  if (world.path === NONE) return fail(world, me, who, mutation, "connect/none");
  if (isDead(world, world.path)) {
    if (mutation === "unlinks a refused socket without the lock") return go(world, me, "unlink");
    return fail(world, me, who, mutation, "connect/refused");
  }
  me.target = world.path;
  return go(world, me, "greet");
}

function greet(world: World, me: Caller, who: number, mutation: Mutation): World[] {
  switch (lifeOf(world, me.target)) {
    case "live":
      return go(world, me, "check");
    case "linked":
      return [];
    case "wedged":
      return fail(world, me, who, mutation, "hello/timeout");
    case "stopped": {
      // Accepted before it stopped listening, or still in its backlog.
      const served = copyWorld(world);
      (served.callers[who] as Caller).place = "check";
      return [served, ...fail(world, me, who, mutation, "hello/eof")];
    }
    default:
      return fail(world, me, who, mutation, "hello/eof");
  }
}

function checkGeneration(world: World, me: Caller, who: number, mutation: Mutation): World[] {
  const known = me.read === me.target;
  if (mutation !== "skips the generation check" && ((!known && !me.guest) || me.inode !== world.record))
    return fail(world, me, who, mutation, "record/character");
  if (world.keyLock === who) world.keyLock = NONE;
  me.standing = 0;
  return go(world, me, "send");
}

function send(world: World, me: Caller): World[] {
  if (isDead(world, me.target)) {
    me.target = me.inode = NONE;
    return go(world, me, "open-record");
  }
  const master = world.masters[me.target];
  if (master !== undefined && master.connectionKey !== me.accepts && !me.guest) world.wrong = "a session on a master of another character";
  // What led here is of no more account.
  Object.assign(me, { inode: NONE, attempts: 0, accepts: 1, guest: false });
  return go(world, me, "asked");
}

function lose(world: World, me: Caller, who: number, mutation: Mutation, fault: string): World[] {
  if (!world.masters[me.target]?.crashed) world.wrong = "a session was cut without a crash of its master";
  const [stage, failure] = fault.split("/") as [string, string];
  if (decide(stage, failure, me.attempts).decision === "lost" && mutation !== "retries a request that was sent")
    return end(world, who, "lost");
  me.target = NONE;
  me.attempts++;
  return go(world, me, "open-record");
}

/** attach() after reach_master said no: with the lock held the control plane is asked, else one step towards the lock. */
function fail(world: World, me: Caller, who: number, mutation: Mutation, fault: string): World[] {
  me.target = NONE;
  if (me.standing !== 2 && mutation !== "dials without the lock") {
    if (me.standing === 0) me.seen = world.failures;
    return go(world, me, "come-closer");
  }
  if (["connect/none", "connect/refused", "record/none"].includes(fault)) return go(world, me, "dial-look");
  const [stage, failure] = fault.split("/") as [string, string];
  switch (decide(stage, failure, me.attempts).decision) {
    case "dial":
      return go(world, me, "dial-look");
    case "replace":
      return go(world, me, "heal-replace");
    case "retire":
      return go(world, me, "heal-retire");
    case "judge":
      return go(world, me, "heal-judge");
    case "pass":
      return end(world, who, "passed");
    default:
      throw new Error(`no such way in the model: ${fault}`);
  }
}

function comeCloser(world: World, me: Caller, who: number): World[] {
  if (world.keyLock === NONE) {
    world.keyLock = who;
    me.standing = 2;
    return go(world, me, "open-record");
  }
  return go(world, me, me.standing === 0 ? "await" : "queue");
}
