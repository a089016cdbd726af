/** The numbers of a stretch of the journal, which `stats` and `report` show. */
import type { JournalEvent, SessionEvent } from "../../journal/events.ts";
import type { Summary, Times } from "../interface.ts";
import { percentile } from "../units.ts";
import { isSession, isShared, startOf } from "./sessions.ts";
import { addEvents, attachTime, type Counts, count, emptyTally } from "./tally.ts";

export function summarise(events: readonly JournalEvent[]): Summary {
  const tally = emptyTally();
  addEvents(tally, events);
  const sessions = events.filter(isSession);
  const dials = events.filter((event) => event.event === "dial" && event.outcome === "ok");
  const dialMs = timesOf(dials.flatMap(({ ms }) => ms ?? []));
  const handshakes = tally.dials.ok ?? 0;
  const saved = Math.max(0, tally.shared - handshakes);
  return {
    since: events[0]?.time ?? null,
    until: events.at(-1)?.time ?? null,
    invocations: sessions.length,
    lanes: countBy(sessions, (session) => session.lane ?? "pass"),
    outcomes: countBy(sessions, (session) => session.outcome),
    sessions: tally.shared,
    warm: tally.warm,
    warm_share: tally.shared === 0 ? null : round(tally.warm / tally.shared, 4),
    handshakes,
    handshakes_saved: saved,
    seconds_saved: dialMs.p50 === null ? null : round((saved * dialMs.p50) / 1000, 3),
    dials: tally.dials,
    retries: tally.heals,
    codes_255: tally.codes255,
    drains: { count: tally.drains, sessions_spared: tally.spared },
    retired: tally.retired,
    quarantines: tally.quarantines,
    attach_ms: timesOf(sessions.flatMap((session) => attachTime(session) ?? [])),
    dial_ms: dialMs,
    peak_sessions: peakOf(sessions.filter(isShared)),
  };
}

export function timesOf(values: readonly number[]): Times {
  const sorted = [...values].sort((left, right) => left - right);
  const at = (share: number) => {
    const value = percentile(sorted, share);
    return value === undefined ? null : round(value, 3);
  };
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

/** How many of them ran at the same time, at most. */
export function peakOf(sessions: readonly SessionEvent[]): number {
  const edges = sessions.flatMap((session) => [[startOf(session), 1] as const, [Date.parse(session.time), -1] as const]);
  // At the same millisecond a beginning comes first, so that a session of no length still counts.
  edges.sort(([left, up], [right, down]) => left - right || down - up);
  let now = 0;
  let peak = 0;
  for (const [, step] of edges) {
    now += step;
    peak = Math.max(peak, now);
  }
  return peak;
}

export function countBy<Item>(items: readonly Item[], name: (item: Item) => string): Counts {
  const counts: Counts = {};
  for (const item of items) count(counts, name(item));
  return counts;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
