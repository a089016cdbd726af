/**
 * What a line of the journal may be (docs/interface.md). The writers take only types from here: on
 * the way to an answer nothing loads the schemas.
 */
import * as v from "valibot";
import { outcomes } from "../protocol/contract.ts";

/** ISO 8601, UTC, milliseconds. */
export const time = v.pipe(v.string(), v.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/));
export const key = v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/));
export const integer = v.pipe(v.number(), v.integer());
export const verdict = v.picklist(["not started", "started", "unknown"]);
export const lane = v.picklist(["attach", "establish", "control", "pass"]);
/** Of an invocation: microseconds since the epoch, and the pid. */
const id = v.pipe(v.string(), v.regex(/^[0-9a-f-]+$/));

/** One line an invocation, written by the front when it ends or becomes the real ssh. */
export const sessionEvent = v.strictObject({
  /** When the line was written: the end of the invocation. */
  time,
  id,
  event: v.literal("session"),
  lane,
  /** How it ended, as the front saw it. */
  outcome: v.picklist(outcomes),
  /** The exit code; of no meaning where the real ssh took over (pass). */
  code: integer,
  /** How often a failure was healed and the attachment tried again. */
  attempts: integer,
  /** Questions to the control plane; 0: warm. */
  asked: integer,
  shard: integer,
  /** From the start of the process to this line. */
  ms: v.number(),
  /** user@host:port; null where nothing was resolved. */
  destination: v.exactOptional(v.nullable(v.string())),
  key: v.exactOptional(v.nullable(key)),
  /** The rule that chose the lane. */
  reason: v.exactOptional(v.string()),
  /** Why the front did something else than the lane says. */
  why: v.exactOptional(v.string()),
  /** From the start of the process to MUX_S_SESSION_OPENED. */
  open_ms: v.exactOptional(v.number()),
  /** Where it broke last, and how (docs/protocol.md). Also there when a later attempt succeeded. */
  stage: v.exactOptional(v.string()),
  failure: v.exactOptional(v.string()),
});

/** What the control plane and the operator's commands write. */
export const controlEvent = v.strictObject({
  time,
  event: v.picklist(["dial", "retire", "quarantine", "heal", "sweep", "config"]),
  destination: v.exactOptional(v.string()),
  key: v.exactOptional(key),
  shard: v.exactOptional(integer),
  /** The master's process. */
  pid: v.exactOptional(integer),
  /** How long it took. */
  ms: v.exactOptional(v.number()),
  /** dial: ok, live, failed, pass · retire: as RetireResult, or ended · heal: again, pass, exit */
  outcome: v.exactOptional(v.string()),
  /** retire: as RetireReason · dial: why it passed · heal: overflow */
  reason: v.exactOptional(v.string()),
  /** Of a session that broke. */
  verdict: v.exactOptional(verdict),
  /** What it rests on, mostly ssh's last line; "it answers": the master lives, the command died. */
  evidence: v.exactOptional(v.string()),
  stage: v.exactOptional(v.string()),
  /** dial: transient, final, taken, unlinkable, unknown · heal: as in a session's line */
  failure: v.exactOptional(v.string()),
  /** Sessions that went on in a retired master. */
  sessions: v.exactOptional(integer),
  attempts: v.exactOptional(integer),
  /** A problem of the configuration, as a sentence. */
  problem: v.exactOptional(v.string()),
  /** The invocation that made it happen. */
  id: v.exactOptional(id),
  tickets: v.exactOptional(integer),
  keys: v.exactOptional(integer),
  logs: v.exactOptional(integer),
});

export const journalLine = v.variant("event", [sessionEvent, controlEvent]);

export type Verdict = v.InferOutput<typeof verdict>;
export type SessionEvent = v.InferOutput<typeof sessionEvent>;
export type StoredControlEvent = v.InferOutput<typeof controlEvent>;
/** What `journalEvent` of journal.ts takes; it adds the time. */
export type ControlEvent = Omit<StoredControlEvent, "time">;
export type JournalEvent = SessionEvent | StoredControlEvent;
