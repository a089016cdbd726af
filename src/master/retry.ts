/**
 * The one place that decides what happens after a failure. At most once: from the moment when
 * NEW_SESSION and its descriptors are sent, only a refusal proves that nothing was started.
 */
import type { DialFailure } from "../openssh/messages.ts";
import { type BreakKind, breakKinds, limits, type Stage, stages } from "../protocol/contract.ts";

/**
 * dial = make a master; replace = put the wedged one out of the way, then dial; overflow = the next
 * shard, and learn the limit; retire = stop-listening, then dial; judge = plan anew, with the
 * master that is there in view; pass = the real ssh; lost = 255.
 */
export type Decision = "dial" | "replace" | "overflow" | "retire" | "judge" | "pass" | "lost";

/** What is known about the remote command at this point. */
export type Verdict = "not started" | "started" | "unknown";

/** What to do, and what is proven. Unknown words: `pass`, which is 255 where something was sent. */
export function decide(stage: string | undefined, failure: string | undefined, attempt: number): { decision: Decision; verdict: Verdict } {
  const known = stages.includes(stage as Stage) && breakKinds.includes(failure as BreakKind);
  const verdict = classifyVerdict(stage, failure);
  const decision = known ? TABLE[stage as Stage][failure as BreakKind] : "pass";
  // Whoever comes back again and again meets something that dialling does not cure.
  const most = decision === "overflow" ? limits.heals : limits.dials;
  return { decision: attempt >= most && decision !== "lost" ? "pass" : decision, verdict };
}

/**
 * What to do about a failed dial: nothing was sent to a master yet, so only the server's patience
 * is at stake.
 */
export function decideDial(failure: DialFailure, attempt: number, retries: number, secondsLeft: number): "again" | "pass" | "give up" {
  if (failure === "unlinkable") return "pass";
  // A dial that used up the caller's time is not repeated: two of them would take twice as long as
  // the real ssh.
  return failure === "transient" && attempt < retries && secondsLeft >= 1 ? "again" : "give up";
}

const NEVER_AGAIN = everyBreak("lost");

/** Hello and alive: it is there, and has been told nothing yet. */
const GREETING: Readonly<Record<BreakKind, Decision>> = {
  ...everyBreak("pass"),
  none: "dial",
  refused: "dial",
  // ControlPersist ran out between accept and hello.
  eof: "dial",
  timeout: "replace",
  nonsense: "replace",
  character: "judge",
  damaged: "dial",
  expired: "retire",
  idle: "retire",
};

const TABLE: Readonly<Record<Stage, Readonly<Record<BreakKind, Decision>>>> = {
  record: {
    ...everyBreak("pass"),
    none: "dial",
    refused: "dial",
    damaged: "dial",
    character: "judge",
    expired: "retire",
    idle: "retire",
  },
  connect: {
    ...everyBreak("pass"),
    none: "dial",
    refused: "dial",
    eof: "dial",
    // A full backlog: nobody has accepted for a long time.
    timeout: "replace",
    character: "judge",
    damaged: "dial",
    expired: "retire",
    idle: "retire",
  },
  hello: GREETING,
  alive: GREETING,
  session: {
    ...NEVER_AGAIN,
    // MUX_S_FAILURE: the server did not open a session. MUX_S_PERMISSION_DENIED: the master's owner
    // said no; ssh goes by itself then.
    failure: "overflow",
    denied: "pass",
  },
  opened: NEVER_AGAIN,
};

function everyBreak(decision: Decision): Record<BreakKind, Decision> {
  return Object.fromEntries(breakKinds.map((failure) => [failure, decision])) as Record<BreakKind, Decision>;
}

function classifyVerdict(stage: string | undefined, failure: string | undefined): Verdict {
  switch (stage) {
    case "record":
    case "connect":
    case "hello":
    case "alive":
      return "not started";
    case "session":
      return failure === "failure" || failure === "denied" ? "not started" : "unknown";
    case "opened":
      return "started";
    default:
      return "unknown";
  }
}
