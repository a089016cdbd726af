/** A cause in a sentence that says what it means for the caller. */
import type { SessionEvent, StoredControlEvent, Verdict } from "../../journal/events.ts";
import { causeOf, reasonOf, verdictOf } from "./sessions.ts";

/** Why a session ended, whether its command was started, what that means, what it rests on. */
export function diagnose(session: SessionEvent, related: readonly StoredControlEvent[]): Diagnosis {
  const cause = causeOf(session, related);
  const verdict = verdictOf(session, related);
  const evidence = related.flatMap((event) => event.evidence || []);
  return { verdict, cause, meaning: explainCause(session, cause, verdict), evidence };
}

interface Diagnosis {
  verdict: Verdict;
  cause: string;
  meaning: string;
  evidence: string[];
}

/** What happened, and what follows from it. */
function explainCause(session: SessionEvent, cause: string, verdict: Verdict): string {
  if (session.outcome === "pass")
    return `The real ssh took this call over (${reasonOf(session) || "no reason was written"}); what it did is not in the journal.`;
  if (cause === "remote") return "The remote command itself ended with 255: the connection was whole.";
  if (session.outcome === "exit") return `The command ran and ended with ${session.code ?? 0}.`;
  if (session.outcome === "signal") return "The caller was ended by a signal; its session ended with it.";
  if (session.outcome === "wedged")
    return "The master on that path did not answer within a second; the next session puts it aside and gets a new one.";
  if (session.lane === "control") return "A control command (-O): no session was involved.";
  if (session.outcome === "established") return "A master is there; no command was given.";
  if (cause === "remote signal")
    return "The remote command ended without an exit code, by a signal as a rule; the connection lives. ssh itself says 255 then.";
  if (cause === "drained")
    return "The command was started, and an operator ended its connection: `sshim drain --now`, or `-O exit` with SSHIM_EXIT=hard.";
  if (cause === "lost")
    return "The command was started, and its connection ended without an exit code: the server, the network or the master went away.";
  if (cause.startsWith("dial: "))
    return `No connection could be made (${cause.slice(6)}), so nothing was started; ssh's own words went to the caller's stderr.`;
  if (verdict === "unknown")
    return "The master went away after it was given the session and before it answered: the command may or may not have started, so it was not repeated.";
  if (verdict === "not started") return "It broke before anything was sent to the server: nothing was started.";
  return "The command was started.";
}
