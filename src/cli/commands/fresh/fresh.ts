/** `sshim fresh`: retires the masters of a command line's connection and dials a new one. */
import { type DialLine, type DialOutcome, dialMaster, duringHandshake } from "../../../master/dial.ts";
import type { MasterSpec } from "../../../master/spec.ts";
import { BUSY, type Context, needRun } from "../../command.ts";
import type { DrainResult } from "../../interface.ts";
import { type HeldLock, holdLock, holdLockNow } from "../../lock.ts";
import { listMasters } from "../../masters/list.ts";
import { retireMaster } from "../../masters/retire.ts";
import { countOf } from "../../units.ts";
import { planShared } from "../explain/explain.ts";

export async function run(context: Context): Promise<number> {
  const run = needRun(context);
  const { master } = await planShared(context);
  const { clientPath: front } = master.launcher;
  const masters = (await listMasters(context)).filter(
    ({ key, state }) => key === master.pool.key && (state === "live" || state === "wedged"),
  );
  const retired = await Promise.all(masters.map((old) => retireMaster(context, old, false, "fresh")));
  const lock = await holdLock(front, `key/${master.pool.key}/0`, 30);
  if (!lock) return finish(context, master, retired, { state: "pass", reason: "busy" }, BUSY);
  const line = lockLine(front);
  try {
    const outcome = await dialMaster(master, 0, line, () => duringHandshake(master, run));
    return finish(context, master, retired, outcome, codeOf(outcome));
  } finally {
    line.close();
    lock.release();
  }
}

function codeOf(outcome: DialOutcome): number {
  if (outcome.state === "failed") return outcome.exitCode;
  return outcome.state === "pass" ? 1 : 0;
}

function finish(context: Context, master: MasterSpec, retired: readonly DrainResult[], outcome: DialOutcome, code: number): number {
  const { destination, pool } = master;
  const pid = outcome.state === "made" ? outcome.record.pid : null;
  const reason = outcome.state === "pass" ? outcome.reason : null;
  const left = retired.filter(({ result }) => result === "retired").reduce((sum, one) => sum + one.sessions, 0);
  const old = retired.length === 0 ? "there was none" : `${retired.length} old, with ${countOf(left, "session")} to finish`;
  const texts = {
    made: `a new connection, pid ${pid}`,
    live: "somebody else made a new connection at the same moment",
    pass: `no connection was made (${reason}); the real ssh will do it by itself`,
    failed: "",
  };
  const value = { destination, key: pool.key, retired: [...retired], outcome: outcome.state, pid, reason };
  const text = texts[outcome.state];
  context.out.show("fresh", value, () => (text === "" ? "" : `${destination}: ${text} (${old})\n`));
  return code;
}

/** A dial asks for a place at its server: the first that is free, or a turn at one of them. */
function lockLine(front: string): DialLine & { close: () => void } {
  const held = new Map<string, HeldLock>();
  return {
    lock(name, count, seconds) {
      for (let index = 0; index <= count; index++) {
        const place = `${name}/${index % count}`;
        const got = holdLockNow(front, place, index === count ? seconds : 0);
        if (got) {
          held.set(name, got);
          return index === count ? "waited" : "got";
        }
      }
      return "busy";
    },
    unlock(name) {
      held.get(name)?.release();
      held.delete(name);
    },
    wait() {},
    close() {
      for (const lock of held.values()) lock.release();
    },
  };
}
