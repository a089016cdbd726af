/** `sshim log`: the journal's lines, filtered, and followed as it grows. It reads only. */
import { UserError } from "../../../fault.ts";
import type { JournalEvent } from "../../../journal/events.ts";
import { followJournal } from "../../../journal/follow.ts";
import { now } from "../../../sys/clock.ts";
import { onSignal } from "../../../sys/terminal.ts";
import { type Context, flagOption, textOption } from "../../command.ts";
import { formatEvent } from "../../history/event-line.ts";
import { journalOf, readEvents } from "../../history/sessions.ts";
import { destinationNamed } from "../../masters/named.ts";
import { readSince } from "../../units.ts";
import { makeFilter } from "./filter.ts";

export async function run(context: Context): Promise<number> {
  const since = textOption(context, "since");
  const lines = readLines(textOption(context, "lines"));
  const filter = makeFilter(textOption(context, "event"), textOption(context, "outcome"));
  const { out } = context;
  const show = (event: JournalEvent) => out.showNext("journal", event, () => formatEvent(event, out));
  const follow = flagOption(context, "follow");
  const past =
    follow && since === undefined ? [] : (await readEvents(context, since ? readSince(since, new Date(now())) : "")).filter(filter);
  for (const event of past.slice(Math.max(0, past.length - lines))) show(event);
  if (!follow) return past.length > 0 ? 0 : 1;
  await followFrom(context, filter, show);
  return 0;
}

function readLines(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UserError("usage", `cannot read --lines: ${JSON.stringify(text)} is not a whole number`);
}

async function followFrom(context: Context, filter: (event: JournalEvent) => boolean, show: (event: JournalEvent) => void): Promise<void> {
  const path = await journalOf(context);
  if (path === undefined) return;
  const host = textOption(context, "host");
  const isNamed = host === undefined ? () => true : destinationNamed(context, host);
  const until = new Promise<void>((resolve) => onSignal(["SIGINT", "SIGTERM", "SIGHUP"], resolve));
  const take = (event: JournalEvent) => {
    if (filter(event) && isNamed(event.destination)) show(event);
  };
  await followJournal(path, take, { until });
}
