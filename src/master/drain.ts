/**
 * Retires masters: they stop listening, their sessions finish, they leave by themselves. Only
 * endShard, OpenSSH's own `-O exit`, ends sessions; a master that does not answer is put out of the
 * way.
 */
import { askToEnd, askToStop, type MuxResult } from "../openssh/mux/client.ts";
import { limits } from "../protocol/contract.ts";
import { nowSeconds } from "../sys/clock.ts";
import { isSocket } from "../sys/files.ts";
import { leaveRecord, quarantine } from "./control-path.ts";
import { readRecord, retireRecord, writeRecord } from "./record.ts";
import type { Pool } from "./spec.ts";

/** One place for a master. */
export interface Shard {
  readonly number: number;
  readonly socket: string;
  readonly record: string;
}

/** retired = it listens no more; none = nobody was there; wedged = no answer; odd = no master. */
export type RetireResult = "retired" | "none" | "wedged" | "refused" | "odd";

/** Why a master was retired, for its record. */
export type RetireReason = "exit" | "stop" | "age" | "idle" | "identity" | "drain" | "fresh";

/** A shard of a key: the first lies at the caller's own path where it named one. */
export function shardOf(pool: Pool, number: number): Shard {
  const inside = `${pool.dir}/${number}`;
  return { number, socket: number === 0 ? pool.socket : inside, record: `${inside}.m` };
}

/** All of them. */
export function shardsOf(pool: Pool): Shard[] {
  return Array.from({ length: limits.shards }, (_, number) => shardOf(pool, number));
}

/** True where a socket lies, alive or not. */
export function isOccupied(shard: Shard): boolean {
  return isSocket(shard.socket);
}

/**
 * MUX_C_STOP_LISTENING, then its record goes to `<shard>.m.<pid>`, where its sessions keep their
 * slots. The caller holds the shard's lock.
 * @param milliseconds for the master's answer; a second is plenty, since it is local
 */
export async function retireShard(shard: Shard, reason: RetireReason, milliseconds = 1000): Promise<RetireResult> {
  if (!isOccupied(shard)) {
    leaveRecord(shard.record, true);
    return "none";
  }
  return settle(shard, reason, await askToStop(shard.socket, milliseconds));
}

/** MUX_C_TERMINATE: its sessions end with it. */
export async function endShard(shard: Shard, milliseconds = 1000): Promise<RetireResult> {
  if (!isOccupied(shard)) return "none";
  return settle(shard, "exit", await askToEnd(shard.socket, milliseconds));
}

function settle(shard: Shard, reason: RetireReason, asked: MuxResult): RetireResult {
  if (asked.ok) {
    if (asked.reply.type === "denied" || asked.reply.type === "failure") return "refused";
    recordRetirement(shard, reason);
    return "retired";
  }
  switch (asked.failure) {
    case "timeout":
      quarantine(shard.socket, shard.record);
      return "wedged";
    case "nonsense":
    case "error":
      return "odd";
    default:
      // Nobody listens (any more): a stale socket is the next dial's to remove.
      leaveRecord(shard.record, false);
      return "none";
  }
}

function recordRetirement(shard: Shard, reason: RetireReason): void {
  const record = readRecord(shard.record);
  if (record === undefined) return;
  try {
    writeRecord(shard.record, {
      ...record,
      attributes: { ...record.attributes, retired: `${nowSeconds()}`, why: reason },
    });
  } catch {
    // A full disk: that it is retired shows by its name all the same.
  }
  retireRecord(shard.record, record.pid);
}
