/**
 * Reads meaning out of the journal's lines: was a session warm, did its command start, whose 255
 * was it. All commands that speak of sessions ask here, so that `log`, `why`, `stats` and `report`
 * never disagree.
 */
import type { JournalEvent, SessionEvent, StoredControlEvent, Verdict } from "../../journal/events.ts";
import { journalPathFor, readJournal } from "../../journal/journal.ts";
import type { Context } from "../command.ts";
import { needRun, textOption } from "../command.ts";
import { destinationNamed } from "../masters/named.ts";

/** The journal of RUN, as the configuration has it; undefined where it is switched off. */
export async function journalOf(context: Context): Promise<string | undefined> {
  const { loadConfig, settingsFor } = await import("../../config/config.ts");
  return journalPathFor(needRun(context), settingsFor(await loadConfig(context.env), undefined));
}

/** The journal's events that --host lets through, oldest first. */
export async function readEvents(context: Context, since: string): Promise<JournalEvent[]> {
  const path = await journalOf(context);
  if (path === undefined) return [];
  const host = textOption(context, "host");
  const isNamed = host === undefined ? () => true : destinationNamed(context, host);
  const events = [...readJournal(path, since)].filter((event) => isNamed(event.destination));
  // Lines land in the order of their writes; the clock is read a moment earlier.
  return events.sort((left, right) => (left.time < right.time ? -1 : left.time > right.time ? 1 : 0));
}

/** Whether a shared connection was used, or was to be: only lane attach has sessions. */
export function isShared(session: SessionEvent): boolean {
  return session.lane === "attach" && session.outcome !== "pass";
}

/** A shared session for which nothing had to be asked. */
export function isWarm(session: SessionEvent): boolean {
  return isShared(session) && session.asked === 0;
}

/** A 255 that the remote command did not say; that of a control command is an answer. */
export function isBroken(session: SessionEvent): boolean {
  if (session.outcome === "lost" || session.outcome === "failure shared" || session.outcome === "wedged") return true;
  return session.outcome === "refused" && session.code === 255 && session.lane !== "control";
}

/** Ended with 255 because the remote command did. */
export function isRemote255(session: SessionEvent): boolean {
  return session.outcome === "exit" && session.code === 255 && session.lane !== "control";
}

/** What is known about whether the command was started (architecture: what may be tried again). */
export function verdictOf(session: SessionEvent, related: readonly StoredControlEvent[] = []): Verdict {
  if (session.outcome === "exit" || session.stage === "opened" || session.open_ms !== undefined) return "started";
  if (session.outcome === "signal" || session.outcome === "pass") return "unknown";
  if (session.stage !== "session" || session.failure === "failure" || session.failure === "denied") return "not started";
  return related.find((event) => event.verdict)?.verdict ?? "unknown";
}

/**
 * One or two words for why it ended with 255, stable enough to count: `remote` (the command said
 * so), `remote signal` (the command was killed, its connection lives), `drained` (an operator ended
 * its connection with --now), `lost`, `dial: final`, `session: eof`, …
 */
export function causeOf(session: SessionEvent, related: readonly StoredControlEvent[] = []): string {
  if (isRemote255(session)) return "remote";
  const dial = related.findLast((event) => event.event === "dial" && event.outcome === "failed");
  if (dial && session.stage !== "opened" && session.stage !== "session") return `dial: ${dial.failure ?? "failed"}`;
  if (session.stage === "opened") {
    const lives = related.some((event) => event.event === "heal" && event.stage === "opened" && event.evidence === MASTER_LIVES);
    if (lives) return "remote signal";
    return related.some((event) => event.event === "retire" && event.outcome === "ended" && event.shard === session.shard)
      ? "drained"
      : "lost";
  }
  if (session.outcome === "wedged") return "wedged";
  if (session.stage) return `${session.stage}: ${session.failure ?? "error"}`;
  return session.outcome;
}

/** The evidence that only the command ended (src/master/postmortem.ts). */
const MASTER_LIVES = "it answers";

/** Whether a cause is the remote command's own doing. */
export function isRemoteCause(cause: string): boolean {
  return cause === "remote" || cause === "remote signal";
}

/** The control plane's events of a session: its key, while it ran (they carry no id of it). */
export function relatedTo(session: SessionEvent, events: readonly StoredControlEvent[]): StoredControlEvent[] {
  if (!session.key) return [];
  const end = Date.parse(session.time);
  const start = end - session.ms;
  return events.filter((event) => {
    if (event.key !== session.key || (event.id !== undefined && event.id !== session.id)) return false;
    const time = Date.parse(event.time);
    return time >= start - 100 && time <= end + 100;
  });
}

/** Those of the control plane and of operators. */
export function controlsOf(events: readonly JournalEvent[]): StoredControlEvent[] {
  return events.filter((event): event is StoredControlEvent => !isSession(event));
}

/** When it began, in milliseconds of the epoch. */
export function startOf(event: JournalEvent): number {
  return Date.parse(event.time) - (event.ms ?? 0);
}

/** The sessions among them. */
export function sessionsOf(events: readonly JournalEvent[]): SessionEvent[] {
  return events.filter(isSession);
}

/** Why it took its lane: what the front met is stronger than what the rules said. */
export function reasonOf(session: SessionEvent): string {
  return session.why ?? session.reason ?? "";
}

export function isSession(event: JournalEvent): event is SessionEvent {
  return event.event === "session";
}
