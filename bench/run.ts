// `npm run bench`: sshim beside raw OpenSSH, both sides in one run, in turn. Prints a table and writes bench/results/latest.json, the pictures and
// the README's table (the last two not with --quick or --only, unless --write is there too). It fails only when it cannot measure; a missed bar is a line that says so.
//   --quick       small numbers, for a look    --only core|crowd    one half
import { tearDown } from "../test/support/tools.ts";
import { measureCore } from "./core/all.ts";
import { measureCrowds } from "./crowd/all.ts";
import { printReport, writeReport } from "./support/report.ts";

const quick = process.argv.includes("--quick");
const only = process.argv[process.argv.indexOf("--only") + 1];
const half = process.argv.includes("--only") ? only : undefined;

try {
  const began = performance.now();
  const core = half === "crowd" ? undefined : await measureCore(quick);
  const crowd = half === "core" ? undefined : await measureCrowds(quick);
  const report = {
    figures: [...(core?.figures ?? []), ...(crowd?.figures ?? [])],
    remarks: [...(core?.remarks ?? []), ...(crowd?.remarks ?? [])],
    table: crowd?.table ?? [],
    curve: crowd?.curve ?? [],
  };
  await printReport(report);
  await writeReport(report, {
    quick,
    publish: process.argv.includes("--write") || (!quick && half === undefined),
    minutes: (performance.now() - began) / 60_000,
  });
} finally {
  await tearDown();
}
