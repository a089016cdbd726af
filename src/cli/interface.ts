/**
 * What other programs may rely on: the values of --json (docs/interface.md). The commands take only
 * types from here; docs/interface.schema.json is made from the schemas, and the tests hold the
 * commands' outputs to it.
 */
import * as v from "valibot";
import { controlEvent, integer, journalLine, key, lane, sessionEvent, time, verdict } from "../journal/events.ts";

const text = v.string();
const texts = v.array(text);
const counts = v.record(text, integer);

export const master = v.strictObject({
  destination: v.nullable(text),
  key,
  shard: integer,
  pid: integer,
  /**
   * live: takes sessions · draining: retired, its sessions finish · wedged: does not answer within
   * a second · orphan: its process lives, but nobody can reach it · dead: its record is all that is
   * left
   */
  state: v.picklist(["live", "draining", "wedged", "orphan", "dead"]),
  /** Now, by the locks; of a master that others made, only the sessions that came through us. */
  sessions: integer,
  limit: v.nullable(integer),
  /** When it was dialled. */
  created: v.nullable(time),
  age_seconds: v.nullable(integer),
  /** Since its last session began or ended; null while one runs. */
  idle_seconds: v.nullable(integer),
  socket: v.nullable(text),
  /** ours: by us · caller: by us on a caller's own ControlPath · foreign: by somebody else */
  owner: v.picklist(["ours", "caller", "foreign"]),
  /** Why it was retired. */
  reason: v.nullable(text),
  record: text,
  log: v.nullable(text),
});

/** A master as `status` shows it, with the callers whose sessions it waits for. */
const shownMaster = v.strictObject({
  ...master.entries,
  waits_for: v.array(v.strictObject({ pid: integer, since: time })),
});

const drainResult = v.strictObject({
  destination: v.nullable(text),
  key,
  shard: integer,
  pid: integer,
  /**
   * retired: it takes no new session · draining: it did so already · ended · none: nobody was there
   * · wedged, refused, odd (not a master), busy: not done
   */
  result: v.picklist(["retired", "draining", "ended", "none", "wedged", "refused", "odd", "busy"]),
  /** What it still carried. */
  sessions: integer,
});

const finding = v.strictObject({
  /** Stable: scripts look for it. */
  id: text,
  /** problem: does not work · note: not for everybody, or not as well as it could · ok */
  level: v.picklist(["ok", "note", "problem"]),
  what: text,
  consequence: text,
  remedy: text,
  /** --fix put it right just now. */
  fixed: v.boolean(),
});

const times = v.strictObject({ count: integer, p50: v.nullable(v.number()), p95: v.nullable(v.number()), p99: v.nullable(v.number()) });

const summary = v.strictObject({
  since: v.nullable(time),
  until: v.nullable(time),
  invocations: integer,
  lanes: counts,
  outcomes: counts,
  sessions: integer,
  warm: integer,
  /** Of the sessions; null when there are none. */
  warm_share: v.nullable(v.number()),
  handshakes: integer,
  handshakes_saved: integer,
  /** Handshakes saved, at the median time of a dial; null when no dial was seen. */
  seconds_saved: v.nullable(v.number()),
  dials: counts,
  retries: counts,
  /** By cause; `remote` are the remote command's own. */
  codes_255: counts,
  drains: v.strictObject({ count: integer, sessions_spared: integer }),
  retired: counts,
  quarantines: integer,
  attach_ms: times,
  dial_ms: times,
  peak_sessions: integer,
});

/** A session that ended with 255. */
const broken = v.strictObject({
  time,
  id: text,
  destination: v.nullable(text),
  cause: text,
  verdict,
  meaning: text,
  evidence: texts,
  ms: v.number(),
});

const lastWords = v.strictObject({ path: text, lines: texts });

const ticket = v.strictObject({
  path: text,
  /** fresh: the front follows it without asking · stale, none, damaged: it asks first */
  state: v.picklist(["fresh", "stale", "none", "damaged"]),
  /** What changed since it was written, as sentences. */
  stale: texts,
  /** How many things it depends on. */
  dependencies: integer,
  written: v.nullable(time),
});

const settings = v.array(v.strictObject({ name: text, value: v.nullable(v.union([text, v.number(), v.boolean()])), origin: text }));
const files = v.array(v.strictObject({ path: text, present: v.boolean() }));

const explanation = v.strictObject({
  lane,
  /** The rule that decided, as in the journal; and in a sentence. */
  reason: text,
  why: text,
  destination: v.nullable(text),
  key: v.nullable(key),
  /** The connection key; another than `key` on a caller's own ControlPath. */
  connection_key: v.nullable(key),
  key_parts: v.nullable(v.strictObject({ options: texts, extras: texts, files: texts })),
  socket: v.nullable(text),
  /** The socket is the caller's own ControlPath. */
  own_control_path: v.boolean(),
  shards: v.nullable(integer),
  masters: v.array(v.pick(master, ["shard", "pid", "state", "sessions", "limit", "age_seconds"])),
  /** What would be dialled if there were no master: argv of the real ssh. */
  dial: v.nullable(texts),
  real_ssh: v.strictObject({ path: text, version: v.nullable(text), origin: v.picklist(["PATH", "SSHIM_REAL_SSH"]), skipped: texts }),
  ticket: v.nullable(ticket),
  /**
   * Whether the ticket is kept, and why not: never, or not yet (a file that it depends on is too
   * young).
   */
  cache: v.strictObject({ rule: v.picklist(["keep", "never", "not yet"]), reason: v.nullable(text) }),
  session: v.nullable(
    v.strictObject({
      tty: text,
      agent: v.boolean(),
      subsystem: v.boolean(),
      stdin_null: v.boolean(),
      stdio: v.nullable(v.looseObject({})),
      remote_command: v.boolean(),
      send_env: texts,
      set_env: texts,
    }),
  ),
  settings,
  problems: texts,
});

/** The value of each command, and a line of the journal, which `log` shows. */
export const values = {
  journal: journalLine,
  status: v.strictObject({ run: text, masters: v.array(shownMaster) }),
  "status --watch": v.strictObject({ time, run: text, masters: v.array(shownMaster) }),
  explain: explanation,
  doctor: v.strictObject({ findings: v.array(finding), problems: integer }),
  drain: v.strictObject({ drained: v.array(drainResult), gone: v.nullable(v.boolean()) }),
  fresh: v.strictObject({
    destination: text,
    key,
    retired: v.array(drainResult),
    outcome: v.picklist(["made", "live", "failed", "pass"]),
    pid: v.nullable(integer),
    reason: v.nullable(text),
  }),
  why: v.strictObject({
    session: sessionEvent,
    verdict,
    cause: text,
    meaning: text,
    warm: v.boolean(),
    evidence: texts,
    events: v.array(controlEvent),
    last_words: v.array(lastWords),
  }),
  stats: v.strictObject({ ...summary.entries, masters: counts, sessions_now: integer }),
  report: v.strictObject({
    since: time,
    until: time,
    totals: summary,
    /** The same stretch of time before; null where the journal does not reach back so far. */
    before: v.nullable(summary),
    /** Every 255, the remote's own (cause `remote`) included. */
    broken: v.array(broken),
    causes: counts,
    html: v.nullable(text),
  }),
  config: v.strictObject({ host: v.nullable(text), files, settings, problems: texts }),
  "config check": v.strictObject({ files, problems: texts }),
  version: v.strictObject({ version: text }),
};

/** What several of them hold: named once in the schema. */
export const parts = { time, key, session: sessionEvent, control: controlEvent, master: shownMaster, drained: drainResult, summary, times };

export type Values = { [Name in keyof typeof values]: v.InferOutput<(typeof values)[Name]> };
export type Master = v.InferOutput<typeof master>;
export type ShownMaster = v.InferOutput<typeof shownMaster>;
export type DrainResult = v.InferOutput<typeof drainResult>;
export type Finding = v.InferOutput<typeof finding>;
export type Times = v.InferOutput<typeof times>;
export type Summary = v.InferOutput<typeof summary>;
export type Broken = v.InferOutput<typeof broken>;
export type LastWords = v.InferOutput<typeof lastWords>;
export type TicketState = v.InferOutput<typeof ticket>;
export type Explanation = Values["explain"];
export type Report = Omit<Values["report"], "html">;
