/** `sshim why`: the verdict on one session, what it rests on, and what its master last said. */
import { UserError } from "../../../fault.ts";
import type { JournalEvent, SessionEvent } from "../../../journal/events.ts";
import type { Context } from "../../command.ts";
import { diagnose } from "../../history/cause.ts";
import { formatEvent } from "../../history/event-line.ts";
import { controlsOf, isBroken, isRemote255, isWarm, readEvents, relatedTo, sessionsOf } from "../../history/sessions.ts";
import type { LastWords } from "../../interface.ts";
import { listBases } from "../../masters/list.ts";
import { formatMilliseconds } from "../../units.ts";
import { readLastWords } from "./last-words.ts";

export async function run(context: Context): Promise<number> {
  const { out } = context;
  const events = await readEvents(context, "");
  const session = findSession(events, context.operands[0]);
  const related = relatedTo(session, controlsOf(events));
  const { verdict, cause, meaning, evidence } = diagnose(session, related);
  const words = readLastWords(await listBases(context), session);
  const value = { session, verdict, cause, meaning, warm: isWarm(session), evidence, events: related, last_words: words };
  const text = () => {
    const lines = related.map((event) => formatEvent(event, out)).join("");
    return [
      `${formatEvent(session, out)}\nVerdict: ${out.paint("bold", verdict)}. ${meaning}\n`,
      ...evidence.map((line) => `Evidence: ${line}\n`),
      describeAttempts(session),
      lines === "" ? "" : `\nMeanwhile, on the same connection:\n${lines}`,
      ...words.map(formatWords),
    ].join("");
  };
  out.show("why", value, text);
  return 0;
}

/** By the beginning or the end of its id (they begin with the time); else the last that broke. */
function findSession(events: readonly JournalEvent[], id: string | undefined): SessionEvent {
  const sessions = sessionsOf(events);
  if (id === undefined) {
    const last = sessions.findLast((session) => isBroken(session) || isRemote255(session));
    if (!last) throw new UserError("cannot", "cannot find a session that broke: there is none in the journal");
    return last;
  }
  const word = id.toLowerCase();
  const found = sessions.filter((session) => session.id.startsWith(word) || session.id.endsWith(word));
  const one = found.find((session) => session.id === word) ?? (found.length === 1 ? found[0] : undefined);
  if (one) return one;
  if (found.length === 0) throw new UserError("cannot", `cannot find session ${id}: it is not in the journal`);
  throw new UserError("cannot", `cannot tell which session is meant by ${id}: ${found.length} ids begin or end so`);
}

function describeAttempts({ asked, attempts, open_ms, stage, failure = "error" }: SessionEvent): string {
  const times = (count: number) => (count === 1 ? "once" : `${count} times`);
  const first = asked === 0 ? "warm, nothing was asked" : `the control plane was asked ${times(asked)}`;
  const again = attempts === 0 ? "" : `, attached again ${times(attempts)}`;
  const opened = open_ms === undefined ? "" : `, its channel open after ${formatMilliseconds(open_ms)}`;
  const broke = stage ? `; it last broke at ${stage} (${failure})` : "";
  return `Attempts: ${first}${again}${opened}${broke}.\n`;
}

function formatWords({ path, lines }: LastWords): string {
  return `\nLast words, from ${path}:\n${lines.map((line) => `  ${line}\n`).join("")}`;
}
