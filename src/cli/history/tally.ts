/** Adds up the journal: one event at a time, into sums that can be kept and gone on with. */
import type { JournalEvent, SessionEvent, StoredControlEvent } from "../../journal/events.ts";
import { causeOf, controlsOf, isBroken, isRemote255, isSession, isShared, isWarm, relatedTo } from "./sessions.ts";

export type Counts = Record<string, number>;

export interface Histogram {
  /** One more than the bounds: the last is for everything above. */
  buckets: number[];
  sum: number;
  count: number;
}

export interface Tally {
  invocations: Counts;
  shared: number;
  warm: number;
  dials: Counts;
  heals: Counts;
  codes255: Counts;
  drains: number;
  spared: number;
  retired: Counts;
  quarantines: number;
  attach: Histogram;
  dial: Histogram;
}

/** Upper bounds in seconds. */
export const bounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export function emptyTally(): Tally {
  const histogram = () => ({ buckets: Array<number>(bounds.length + 1).fill(0), sum: 0, count: 0 });
  return {
    invocations: {},
    shared: 0,
    warm: 0,
    dials: {},
    heals: {},
    codes255: {},
    drains: 0,
    spared: 0,
    retired: {},
    quarantines: 0,
    attach: histogram(),
    dial: histogram(),
  };
}

/** Adds them all. */
export function addEvents(tally: Tally, events: readonly JournalEvent[]): void {
  const controls = controlsOf(events);
  for (const event of events) addEvent(tally, event, isSession(event) && isBroken(event) ? relatedTo(event, controls) : []);
}

/** Adds one event; `related` are the control plane's events that belong to it. */
function addEvent(tally: Tally, event: JournalEvent, related: readonly StoredControlEvent[]): void {
  if (isSession(event)) addSession(tally, event, related);
  else addControl(tally, event);
}

/** What a session waited on a warm connection until its channel was open, where written. */
export function attachTime(session: SessionEvent): number | undefined {
  return isWarm(session) ? session.open_ms : undefined;
}

/** A master that was retired because somebody asked for it. */
export function isDrain(event: StoredControlEvent): boolean {
  const done = event.outcome === "retired" || event.outcome === "ended";
  return event.event === "retire" && done && ["exit", "stop", "drain", "fresh"].includes(event.reason ?? "");
}

function addSession(tally: Tally, session: SessionEvent, related: readonly StoredControlEvent[]): void {
  count(tally.invocations, `${session.lane ?? "pass"}/${session.outcome}`);
  if (isShared(session)) tally.shared++;
  if (isWarm(session)) tally.warm++;
  if (isRemote255(session)) count(tally.codes255, "remote");
  else if (isBroken(session)) count(tally.codes255, causeOf(session, related));
  const milliseconds = attachTime(session);
  if (milliseconds !== undefined) observe(tally.attach, milliseconds / 1000);
}

function addControl(tally: Tally, event: StoredControlEvent): void {
  switch (event.event) {
    case "dial":
      count(tally.dials, event.outcome ?? "ok");
      if (event.outcome === "ok" && event.ms !== undefined) observe(tally.dial, event.ms / 1000);
      return;
    case "heal":
      count(tally.heals, `${event.stage ?? "?"}/${event.failure ?? "?"}`);
      return;
    case "retire":
      if (event.outcome === "retired" || event.outcome === "ended" || event.outcome === "wedged")
        count(tally.retired, event.reason ?? "other");
      if (isDrain(event)) {
        tally.drains++;
        tally.spared += event.sessions ?? 0;
      }
      return;
    case "quarantine":
      tally.quarantines++;
      return;
    default:
      return;
  }
}

function observe(histogram: Histogram, seconds: number): void {
  const index = bounds.findIndex((bound) => seconds <= bound);
  const bucket = index < 0 ? bounds.length : index;
  histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
  histogram.sum += seconds;
  histogram.count++;
}

/** Counts one more of that name. */
export function count(counts: Counts, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
