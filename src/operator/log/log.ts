/** `sshim log`: the journal's lines, filtered, and followed as it grows. It reads only. */
import type { JournalEvent } from "../../state/journal.ts";
import { followJournal } from "../../state/journal-follow.ts";
import { type Context, flagOption, textOption } from "../command.ts";
import { matchesDestination } from "../destinations.ts";
import { journalOf, readEvents } from "../sessions.ts";
import { readSince } from "../units.ts";
import { makeFilter } from "./filter.ts";
import { formatEvent } from "./format.ts";

export async function run(context: Context): Promise<number> {
  const since = textOption(context, "since");
  const filter = makeFilter(textOption(context, "event"), textOption(context, "outcome"));
  const show = (event: JournalEvent) =>
    context.out.write(context.out.json ? `${JSON.stringify(event)}\n` : formatEvent(event, context.out));
  const follow = flagOption(context, "follow");
  const past = follow && since === undefined ? [] : (await readEvents(context, since ? readSince(since, new Date()) : "")).filter(filter);
  const lines = Number(textOption(context, "lines") ?? Number.POSITIVE_INFINITY);
  for (const event of past.slice(Number.isNaN(lines) ? 0 : Math.max(0, past.length - lines))) show(event);
  if (!follow) return past.length > 0 ? 0 : 1;
  await followFrom(context, filter, show);
  return 0;
}

async function followFrom(context: Context, filter: (event: JournalEvent) => boolean, show: (event: JournalEvent) => void): Promise<void> {
  const path = await journalOf(context);
  if (path === undefined) return;
  const host = textOption(context, "host");
  const ended = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, () => ended.abort());
  const take = (event: JournalEvent) => {
    if (filter(event) && (!host || matchesDestination(host, event.destination))) show(event);
  };
  await followJournal(path, take, { signal: ended.signal });
}
