/** `sshim drain`: retires masters by host, key or all of them. Only --now ever cuts a session. */
import { loadConfig, settingsFor } from "../../../config/config.ts";
import { UserError } from "../../../fault.ts";
import { isSame } from "../../../master/control-path.ts";
import { readRecord } from "../../../master/record.ts";
import { now as clock, sleep } from "../../../sys/clock.ts";
import { BUSY, type Context, flagOption, needRun, textOption } from "../../command.ts";
import type { DrainResult, Master } from "../../interface.ts";
import { listMasters } from "../../masters/list.ts";
import { hostOf, masterNamed } from "../../masters/named.ts";
import { retireMaster } from "../../masters/retire.ts";
import { formatTable } from "../../output.ts";
import { readSeconds } from "../../units.ts";

export async function run(context: Context): Promise<number> {
  const directory = needRun(context);
  const wanted = context.operands[0];
  const all = flagOption(context, "all");
  if ((wanted === undefined) === !all) throw new UserError("usage", "cannot tell what to drain: name a host or a key, or say --all");
  const now = flagOption(context, "now");
  const wait = textOption(context, "wait");
  const found = await listMasters(context);
  // A master that somebody else made is drained only when it is named by its path or key.
  const isNamed = masterNamed(context, wanted);
  const masters = found.filter((master) => isDrainable(master) && (all ? master.owner !== "foreign" : isNamed(master)));
  const seconds = wait === undefined ? await usualWait(context, masters) : readSeconds("wait", wait);
  const drained = await Promise.all(masters.map((master) => retireMaster(context, master, now)));
  const gone = seconds === undefined && !now ? undefined : await waitForEnd(masters, seconds ?? 2);
  context.out.show("drain", { drained, gone: gone ?? null }, () => formatDrained(drained, gone, wanted ?? directory));
  if (masters.length === 0 && !all) return 1;
  if (drained.some(({ result }) => result === "refused" || result === "odd" || result === "wedged")) return 1;
  return drained.some(({ result }) => result === "busy") || gone === false ? BUSY : 0;
}

/** Those that drain already are only of interest to those who wait for them, or cut them. */
function isDrainable({ state }: Master): boolean {
  return state === "live" || state === "wedged" || state === "orphan" || state === "draining";
}

/** The longest drain_timeout of these hosts; undefined for none. */
async function usualWait(context: Context, masters: readonly Master[]): Promise<number | undefined> {
  const config = await loadConfig(context.env);
  const waits = masters.map(({ destination }) => settingsFor(config, hostOf(destination ?? "")).drain_timeout);
  return Math.max(0, ...waits) || undefined;
}

async function waitForEnd(masters: readonly Master[], seconds: number): Promise<boolean> {
  const until = clock() + seconds * 1000;
  for (;;) {
    if (masters.every((master) => isGone(master))) return true;
    if (clock() >= until) return false;
    await sleep(50);
  }
}

function isGone(master: Master): boolean {
  const records = [master.record, `${master.record.replace(/\.m(\.\d+)?$/, ".m")}.${master.pid}`];
  return !records.map((path) => readRecord(path)).some((record) => record !== undefined && record.pid === master.pid && isSame(record));
}

function formatDrained(drained: readonly DrainResult[], gone: boolean | undefined, what: string): string {
  if (drained.length === 0) return `no master to drain in ${what}\n`;
  const rows = drained.map((one) => [
    one.destination ?? "-",
    one.key.slice(0, 8),
    String(one.shard),
    String(one.pid),
    one.result,
    String(one.sessions),
  ]);
  const end = gone === undefined ? "" : gone ? "all of them are gone\n" : "not all of them are gone yet\n";
  return formatTable([["DESTINATION", "KEY", "SHARD", "PID", "RESULT", "SESSIONS"], ...rows], [2, 3, 5]) + end;
}
