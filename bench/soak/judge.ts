// Holds what the callers saw against what the servers' ledgers say and against the faults, and gives each failure its cause. It knows no side.
import type { Fault, Played, Seen } from "./play.ts";

/** The causes, the harmless ones first. */
export const causes = [
  /** a fault hit the host while the command ran; nothing could have saved its session */
  "its session was cut by a fault",
  /** the ledger never saw it, and a fault hit the host while it was waiting to start */
  "a fault kept it from starting",
  /** no fault; a refresh went on meanwhile and the command had started */
  "cut by a refresh",
  /** no fault; a refresh went on meanwhile, and it never started */
  "a refresh kept it from starting",
  "refused by a full or busy server",
  "no fault and no refresh explains it",
] as const;
export type Cause = (typeof causes)[number];

export interface Verdict {
  commands: number;
  healthChecks: number;
  /** callers whose exit code was not 0, by cause */
  failures: Record<Cause, number>;
  startedTwice: string[];
  /** its caller was told that all is well, and the server never saw it or never finished it */
  lost: string[];
  /** had to be killed when the patience was over */
  hung: string[];
  /** milliseconds beyond what the command takes by itself, of those that succeeded */
  slowest: number;
  slowestWas: string;
  authentications: number;
  left: number;
  /** a dozen failures in words, the worst causes first; none of running sessions that a fault cut */
  examples: string[];
}

/** `bound` is how long after a fault its consequences may show, in milliseconds (a dead connection is only noticed by keep-alives). */
export function judge(played: Played, bound: number): Verdict {
  const failures = Object.fromEntries(causes.map((cause) => [cause, 0])) as Record<Cause, number>;
  const failed: { seen: Seen; cause: Cause }[] = [];
  for (const seen of played.seen) {
    if (seen.code === 0) continue;
    const cause = findCause(seen, played, bound);
    failures[cause]++;
    failed.push({ seen, cause });
  }
  const late = ({ began, ended, own }: Seen) => ended - began - own;
  const succeeded = played.seen.filter(({ code }) => code === 0).toSorted((a, b) => late(b) - late(a));
  const [slowest] = succeeded;
  const worst = failed.filter(({ cause }) => cause !== causes[0]).toSorted((a, b) => causes.indexOf(b.cause) - causes.indexOf(a.cause));
  return {
    commands: played.seen.filter(({ kind }) => kind === "command").length,
    healthChecks: played.seen.filter(({ kind }) => kind === "health").length,
    failures,
    startedTwice: [...played.started].filter(([, times]) => times > 1).map(([id]) => id),
    lost: succeeded.filter(({ id }) => !played.started.has(id) || !played.finished.has(id)).map(({ id }) => id),
    hung: played.seen.filter(({ code }) => code === undefined).map(({ id }) => id),
    slowest: slowest ? late(slowest) : 0,
    slowestWas: slowest ? describe(slowest, "the slowest", played) : "",
    authentications: played.authentications,
    left: played.left,
    examples: worst.slice(0, 12).map(({ seen, cause }) => describe(seen, cause, played)),
  };
}

/** Failures that are not the doing of a fault. */
export function countAvoidable(verdict: Verdict): number {
  return causes.slice(2).reduce((total, cause) => total + verdict.failures[cause], 0);
}

function findCause(seen: Seen, played: Played, bound: number): Cause {
  const started = played.started.has(seen.id);
  const during = (fault: Fault, tail: number) => fault.host === seen.host && fault.at <= seen.ended && fault.until + tail >= seen.began;
  // A killed master takes its sessions along at once. What was cut off from the network stays so until somebody notices.
  const faults = played.faults.filter(
    (fault) => (fault.kind === "kill" && during(fault, 250)) || (fault.kind === "cut" && during(fault, bound)),
  );
  if (
    /Session open refused|Connection (reset|closed) by|kex_exchange_identification|banner exchange/.test(seen.stderr) &&
    faults.length === 0
  )
    return "refused by a full or busy server";
  if (faults.length > 0) return started ? "its session was cut by a fault" : "a fault kept it from starting";
  if (played.faults.some((fault) => fault.kind === "refresh" && during(fault, 250)))
    return started ? "cut by a refresh" : "a refresh kept it from starting";
  return "no fault and no refresh explains it";
}

function describe(seen: Seen, cause: string, played: Played): string {
  const times = `${Math.round(seen.began)}…${Math.round(seen.ended)} ms`;
  const ledger = `started ${played.started.get(seen.id) ?? 0}, finished ${played.finished.get(seen.id) ?? 0}`;
  const around = played.faults
    .filter(({ kind, host, at, until }) => kind !== "refresh" && host === seen.host && at <= seen.ended && until >= seen.began - 60_000)
    .map(({ kind, at, until }) => `${kind} ${Math.round(at)}${kind === "cut" ? `…${Math.round(until)}` : ""}`);
  return `${seen.id} on host ${seen.host}, ${times}, code ${seen.code}, ${ledger}: ${cause}; stderr ${JSON.stringify(seen.stderr.slice(0, 200))}; faults ${around.join(", ") || "none"}`;
}
