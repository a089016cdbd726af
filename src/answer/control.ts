/**
 * Answers `control`: `-O exit` and `-O stop` drain every master of the key, and nobody's session is cut. For every other word the real
 * ssh answers. It takes two seconds at the most, on a stopped process too.
 */
import { journalEvent } from "../journal/journal.ts";
import { endShard, isOccupied, type RetireResult, retireShard, type Shard, shardsOf } from "../master/drain.ts";
import { countSessions, readRecord } from "../master/record.ts";
import { argumentOf } from "../openssh/argv/parse.ts";
import { makePlan, type SharedPlan } from "../plan/plan.ts";
import { elapsed } from "../sys/clock.ts";
import { errorCode, linkStatus, writeAll } from "../sys/files.ts";
import { CALLER_STDERR } from "../sys/terminal.ts";
import { decodeUtf8, encodeUtf8 } from "../sys/text.ts";
import type { Channel, Request } from "./channel.ts";
import { writeDebug } from "./debug.ts";
import { publishTicket } from "./publish-ticket.ts";

/** Ends the process with a reply. */
export async function answerControl(request: Request, channel: Channel): Promise<void> {
  const plan = await makePlan(request);
  if (plan.action !== "control") {
    publishTicket(request, plan, channel);
    return channel.finish("again");
  }
  const word = argumentOf(plan.inputs.parsed, "O");
  if (word !== "exit" && word !== "stop") {
    return channel.finish("pass");
  }
  const shards = shardsOf(plan.master.pool).filter(isOccupied);
  // All locks first, none of them waited for long: who holds one is making a master where now there is none.
  for (const shard of shards) channel.lock(`key/${plan.master.pool.key}/${shard.number}`, 1, shard.number === 0 ? 1 : 0);
  const hard = word === "exit" && plan.inputs.settings.exit === "hard";
  const results = await Promise.all(shards.map((shard) => drainOne(plan, shard, hard, word)));
  writeDebug(`${word}: ${results.join(" ")}`);
  if (results.includes("wedged")) {
    // mux_client_hello_exchange's words for a master that accepts and says nothing.
    writeStderr(plan, 1, "muxclient: master hello exchange failed\r\n");
    return channel.finish("exit 255");
  }
  if (results.includes("refused")) {
    writeStderr(plan, 1, `Master refused ${word === "exit" ? "termination" : "stop listening"} request: Permission denied\r\n`);
    return channel.finish("exit 255");
  }
  if (!results.includes("retired")) {
    return writeNobody(plan, channel);
  }
  writeStderr(plan, 1, word === "exit" ? "Exit request sent.\r\n" : "Stop listening request sent.\r\n");
  channel.finish("exit 0");
}

/**
 * Nobody is there: said in muxclient's own words. Not by the real ssh, whose -O exit would cut the sessions of a master that somebody
 * makes in this moment; only a path that we serve elsewhere is safe from it.
 */
function writeNobody(plan: SharedPlan, channel: Channel): void {
  const { pool } = plan.master;
  const elsewhere = plan.placement.atCallerPath && pool.socket.startsWith(`${pool.dir}/`);
  const state = elsewhere ? undefined : stateOf(pool.socket);
  if (state === undefined) {
    channel.finish("pass");
  }
  writeStderr(plan, 1, `Control socket connect(${cutBytes(pool.socket, 100)}): ${state}\r\n`);
  channel.finish("exit 255");
}

/** What connect(2) says of a path on which nobody listens; undefined for what we have no words for. */
function stateOf(path: string): string | undefined {
  try {
    linkStatus(path);
    return "Connection refused";
  } catch (error) {
    const states: Record<string, string> = { ENOENT: "No such file or directory", ENOTDIR: "Not a directory", EACCES: "Permission denied" };
    return states[errorCode(error)];
  }
}

/** `%.100s` of printf. */
function cutBytes(text: string, most: number): string {
  return decodeUtf8(encodeUtf8(text).subarray(0, most));
}

async function drainOne(plan: SharedPlan, shard: Shard, hard: boolean, reason: "exit" | "stop"): Promise<RetireResult> {
  const began = elapsed();
  const pid = readRecord(shard.record)?.pid;
  const sessions = countSessions(shard.record);
  const outcome = hard ? await endShard(shard, 900) : await retireShard(shard, reason, 900);
  if (outcome === "retired" || outcome === "wedged") {
    const { destination, pool } = plan.master;
    const about = {
      destination,
      key: pool.key,
      shard: shard.number,
      ...(pid ? { pid } : {}),
      ms: Math.round(elapsed() - began),
      reason,
      sessions,
    };
    journalEvent(plan.master.run, { event: outcome === "wedged" ? "quarantine" : "retire", ...about, outcome }, plan.inputs.settings);
  }
  return outcome;
}

/** Writes on the caller's stderr where its LogLevel lets ssh do so (log.h: QUIET is 0). */
function writeStderr(plan: SharedPlan, level: number, text: string): void {
  if (plan.session.logLevel < level) return;
  try {
    writeAll(CALLER_STDERR, text);
  } catch {
    // Nobody reads it.
  }
}
