/** From the journal to what a timeline shows: rows of masters with bars, sessions and marks. */
import type { JournalEvent, SessionEvent, StoredControlEvent } from "../../../journal/events.ts";
import {
  causeOf,
  controlsOf,
  isBroken,
  isRemote255,
  isRemoteCause,
  isSession,
  isShared,
  relatedTo,
  startOf,
} from "../../history/sessions.ts";
import { isDrain } from "../../history/tally.ts";

export interface Bar {
  from: number;
  /** undefined: it lives still, or its end was not written. */
  to: number | undefined;
  /** When it stopped to take sessions. */
  retired: number | undefined;
  pid: number | undefined;
  reason: string | undefined;
  wedged: boolean;
}

export interface Span {
  from: number;
  to: number;
  /** How many sessions it stands for. */
  count: number;
  kind: "session" | "remote255" | "broken";
  label: string;
}

export interface Mark {
  at: number;
  kind: "dial" | "failed dial" | "drain" | "quarantine";
  from: number;
  label: string;
}

export interface Row {
  name: string;
  key: string;
  shard: number;
  bars: Bar[];
  /** Sessions side by side: the n-th list never overlaps itself. */
  tracks: Span[][];
  marks: Mark[];
}

export interface Timeline {
  from: number;
  to: number;
  rows: Row[];
  /** Broken calls that never reached a master, and passed ones. */
  outside: Span[];
  left_out: number;
}

const MOST_TRACKS = 12;
const MOST_ROWS = 60;

/**
 * Times in milliseconds of the epoch. `resolution` is how many of them one unit of the picture
 * stands for: shorter gaps are not shown. `live` are the pids of masters that live now: of the
 * others, one whose end nobody wrote ended after its last session.
 */
export function makeTimeline(
  events: readonly JournalEvent[],
  from: number,
  to: number,
  resolution: number,
  live: ReadonlySet<number>,
): Timeline {
  const controls = controlsOf(events);
  const rows = new Map<string, Row>();
  const rowOf = (event: JournalEvent) => {
    const id = `${event.key} ${event.shard ?? 0}`;
    let row = rows.get(id);
    if (!row) {
      row = { name: event.destination ?? "", key: event.key ?? "", shard: event.shard ?? 0, bars: [], tracks: [], marks: [] };
      rows.set(id, row);
    }
    if (row.name === "" && event.destination) row.name = event.destination;
    return row;
  };
  const sessions = new Map<Row, SessionEvent[]>();
  const outside: Span[] = [];
  for (const event of events) {
    if (!isSession(event)) {
      if (event.key) addControl(rowOf(event), event);
      continue;
    }
    if (Date.parse(event.time) < from) continue;
    if (event.key && isShared(event)) {
      const row = rowOf(event);
      const list = sessions.get(row);
      if (list) list.push(event);
      else sessions.set(row, [event]);
    } else if (isBroken(event)) {
      outside.push(spanOf(event, controls));
    }
  }
  for (const [row, list] of sessions)
    row.tracks = packSpans(
      list.map((one) => spanOf(one, controls)),
      resolution,
    );
  const all = [...rows.values()].sort((left, right) =>
    left.name < right.name ? -1 : left.name > right.name ? 1 : left.shard - right.shard,
  );
  for (const row of all) closeBars(row, from, live);
  const shown = all.filter((row) => dropEarlier(row, from));
  return { from, to, rows: shown.slice(0, MOST_ROWS), outside, left_out: Math.max(0, shown.length - MOST_ROWS) };
}

/** Takes out what was over before the picture begins; false where nothing is left. */
function dropEarlier(row: Row, from: number): boolean {
  row.bars = row.bars.filter((bar) => (bar.to ?? from) >= from);
  row.marks = row.marks.filter((mark) => mark.at >= from);
  return row.bars.length + row.marks.length + row.tracks.length > 0;
}

function addControl(row: Row, event: StoredControlEvent): void {
  const at = Date.parse(event.time);
  const open = row.bars.findLast(
    (bar) => bar.to === undefined && (event.pid === undefined || bar.pid === undefined || bar.pid === event.pid),
  );
  switch (event.event) {
    case "dial": {
      const failed = event.outcome === "failed";
      if (!failed && event.outcome !== "ok") return;
      const label = `${failed ? "dial failed" : "dial"}${event.failure ? `: ${event.failure}` : ""}${event.reason ? ` (${event.reason})` : ""}`;
      row.marks.push({ at, from: startOf(event), kind: failed ? "failed dial" : "dial", label });
      if (!failed) row.bars.push({ from: at, to: undefined, retired: undefined, pid: event.pid, reason: undefined, wedged: false });
      return;
    }
    case "retire":
      if (event.outcome !== "retired" && event.outcome !== "ended" && event.outcome !== "wedged") return;
      if (isDrain(event)) row.marks.push({ at, from: at, kind: "drain", label: `drain${event.reason ? ` (${event.reason})` : ""}` });
      if (open && open.retired === undefined) Object.assign(open, { retired: at, reason: event.reason ?? event.event });
      return;
    case "quarantine":
      row.marks.push({ at, from: at, kind: "quarantine", label: "put aside: it did not answer" });
      if (open) Object.assign(open, { wedged: true, retired: open.retired ?? at, reason: "wedged" });
      return;
    default:
      return;
  }
}

/** A retired master whose end nobody wrote ended with its last session, or when it was replaced. */
function closeBars(row: Row, from: number, live: ReadonlySet<number>): void {
  const spans = row.tracks.flat();
  if (row.bars.length === 0 && spans.length > 0) {
    const earliest = Math.min(...spans.map((span) => span.from));
    const dialled = Math.max(earliest, from);
    row.bars.push({ from: dialled, to: undefined, retired: undefined, pid: undefined, reason: undefined, wedged: false });
  }
  row.bars.forEach((bar, index) => {
    if (bar.to !== undefined) return;
    const replaced = bar.retired ?? row.bars[index + 1]?.from;
    const gone = bar.pid === undefined || !live.has(bar.pid);
    if (replaced === undefined && !gone) return;
    const mine = spans.filter((span) => span.from >= bar.from && span.from < (replaced ?? Number.POSITIVE_INFINITY));
    const last = Math.max(bar.from, ...mine.map((span) => span.to));
    if (replaced !== undefined) bar.retired ??= replaced;
    bar.to = replaced === undefined ? last : gone ? Math.max(replaced, last) : undefined;
  });
}

function spanOf(session: SessionEvent, controls: readonly StoredControlEvent[]): Span {
  const to = Date.parse(session.time);
  const code = session.outcome === "pass" ? "" : ` ${session.code}`;
  const broken = isBroken(session) && !isRemoteCause(causeOf(session, relatedTo(session, controls)));
  const kind = broken ? "broken" : isBroken(session) || isRemote255(session) ? "remote255" : "session";
  const where = session.stage ? `, ${session.stage}: ${session.failure ?? "error"}` : "";
  return {
    from: startOf(session),
    to,
    count: 1,
    kind,
    label: `${session.id} ${session.destination ?? ""} ${session.outcome}${code}${where}`,
  };
}

/** Joins neighbours of one kind that the picture could not tell apart. */
function packSpans(spans: Span[], resolution: number): Span[][] {
  const tracks: Span[][] = [];
  for (const span of spans.sort((left, right) => left.from - right.from)) {
    let track = tracks.find((list) => (list.at(-1)?.to ?? 0) <= span.from || joins(list.at(-1), span, resolution));
    if (!track && tracks.length < MOST_TRACKS) {
      track = [];
      tracks.push(track);
    }
    const target = track ?? (tracks.at(-1) as Span[]);
    const last = target.at(-1);
    if (last && joins(last, span, resolution)) {
      last.to = Math.max(last.to, span.to);
      last.count += span.count;
      last.label = `${last.count} sessions`;
    } else {
      target.push({ ...span });
    }
  }
  return tracks;
}

function joins(last: Span | undefined, span: Span, resolution: number): boolean {
  return (
    last !== undefined &&
    last.kind === span.kind &&
    span.kind === "session" &&
    span.from - last.to < resolution &&
    span.to - span.from < resolution
  );
}
