/** The facts of a report: totals, the stretch before it, every 255 with its cause and verdict. */
import type { JournalEvent } from "../../../journal/events.ts";
import { diagnose } from "../../history/cause.ts";
import { controlsOf, isBroken, isRemote255, isRemoteCause, relatedTo, sessionsOf } from "../../history/sessions.ts";
import { countBy, summarise } from "../../history/summary.ts";
import type { Report, Summary } from "../../interface.ts";

/** `events` hold the stretch before, too. */
export function collectReport(events: readonly JournalEvent[], since: string, until: string): Report {
  const middle = events.filter((event) => event.time >= since && event.time <= until);
  const earlier = events.filter((event) => event.time < since);
  const controls = controlsOf(middle);
  const ends = sessionsOf(middle).filter((session) => isBroken(session) || isRemote255(session));
  const broken = ends.map((session) => {
    const { time, id, ms, destination = null } = session;
    return { time, id, destination, ...diagnose(session, relatedTo(session, controls)), ms };
  });
  const causes = countBy(broken, ({ cause }) => cause);
  return { since, until, totals: summarise(middle), before: earlier.length > 0 ? summarise(earlier) : null, broken, causes };
}

/** Of them, those that sshim or the network, not the remote command, is to blame for. */
export function countBroken(report: Report): number {
  return report.broken.filter(({ cause }) => !isRemoteCause(cause)).length;
}

/** Rows of the comparison: what, before, now. */
export function compareRows(report: Report): Array<[what: string, before: string, now: string]> {
  const row = (what: string, value: (summary: Summary) => string): [string, string, string] => [
    what,
    report.before ? value(report.before) : "-",
    value(report.totals),
  ];
  const sum = (own: boolean) => (summary: Summary) =>
    String(Object.entries(summary.codes_255).reduce((all, [cause, value]) => all + (isRemoteCause(cause) === own ? value : 0), 0));
  return [
    row("calls", (summary) => String(summary.invocations)),
    row("shared sessions", (summary) => String(summary.sessions)),
    row("of them warm", (summary) => (summary.warm_share === null ? "-" : `${(summary.warm_share * 100).toFixed(1)} %`)),
    row("handshakes", (summary) => String(summary.handshakes)),
    row("handshakes saved", (summary) => String(summary.handshakes_saved)),
    row("255: connection broke", sum(false)),
    row("255: the remote's own", sum(true)),
    row("dials that failed", (summary) => String(summary.dials.failed ?? 0)),
    row("drains", (summary) => String(summary.drains.count)),
    row("sessions a drain spared", (summary) => String(summary.drains.sessions_spared)),
    row("masters put aside", (summary) => String(summary.quarantines)),
    row("attach, median", (summary) => (summary.attach_ms.p50 === null ? "-" : `${summary.attach_ms.p50} ms`)),
    row("dial, median", (summary) => (summary.dial_ms.p50 === null ? "-" : `${summary.dial_ms.p50} ms`)),
    row("at once, at most", (summary) => String(summary.peak_sessions)),
  ];
}
