/** `sshim stats`: the journal and the masters in numbers, for people, scripts and Prometheus. */
import { UserError } from "../../../fault.ts";
import { now } from "../../../sys/clock.ts";
import { type Context, flagOption, textOption } from "../../command.ts";
import { journalOf, readEvents } from "../../history/sessions.ts";
import { countBy, summarise } from "../../history/summary.ts";
import { type Counts, emptyTally } from "../../history/tally.ts";
import type { Summary, Times } from "../../interface.ts";
import { listMasters } from "../../masters/list.ts";
import { formatTable, writeNamedFile } from "../../output.ts";
import { formatSeconds, readSince } from "../../units.ts";
import { countOn } from "./checkpoint.ts";
import { formatPrometheus, type Live } from "./prometheus.ts";

export async function run(context: Context): Promise<number> {
  if (flagOption(context, "prometheus")) return exportMetrics(context);
  if (textOption(context, "output")) throw new UserError("usage", "cannot read --output: it goes with --prometheus");
  const since = textOption(context, "since");
  const summary = summarise(await readEvents(context, since ? readSince(since, new Date(now())) : ""));
  const live = await countLive(context);
  const value = { ...summary, masters: live.masters, sessions_now: live.sessions };
  context.out.show("stats", value, () => formatSummary(summary, live));
  return 0;
}

function formatSummary(summary: Summary, live: Live): string {
  const share = summary.warm_share === null ? "" : ` (${(summary.warm_share * 100).toFixed(1)} % warm)`;
  const saved = summary.seconds_saved === null ? "" : `, about ${formatSeconds(summary.seconds_saved)} of waiting`;
  const rows: Array<[string, string]> = [
    ["from", summary.since === null ? "nothing in the journal" : `${summary.since} to ${summary.until}`],
    ["calls", `${summary.invocations}: ${formatCounts(summary.lanes)}`],
    ["outcomes", formatCounts(summary.outcomes)],
    ["shared sessions", `${summary.sessions}${share}, ${summary.peak_sessions} at once at most`],
    ["handshakes", `${summary.handshakes} made, ${summary.handshakes_saved} saved${saved}`],
    ["dials", formatCounts(summary.dials)],
    ["attach", formatTimes(summary.attach_ms)],
    ["dial time", formatTimes(summary.dial_ms)],
    ["exits 255", formatCounts(summary.codes_255)],
    ["healed", formatCounts(summary.retries)],
    ["drains", `${summary.drains.count}, sparing ${summary.drains.sessions_spared} sessions`],
    ["retired", formatCounts(summary.retired)],
    ["put aside", `${summary.quarantines}`],
    ["masters now", `${formatCounts(live.masters)}; ${live.sessions} sessions`],
  ];
  return formatTable(rows);
}

async function exportMetrics(context: Context): Promise<number> {
  for (const name of ["since", "host"]) {
    if (textOption(context, name) !== undefined)
      throw new UserError("usage", `cannot read --${name}: --prometheus always counts everything`);
  }
  const journal = await journalOf(context);
  const text = formatPrometheus(journal === undefined ? emptyTally() : countOn(journal), await countLive(context));
  const file = textOption(context, "output");
  if (file === undefined) context.out.write(text);
  else writeNamedFile(file, text, "output");
  return 0;
}

async function countLive(context: Context): Promise<Live> {
  const masters = await listMasters(context);
  return { masters: countBy(masters, ({ state }) => state), sessions: masters.reduce((sum, master) => sum + master.sessions, 0) };
}

function formatCounts(counts: Counts): string {
  const parts = Object.entries(counts).sort(([, left], [, right]) => right - left);
  return parts.length === 0 ? "none" : parts.map(([name, value]) => `${name} ${value}`).join(", ");
}

function formatTimes({ count, p50, p95, p99 }: Times): string {
  return count === 0 ? "none measured" : `p50 ${p50} ms, p95 ${p95} ms, p99 ${p99} ms (${count})`;
}
