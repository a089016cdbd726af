// `npm run soak -- --minutes N [--seed S] [--hosts H] [--side raw|sshim] [--journal FILE] [--short]`: deployments, health checks and connection refreshes on several hosts, with masters
// killed and networks cut, first through raw OpenSSH, then through sshim, by the same plan, N minutes each. Prints both side by side and writes
// bench/results/soak.json; with both sides, also the picture. Ends with 1 when sshim lost, repeated or cut anything.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tearDown } from "../../test/support/tools.ts";
import { drawSoak } from "../pictures/soak.ts";
import { describeMachine } from "../support/machine.ts";
import type { SideName } from "../support/sides.ts";
import { formatTable, round } from "../support/statistics.ts";
import { causes, countAvoidable, judge, type Verdict } from "./judge.ts";
import { makePlan, makeShortPlan } from "./plan.ts";
import { type Played, play } from "./play.ts";

const root = join(import.meta.dirname, "../..");
const option = (name: string) => (process.argv.includes(`--${name}`) ? process.argv[process.argv.indexOf(`--${name}`) + 1] : undefined);
const minutes = Number(option("minutes") ?? 2);
const sides = (option("side") === undefined ? ["raw", "sshim"] : [option("side")]) as SideName[];

if (!(minutes > 0)) throw new Error("cannot soak: --minutes wants a number");
const seed = Number(option("seed") ?? 1);
const plan = process.argv.includes("--short")
  ? makeShortPlan(seed)
  : makePlan({ seconds: Math.round(minutes * 60), seed, hosts: Number(option("hosts") ?? 3) });
const bound = plan.serverAlive * 4 * 1000;
const results: { played: Played; verdict: Verdict }[] = [];
try {
  for (const side of sides) {
    process.stderr.write(`soak: ${side}, ${plan.seconds} seconds, seed ${plan.seed}, ${plan.events.length} events\n`);
    const played = await play(plan, side, 30 + plan.serverAlive * 4, option("journal"));
    results.push({ played, verdict: judge(played, bound) });
  }
} finally {
  await tearDown();
}

console.log(`${await describeMachine()}; seed ${plan.seed}, ${plan.hosts} hosts, ${plan.seconds} seconds each\n`);
console.log(`${formatTable(tabulate(results.map(({ verdict }) => verdict)))}\n`);
for (const { played, verdict } of results) for (const example of verdict.examples) console.log(`${played.side}: ${example}`);
for (const { played, verdict } of results) console.log(`${played.side}: ${verdict.slowestWas}`);
write();
const ours = results.find(({ played }) => played.side === "sshim")?.verdict;
const bad = ours ? countAvoidable(ours) + ours.lost.length + ours.startedTwice.length + ours.hung.length : 0;
console.log(bad === 0 ? "sshim: nothing lost, nothing twice, nothing cut but by a fault" : `sshim: ${bad} callers were failed`);
process.exitCode = bad === 0 ? 0 : 1;

function tabulate(verdicts: Verdict[]): string[][] {
  const row = (what: string, pick: (verdict: Verdict) => string | number) => [what, ...verdicts.map((verdict) => String(pick(verdict)))];
  return [
    ["", ...sides],
    row("commands", ({ commands }) => commands),
    row("health checks", ({ healthChecks }) => healthChecks),
    ...causes.map((cause) => row(`failed: ${cause}`, ({ failures }) => failures[cause])),
    row("started twice", ({ startedTwice }) => startedTwice.length),
    row("lost (success, but not done)", ({ lost }) => lost.length),
    row("hung", ({ hung }) => hung.length),
    row("slowest beyond its own time, s", ({ slowest }) => round(slowest / 1000)),
    row("authentications", ({ authentications }) => authentications),
    row("connections left that nobody can reach", ({ left }) => left),
  ];
}

function write(): void {
  const folder = join(root, "bench/results");
  mkdirSync(folder, { recursive: true });
  const content = {
    date: new Date().toISOString(),
    minutes,
    seed: plan.seed,
    hosts: plan.hosts,
    sides: results.map(({ played, verdict }) => ({ side: played.side, ...verdict })),
  };
  writeFileSync(join(folder, "soak.json"), `${JSON.stringify(content, null, 1)}\n`);
  if (results.length < 2) return;
  mkdirSync(join(root, "docs/pictures"), { recursive: true });
  writeFileSync(join(root, "docs/pictures/soak.svg"), drawSoak(results, plan.seconds));
}
