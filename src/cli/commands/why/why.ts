/** `sshim why`: the verdict on one session, what it rests on, and what its master last said. It reads only, and shows no command. */
import { UserError } from "../../../fault.ts";
import type { JournalEvent, SessionEvent } from "../../../journal/events.ts";
import type { Context } from "../../command.ts";
import { explainCause } from "../../history/cause.ts";
import { formatEvent } from "../../history/event-line.ts";
import {
  causeOf,
  controlsOf,
  isBroken,
  isRemote255,
  isWarm,
  readEvents,
  relatedTo,
  sessionsOf,
  verdictOf,
} from "../../history/sessions.ts";
import type { LastWords } from "../../interface.ts";
import { listBases } from "../../masters/list.ts";
import { formatMilliseconds } from "../../units.ts";
import { readLastWords } from "./last-words.ts";

export async function run(context: Context): Promise<number> {
  const events = await readEvents(context, "");
  const session = findSession(events, context.operands[0]);
  const related = relatedTo(session, controlsOf(events));
  const verdict = verdictOf(session, related);
  const cause = causeOf(session, related);
  const evidence = related.flatMap((event) => (event.evidence ? [event.evidence] : []));
  const words = readLastWords(await listBases(context), session);
  const meaning = explainCause(session, cause, verdict);
  if (context.out.json) {
    context.out.value("why", { session, verdict, cause, meaning, warm: isWarm(session), evidence, events: related, last_words: words });
    return 0;
  }
  context.out.write(formatEvent(session, context.out));
  context.out.write(`\nVerdict: ${context.out.paint("bold", verdict)}. ${meaning}\n`);
  for (const line of evidence) context.out.write(`Evidence: ${line}\n`);
  context.out.write(describeAttempts(session));
  if (related.length > 0)
    context.out.write(`\nMeanwhile, on the same connection:\n${related.map((event) => formatEvent(event, context.out)).join("")}`);
  context.out.write(words.map(formatWords).join(""));
  return 0;
}

/** By the beginning or the end of its id (ids begin with the time, so the end tells them apart); without one, the last that broke. */
function findSession(events: readonly JournalEvent[], id: string | undefined): SessionEvent {
  const sessions = sessionsOf(events);
  if (id === undefined) {
    const last = sessions.findLast((session) => isBroken(session) || isRemote255(session));
    if (!last) throw new UserError("cannot", "cannot find a session that broke: there is none in the journal");
    return last;
  }
  const word = id.toLowerCase();
  const found = sessions.filter((session) => session.id.startsWith(word) || session.id.endsWith(word));
  if (found.length === 1 || found.some((session) => session.id === word))
    return found.find((session) => session.id === word) ?? (found[0] as SessionEvent);
  if (found.length === 0) throw new UserError("cannot", `cannot find session ${id}: it is not in the journal`);
  throw new UserError("cannot", `cannot tell which session is meant by ${id}: ${found.length} ids begin or end so`);
}

function describeAttempts(session: SessionEvent): string {
  const asked =
    session.asked === 0
      ? "warm, nothing was asked"
      : `the control plane was asked ${session.asked === 1 ? "once" : `${session.asked} times`}`;
  const again = session.attempts === 0 ? "" : `, attached again ${session.attempts === 1 ? "once" : `${session.attempts} times`}`;
  const opened = session.open_ms === undefined ? "" : `, its channel open after ${formatMilliseconds(session.open_ms)}`;
  const broke = session.stage ? `; it last broke at ${session.stage} (${session.failure ?? "error"})` : "";
  return `Attempts: ${asked}${again}${opened}${broke}.\n`;
}

function formatWords({ path, lines }: LastWords): string {
  return `\nLast words, from ${path}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
