/** One event of the journal as one line for people. */
import type { JournalEvent, SessionEvent, StoredControlEvent } from "../../journal/events.ts";
import type { Output } from "../output.ts";
import { countOf, formatMilliseconds } from "../units.ts";
import { isBroken, isSession, isShared, isWarm, reasonOf } from "./sessions.ts";

/** The line, newline included. */
export function formatEvent(event: JournalEvent, out: Output): string {
  const words = isSession(event) ? sessionWords(event, out) : controlWords(event, out);
  return `${out.paint("dim", event.time)}  ${words.filter((word) => word !== "").join("  ")}\n`;
}

function sessionWords(session: SessionEvent, out: Output): string[] {
  const code = session.outcome === "pass" ? "" : ` ${session.code}`;
  const outcome = `${session.outcome}${code}`;
  const colour = isBroken(session) ? "red" : code !== "" && session.code !== 0 ? "yellow" : "green";
  return [
    session.id,
    session.destination ?? "-",
    session.lane ?? "-",
    session.outcome === "pass" ? out.paint("blue", outcome) : out.paint(colour, outcome),
    formatMilliseconds(session.ms),
    isShared(session) ? (isWarm(session) ? "warm" : "cold") : reasonOf(session),
    session.shard ? `shard ${session.shard}` : "",
    session.stage ? `${session.stage}: ${session.failure ?? "?"}` : "",
  ];
}

function controlWords(event: StoredControlEvent, out: Output): string[] {
  const failed = event.outcome === "failed" || event.event === "quarantine" || event.event === "config";
  return [
    out.paint(failed ? "red" : "bold", event.event),
    event.destination ?? "",
    event.outcome ?? "",
    event.reason ?? "",
    event.verdict ? `verdict: ${event.verdict}` : "",
    event.shard === undefined ? "" : `shard ${event.shard}`,
    event.pid ? `pid ${event.pid}` : "",
    event.sessions === undefined ? "" : countOf(event.sessions, "session"),
    event.ms === undefined ? "" : formatMilliseconds(event.ms),
    event.stage ? `${event.stage}: ${event.failure ?? "?"}` : (event.failure ?? ""),
    event.problem ?? event.evidence ?? "",
  ];
}
