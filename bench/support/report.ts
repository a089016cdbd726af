// Where the figures go: the terminal, bench/results/latest.json, the pictures, the README. Only a run that is to be published replaces the last two.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Crowd } from "../crowd/crowd.ts";
import { drawCrowd } from "../pictures/crowd.ts";
import { formatFigures, isMet, type Report } from "./bars.ts";
import { describeMachine } from "./machine.ts";
import { replaceBetween } from "./markers.ts";
import { formatMarkdown, formatTable } from "./statistics.ts";

export interface WholeReport extends Report {
  table: string[][];
  curve: Crowd[];
}

const root = join(import.meta.dirname, "../..");

/** A progress line on stderr, so that stdout holds the tables alone. */
export function say(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}

export async function printReport(report: WholeReport): Promise<void> {
  console.log(`${await describeMachine()}\n`);
  console.log(`${formatTable(formatFigures(report.figures))}\n`);
  if (report.table.length > 1) console.log(`${formatTable(report.table)}\n`);
  for (const { what, detail } of report.remarks) console.log(`${what}: ${detail}`);
  const missed = report.figures.filter((figure) => !isMet(figure, figure.bar));
  console.log(`\n${report.figures.length - missed.length} of ${report.figures.length} bars met`);
}

export async function writeReport(report: WholeReport, run: { quick: boolean; publish: boolean; minutes: number }): Promise<void> {
  const machine = await describeMachine();
  const results = join(root, "bench/results");
  mkdirSync(results, { recursive: true });
  const content = { date: new Date().toISOString(), machine, ...run, minutes: Math.round(run.minutes * 10) / 10, ...report };
  writeFileSync(join(results, "latest.json"), `${JSON.stringify(content, null, 1)}\n`);
  if (!run.publish) return;
  mkdirSync(join(root, "docs/pictures"), { recursive: true });
  if (report.curve.length > 0) writeFileSync(join(root, "docs/pictures/crowd.svg"), drawCrowd(report.curve));
  const parts = [
    `Both sides in one run, in turn, medians${run.quick ? " (a short run)" : ""}; ${machine}; \`npm run bench\`.`,
    ...(report.table.length > 1 ? [formatMarkdown(report.table)] : []),
    "![Callers at once on a cold host: seconds and failures](docs/pictures/crowd.svg)",
    ...(existsSync(join(root, "docs/pictures/soak.svg"))
      ? [
          "`npm run soak`: deployments, health checks and refreshes while masters are killed and networks cut.",
          "![Failed callers and authentications over a soak](docs/pictures/soak.svg)",
        ]
      : []),
    formatMarkdown(formatFigures(report.figures)),
  ];
  replaceBetween(join(root, "README.md"), "bench", parts.join("\n\n"));
}
