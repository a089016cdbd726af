/** The masters that are not as they should be. With --fix it ends those that nobody can reach and that carry no session; never another. */
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
import { type DoctorContext, fixed, good, note, problem } from "./finding.ts";

export async function checkMasters(doctor: DoctorContext): Promise<Finding[]> {
  if (inspectRun(doctor.run, doctor.context.uid) !== undefined) return [];
  const masters = await listMasters(doctor.context);
  const findings: Finding[] = [];
  for (const master of masters) {
    if (master.state === "wedged" || master.state === "orphan" || master.state === "dead")
      findings.push(await inspectMaster(doctor, master));
  }
  if (doctor.fix) {
    const { tickets, keys, logs } = sweep(doctor.run);
    if (tickets + keys + logs > 0)
      findings.push(fixed("swept", `swept: ${tickets} tickets, ${keys} empty folders, ${logs} logs that nobody needs`));
  }
  const live = masters.filter(({ state }) => state === "live" || state === "draining").length;
  return findings.length > 0 ? findings : [good("masters", `${live} master${live === 1 ? "" : "s"}, none wedged, orphaned or stale`)];
}

async function inspectMaster(doctor: DoctorContext, master: Master): Promise<Finding> {
  const name = `${master.destination ?? master.socket ?? master.key} (shard ${master.shard}, pid ${master.pid})`;
  if (doctor.fix && master.owner !== "foreign" && (await clearAway(doctor, master)))
    return fixed(`master-${master.state}`, `${name} was ${master.state}, and is cleared away`);
  const carries =
    master.sessions > 0 ? `; it still carries ${master.sessions} session${master.sessions === 1 ? "" : "s"}, which --fix does not cut` : "";
  switch (master.state) {
    case "wedged":
      return problem(
        "master-wedged",
        `${name} does not answer within a second${carries}`,
        "the next session puts it aside and gets a new one",
        "sshim doctor --fix, or sshim drain --now to cut it",
      );
    case "orphan":
      return problem(
        "master-orphan",
        `${name} lives, but nobody can reach it${carries}`,
        "it holds a connection to the server for nothing",
        "sshim doctor --fix",
      );
    default:
      return note(
        "master-dead",
        `${name} is gone; its record is left`,
        "nothing: the next session makes a new one",
        "sshim doctor --fix, or wait: it is swept",
      );
  }
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
