/**
 * What the front (C) and the control plane agree on, said once: limits, versions, stages, failures, outcomes, reasons, marks, names of files.
 * `src/front/protocol.h` is made from it (install/headers.ts): whoever changes a word here changes it in both languages.
 */

/** Versions of what lies in the runtime directory; a reader takes its own only. */
export const versions = { callId: 1, ticket: 1, record: 1 } as const;
/** First lines of files. */
export const openings: Readonly<Record<string, string>> = {
  ticket: `sshim-ticket ${versions.ticket}`,
  record: `sshim-master ${versions.record}`,
};

/** How much of anything there may be, in bytes, seconds or pieces. */
export const limits = {
  /** A call id; a longer one is passed. */
  callIdBytes: 16_000,
  ticketBytes: 65_536,
  /** Lines of a ticket: what it depends on, connections that will do, variables sent or set (each). */
  dependencies: 512,
  accepts: 16,
  variables: 256,
  /** A record's text; from here on each byte of the file is the slot of a session, then of a forwarding. */
  recordBytes: 4096,
  slots: 1000,
  forwards: 512,
  /** Masters of one pool. */
  shards: 8,
  /** A path of a control socket: OpenSSH appends 17 bytes while it listens. */
  socketBytes: 90,
  /** A caller attaches so often, is healed so often, and asks for a connection so often, before it goes by itself. */
  attempts: 12,
  heals: 10,
  dials: 4,
  /** The channel: a line, locks held at a time, locks of one name, seconds to wait for a lock, and for an answer that has not said otherwise. */
  lineBytes: 512,
  locks: 8,
  lockChoices: 16,
  lockSeconds: 86_400,
  answerSeconds: 10,
} as const;

/** Where a call broke, in the order of a call. `session` = NEW_SESSION and the descriptors were sent, no reply yet. */
export const stages = ["record", "connect", "hello", "alive", "session", "opened"] as const;
export type Stage = (typeof stages)[number];

/** How it broke. */
export const breakKinds = [
  "none",
  "refused",
  "foreign",
  "error",
  "eof",
  "timeout",
  "nonsense",
  "denied",
  "failure",
  "character",
  "expired",
  "idle",
  "damaged",
  "full",
] as const;
export type BreakKind = (typeof breakKinds)[number];

/** How an invocation ended, as its line in the journal says. */
export const outcomes = [
  "exit",
  "lost",
  "signal",
  "pass",
  "answered",
  "refused",
  "failure shared",
  "checked",
  "wedged",
  "established",
] as const;
export type Outcome = (typeof outcomes)[number];

/** What the front asks of the control plane: a judgement, a connection, help after a failure, an `-O` word. */
export const requests = ["resolve", "dial", "heal", "control"] as const;
export type RequestKind = (typeof requests)[number];

/** Why the front, by itself, let the real ssh do it: `why` in the journal. */
export const reasons = [
  "no self",
  "off",
  "closed descriptor",
  "no place",
  "arguments",
  "question",
  "no lock",
  "lock busy",
  "no answer",
  "control",
  "full",
  "attempts",
  "forwarding refused",
  "background",
  "request too large",
  "no terminal to take modes from",
] as const;

/** Variables by which the front and what it starts tell each other something: no part of a call id, and gone before ssh is started. */
export const marks = ["SSHIM_AS", "SSHIM_THEN_AS", "SSHIM_IGNORED", "SSHIM_PARENT"] as const;
/** An entry of the environment in disguise: SSHIM_RAW_<n>=<hex>. */
export const RAW_PREFIX = "SSHIM_RAW_";
/** For the shell of a dial, which takes them out again. */
export const shellMarks = ["SSHIM_LOG", "SSHIM_SHELL"] as const;

/** Names in the runtime directory; the last ones are the control plane's own. */
export const names = { tickets: "t", pools: "k", locks: "locks", journal: "journal.jsonl" } as const;
export const ownNames = { letters: "letters", dials: "d" } as const;
