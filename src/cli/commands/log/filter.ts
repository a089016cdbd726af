/** What `--event` and `--outcome` let through. */
import { nearestName } from "../../../config/nearest.ts";
import { UserError } from "../../../fault.ts";
import { controlEvent, type JournalEvent } from "../../../journal/events.ts";
import { outcomes as sessionOutcomes } from "../../../protocol/contract.ts";
import { isBroken, isSession } from "../../history/sessions.ts";

const controlEvents = controlEvent.entries.event.options;
const others = ["broken", "nonzero", "ok", "live", "failed", "retired", "none", "odd", "ended", "again"];

/** A filter from comma-separated words; an exit code is an outcome too. Throws on unknown words. */
export function makeFilter(events: string | undefined, outcomes: string | undefined): (event: JournalEvent) => boolean {
  const names = split("event", events, ["session", ...controlEvents]);
  const words = split("outcome", outcomes, [...sessionOutcomes, ...others]);
  return (event) =>
    (names.length === 0 || names.includes(event.event)) && (words.length === 0 || words.some((word) => matches(event, word)));
}

function matches(event: JournalEvent, word: string): boolean {
  const session = isSession(event);
  if (word === "broken") return session ? isBroken(event) : event.outcome === "failed" || event.event === "quarantine";
  if (word === "nonzero") return session && event.outcome !== "pass" && event.code !== 0;
  if (/^\d+$/.test(word)) return session && event.outcome !== "pass" && event.code === Number(word);
  return event.outcome === word;
}

function split(option: string, text: string | undefined, known: readonly string[]): string[] {
  const words = (text ?? "").split(",").filter((word) => word !== "");
  for (const word of words) {
    if (known.includes(word) || (option === "outcome" && /^\d+$/.test(word))) continue;
    const near = nearestName(word, known);
    throw new UserError(
      "usage",
      `cannot read --${option}: ${JSON.stringify(word)}: no such ${option}${near ? `; did you mean ${near}?` : ""}`,
    );
  }
  return words;
}
