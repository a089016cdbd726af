/** What a line of the journal may be (docs/interface.md). Types and lists only; a reader ignores fields that it does not know. */
import type { Outcome } from "../protocol/contract.ts";

/** One line an invocation, written by the front when it ends or becomes the real ssh. */
export interface SessionEvent {
  /** When the line was written: the end of the invocation. ISO 8601, UTC, milliseconds. */
  time: string;
  /** Different for every invocation: microseconds since the epoch, and the pid. */
  id: string;
  event: "session";
  outcome: Outcome;
  /** From the start of the process to this line. */
  ms: number;
  /** user@host:port; null where nothing was resolved. */
  destination?: string | null;
  key?: string | null;
  lane?: "attach" | "establish" | "control" | "pass";
  /** The rule that chose the lane. */
  reason?: string;
  /** Why the front did something else than the lane says. */
  why?: string;
  /** The exit code; of no meaning where the real ssh took over (pass). */
  code: number;
  /** How often a failure was healed and the attachment tried again. */
  attempts: number;
  /** Questions to the control plane; 0: warm. */
  asked: number;
  /** From the start of the process to MUX_S_SESSION_OPENED. */
  open_ms?: number;
  shard?: number;
  /** Where it broke last, and how; the words are docs/protocol.md's. Also there when a later attempt succeeded. */
  stage?: string;
  failure?: string;
}

/** What the control plane and the operator's commands write. */
export const controlEvents = ["dial", "retire", "quarantine", "heal", "sweep", "config"] as const;
export type ControlEventName = (typeof controlEvents)[number];

export const verdicts = ["not started", "started", "unknown"] as const;
export type Verdict = (typeof verdicts)[number];

/** What `journalEvent` takes; it adds the time. */
export interface ControlEvent {
  event: ControlEventName;
  destination?: string;
  key?: string;
  shard?: number;
  /** The master's process. */
  pid?: number;
  /** How long it took. */
  ms?: number;
  /** dial: ok, live, failed, pass · retire: retired, none, wedged, refused, ended · heal: again, pass, exit */
  outcome?: string;
  /** retire: exit, stop, drain, fresh (on request), age, idle, identity · dial: why it passed · heal: overflow */
  reason?: string;
  /** Of a session that broke. */
  verdict?: Verdict;
  /** What it rests on: ssh's own last line, or the missing of one; "it answers" = the master lives, so only the command died. */
  evidence?: string;
  stage?: string;
  /** dial: transient, final, taken, unlinkable, unknown · heal: as in a session's line */
  failure?: string;
  /** Sessions that went on in a retired master. */
  sessions?: number;
  attempts?: number;
  /** A problem of the configuration, as a sentence. */
  problem?: string;
  /** The invocation that made it happen. */
  id?: string;
  tickets?: number;
  keys?: number;
  logs?: number;
}

export type StoredControlEvent = ControlEvent & { time: string };
export type JournalEvent = SessionEvent | StoredControlEvent;

export function isSession(event: JournalEvent): event is SessionEvent {
  return event.event === "session";
}
