/** `sshim report`: a stretch of time, every 255 with its cause, as text, JSON or a page. */
import { now as currentTime } from "../../../sys/clock.ts";
import { type Context, textOption } from "../../command.ts";
import { readEvents } from "../../history/sessions.ts";
import type { Report } from "../../interface.ts";
import { formatTable, type Output, writeNamedFile } from "../../output.ts";
import { readSince } from "../../units.ts";
import { collectReport, compareRows, countBroken } from "./collect.ts";

export async function run(context: Context): Promise<number> {
  const now = new Date(currentTime());
  const since = readSince(textOption(context, "since") ?? "24h", now);
  const length = now.getTime() - Date.parse(since);
  const events = await readEvents(context, new Date(Date.parse(since) - length).toISOString());
  const report = collectReport(events, since, now.toISOString());
  const file = textOption(context, "html");
  if (file !== undefined) {
    const { drawTimeline, resolutionOf } = await import("./picture.ts");
    const { makeTimeline } = await import("./timeline.ts");
    const { formatPage } = await import("./page.ts");
    const shown = events.filter((event) => event.time >= since);
    const from = Math.max(
      Date.parse(since),
      Math.min(...shown.map((event) => Date.parse(event.time) - (event.ms ?? 0)), now.getTime() - 1000),
    );
    const { listMasters } = await import("../../masters/list.ts");
    const masters = await listMasters(context);
    const live = new Set(masters.filter(({ state }) => state !== "dead").map(({ pid }) => pid));
    const timeline = makeTimeline(events, from, now.getTime(), resolutionOf(from, now.getTime()), live);
    writeNamedFile(file, formatPage(report, drawTimeline(timeline), timeline.left_out), "html");
  }
  context.out.show("report", { ...report, html: file ?? null }, () => formatReport(report, context.out, file));
  return countBroken(report) > 0 ? 1 : 0;
}

function formatReport(report: Report, out: Output, file: string | undefined): string {
  const bad = countBroken(report);
  const parts = [
    `${out.paint(bad === 0 ? "green" : "red", bad === 0 ? "Nothing broke" : `${bad} ${bad === 1 ? "call" : "calls"} broke`)} from ${report.since} to ${report.until}\n\n`,
    formatTable([["", "BEFORE", "NOW"], ...compareRows(report)], [1, 2]),
  ];
  if (report.broken.length > 0) {
    const rows = report.broken.map((one) => [one.time, one.id, one.destination ?? "-", one.cause, one.verdict]);
    parts.push("\n", formatTable([["TIME", "ID", "DESTINATION", "CAUSE", "STARTED?"], ...rows]));
    const causes = Object.entries(report.causes).sort(([, left], [, right]) => right - left);
    parts.push(`\n${causes.map(([cause, count]) => `${count} × ${cause}`).join(", ")}. More on one of them: sshim why ID\n`);
  }
  if (file !== undefined) parts.push(`\nwritten: ${file}\n`);
  return parts.join("");
}
