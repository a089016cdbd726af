/** Masters that are not as they should be. --fix never ends one with a session. */
import { isSame, quarantine } from "../../../master/control-path.ts";
import { countClients } from "../../../master/proc.ts";
import { clearRecord, countSessions, readRecord } from "../../../master/record.ts";
import { sweep } from "../../../master/sweep.ts";
import { remove } from "../../../sys/files.ts";
import { endAtOnce } from "../../../sys/processes.ts";
import type { Finding, Master } from "../../interface.ts";
import { holdLock } from "../../lock.ts";
import { listMasters } from "../../masters/list.ts";
import { inspectRun } from "../../place.ts";
import { countOf } from "../../units.ts";
import { type DoctorContext, fixed, good, note, problem } from "./finding.ts";

export async function* checkMasters(doctor: DoctorContext): AsyncGenerator<Finding> {
  if (inspectRun(doctor.run, doctor.context.uid) !== undefined) return;
  const masters = await listMasters(doctor.context);
  const wrong = masters.filter(({ state }) => state !== "live" && state !== "draining");
  for (const master of wrong) yield await inspectMaster(doctor, master);
  const { tickets, keys, logs } = doctor.fix ? sweep(doctor.run) : { tickets: 0, keys: 0, logs: 0 };
  const swept = tickets + keys + logs > 0;
  if (swept) yield fixed("swept", `swept: ${tickets} tickets, ${keys} empty folders, ${logs} logs that nobody needs`);
  if (wrong.length === 0 && !swept) yield good("masters", `${countOf(masters.length, "master")}, none wedged, orphaned or stale`);
}

async function inspectMaster(doctor: DoctorContext, master: Master): Promise<Finding> {
  const { state, sessions } = master;
  const name = `${master.destination ?? master.socket ?? master.key} (shard ${master.shard}, pid ${master.pid})`;
  if (doctor.fix && master.owner !== "foreign" && (await clearAway(doctor, master)))
    return fixed(`master-${state}`, `${name} was ${state}, and is cleared away`);
  const carries = sessions > 0 ? `; it still carries ${countOf(sessions, "session")}, which --fix does not cut` : "";
  if (state === "wedged") {
    const advice = ["the next session puts it aside and gets a new one", "sshim doctor --fix, or sshim drain --now to cut it"] as const;
    return problem("master-wedged", `${name} does not answer within a second${carries}`, advice);
  }
  if (state === "orphan") {
    const advice = ["it holds a connection to the server for nothing", "sshim doctor --fix"] as const;
    return problem("master-orphan", `${name} lives, but nobody can reach it${carries}`, advice);
  }
  const advice = ["nothing: the next session makes a new one", "sshim doctor --fix, or wait: it is swept"] as const;
  return note("master-dead", `${name} is gone; its record is left`, advice);
}

/** Under the shard's lock, looked at again: it may have been put right meanwhile. */
async function clearAway({ front }: DoctorContext, master: Master): Promise<boolean> {
  const lock = await holdLock(front, `key/${master.key}/${master.shard}`, 5);
  if (!lock) return false;
  try {
    const record = readRecord(master.record);
    const known = record !== undefined && record.pid === master.pid;
    if (known && !isSame(record)) {
      if (/\.m$/.test(master.record)) clearRecord(master.record);
      else remove(master.record);
      return true;
    }
    if (countSessions(master.record) > 0 || countClients(master.pid) !== 0) return false;
    if (known && /\.m$/.test(master.record) && master.state === "wedged" && master.socket) quarantine(master.socket, master.record);
    else if (known) {
      endAtOnce(master.pid);
      clearRecord(master.record);
    } else if (master.owner === "ours" && master.state === "orphan") endAtOnce(master.pid);
    else return false;
    return true;
  } catch {
    return false;
  } finally {
    lock.release();
  }
}
