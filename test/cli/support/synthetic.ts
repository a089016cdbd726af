/**
 * A journal made up from a seed: a few masters, many sessions, drains, failures. The same seed
 * gives the same bytes.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ControlEvent, JournalEvent, SessionEvent } from "../../../src/journal/events.ts";
import { freshRun } from "../../support/tools.ts";

export const key = "0123456789abcdef0123456789abcdef";
export const otherKey = "fedcba9876543210fedcba9876543210";

/** A session's line with everything that a front writes; `over` changes it. */
export function session(time: number, over: Partial<SessionEvent> = {}): SessionEvent {
  const opened = over.lane === undefined && (over.stage === undefined || over.stage === "opened");
  return {
    time: new Date(time).toISOString(),
    id: `${(Math.round(time) * 1000).toString(16)}0abc`,
    event: "session",
    destination: "root@web1:22",
    key,
    lane: "attach",
    reason: "shared",
    outcome: "exit",
    code: 0,
    attempts: 0,
    asked: 0,
    shard: 0,
    ms: 4.5,
    ...(opened ? { open_ms: 1.9 } : {}),
    ...over,
  };
}

export function control(time: number, event: ControlEvent): JournalEvent {
  return { time: new Date(time).toISOString(), destination: "root@web1:22", key, shard: 0, ...event };
}

/**
 * Two hours of two hosts, ending at `until`: rotation by age, an operator's drain, a wedged master,
 * a lost session, failed dials.
 */
export function madeUp(until: number): JournalEvent[] {
  const random = generator(7);
  const from = until - 2 * 3600_000;
  const events: JournalEvent[] = [];
  for (const [index, destination] of ["root@web1:22", "deploy@db.example.com:2222"].entries()) {
    const which = index === 0 ? key : otherKey;
    for (let start = from + index * 600_000, pid = 1000 + index * 100; start < until; start += 1800_000, pid++) {
      events.push(control(start, { event: "dial", destination, key: which, pid, ms: 180 + random() * 300, outcome: "ok" }));
      const end = start + 1800_000;
      for (let at = start + 1000; at < end - 20_000 && at < until; at += 2000 + random() * 20_000) {
        const ms = random() < 0.1 ? 20_000 + random() * 200_000 : 3 + random() * 400;
        if (at + ms > until) break;
        const broken = random() < 0.01;
        events.push(
          session(at + ms, {
            destination,
            key: which,
            ms,
            open_ms: 1.5 + random() * 3,
            code: random() < 0.02 ? 255 : random() < 0.05 ? 1 : 0,
            ...(broken ? { outcome: "lost", code: 255, stage: "opened", failure: "eof" } : {}),
          }),
        );
      }
      const reason = pid % 3 === 0 ? "exit" : "age";
      const sessions = Math.floor(random() * 3);
      if (end < until) {
        events.push(control(end, { event: "retire", destination, key: which, pid, reason, sessions, outcome: "retired" }));
      }
    }
  }
  events.push(control(from + 2_500_000, { event: "quarantine", pid: 1001, reason: "wedged" }));
  events.push(
    control(from + 2_600_000, {
      event: "dial",
      outcome: "failed",
      failure: "transient",
      ms: 1020,
      evidence: "ssh: connect to host web1 port 22: Connection refused",
    }),
  );
  events.push(
    session(from + 2_600_010, { outcome: "refused", code: 255, attempts: 1, asked: 2, ms: 1100, stage: "record", failure: "none" }),
  );
  events.push(session(from + 2_700_000, { outcome: "lost", code: 255, stage: "session", failure: "eof", ms: 30 }));
  events.push(
    control(from + 2_700_000, {
      event: "heal",
      stage: "session",
      failure: "eof",
      outcome: "exit",
      verdict: "unknown",
      evidence: "no word in the master's log",
    }),
  );
  events.push(
    session(from + 2_800_000, { lane: "pass", outcome: "pass", reason: "forward", ms: 2, destination: "root@web1:22", key: null }),
  );
  return events.sort((left, right) => (left.time < right.time ? -1 : left.time > right.time ? 1 : 0));
}

/** Writes events as a journal into a runtime directory. */
export function writeJournal(run: string, events: readonly JournalEvent[]): void {
  mkdirSync(run, { recursive: true, mode: 0o700 });
  writeFileSync(`${run}/journal.jsonl`, events.map((event) => `${JSON.stringify(event)}\n`).join(""), { mode: 0o600 });
}

/** A fresh runtime directory with these events in its journal. */
export function placeJournal(events: readonly JournalEvent[]): { run: string; path: string } {
  const run = freshRun();
  writeJournal(run, events);
  return { run, path: join(run, "journal.jsonl") };
}

/** Numbers in [0, 1), the same for the same seed (mulberry32). */
export function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}
