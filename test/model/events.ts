/** What happens by itself: ssh on its way to become a master, masters that leave, time, and the faults that a scenario allows. */
import type { Mutation } from "./caller.ts";
import { end } from "./caller.ts";
import { type Caller, clientsOf, copyWorld, KILLED, type Master, NONE, type World } from "./world.ts";

/** All worlds after one such event. */
export function events(world: World, mutation: Mutation): World[] {
  return [...masterEvents(world), ...faults(world, mutation)];
}

function masterEvents(world: World): World[] {
  const after: World[] = [];
  world.masters.forEach(({ life, dialler }, number) => {
    const change = (act: (next: World, master: Master) => void) => {
      const next = copyWorld(world);
      act(next, next.masters[number] as Master);
      after.push(next);
    };
    const underway = life === "dialling" || life === "linked" || life === "mute-dialling";
    if (life === "dialling") {
      // muxserver_listen: link(2) into place, or "already exists, disabling multiplexing".
      change((next, master) => {
        master.life = next.path === NONE ? "linked" : "mute-dialling";
        if (next.path === NONE) next.path = number;
      });
      if (dialler >= 0 && world.left.fail > 0)
        change((next, master) => {
          next.left.fail--;
          master.life = "dead";
          (next.callers[dialler] as Caller).place = "dial-failed";
        });
    } else if (underway) {
      // daemon(3): the parent ends with 0, and the child outlives whoever started it.
      change((next, master) => {
        master.life = life === "linked" ? "live" : "mute";
        master.dialler = NONE;
        if (dialler >= 0) (next.callers[dialler] as Caller).place = "dial-accept";
      });
    } else if (life === "stopped" && clientsOf(world, number) === 0) {
      change((_, master) => {
        master.life = "dead";
      });
    }
    if (underway && dialler === KILLED)
      // SIGTERM without a handler, so its socket stays where it is.
      change((_, master) => {
        master.life = "dead";
        master.dialler = NONE;
      });
  });
  return after;
}

function faults(world: World, mutation: Mutation): World[] {
  const after: World[] = [];
  const change = (act: (next: World) => void) => {
    const next = copyWorld(world);
    act(next);
    after.push(next);
  };
  if (world.left.kill > 0) {
    world.callers.forEach(({ place }, who) => {
      if (place !== "ended") change((next) => kill(next, who, mutation));
    });
    world.masters.forEach(({ life }, number) => {
      if (["live", "mute", "stopped", "wedged"].includes(life))
        change((next) => {
          next.left.kill--;
          Object.assign(next.masters[number] as Master, { life: "dead", crashed: true });
        });
    });
  }
  if (world.left.stop > 0)
    world.masters.forEach(({ life }, number) => {
      if (life === "live" || life === "stopped")
        change((next) => {
          next.left.stop--;
          (next.masters[number] as Master).life = "wedged";
        });
    });
  if (world.left.age > 0 && world.masters.some(({ life }) => life === "live"))
    change((next) => {
      next.left.age--;
      for (const master of next.masters) master.old ||= master.life === "live";
    });
  if (world.left.rotate > 0)
    change((next) => {
      next.left.rotate--;
      next.identity++;
    });
  return after;
}

/** SIGKILL of a front: its control plane goes with it (PDEATHSIG), the ssh of a dial a moment later. */
function kill(world: World, who: number, mutation: Mutation): void {
  const me = world.callers[who] as Caller;
  world.left.kill--;
  for (const master of world.masters) if (master.dialler === who) master.dialler = KILLED;
  // OpenSSH's own: a master whose client goes while its channel is being opened dies when the server answers (mux_session_confirm).
  const master = world.masters[me.target];
  if (me.place === "asked" && master !== undefined && master.life !== "dead") Object.assign(master, { life: "dead", crashed: true });
  const held = world.keyLock === who && mutation === "keeps the lock when it dies";
  end(world, who, "killed");
  if (held) world.keyLock = who;
}
