// The crowd's numbers: every way on the same server with sshd's default limits, in turn, failures and authentications counted.
import { type Sshd, startSshd } from "../../test/support/tools.ts";
import type { Figure, Remark, Report } from "../support/bars.ts";
import { say } from "../support/report.ts";
import { median, round, sum } from "../support/statistics.ts";
import { type Crowd, runCrowd, type Way } from "./crowd.ts";
import { runDeployments } from "./deployer.ts";
import { runExits } from "./exits.ts";

export interface CrowdReport extends Report {
  /** for the README: what, no sharing, ControlMaster=auto, sshim */
  table: string[][];
  /** for the picture */
  curve: Crowd[];
}

const ways: Way[] = ["no sharing", "ControlMaster=auto", "sshim"];

export async function measureCrowds(quick: boolean): Promise<CrowdReport> {
  const server = await startSshd();
  const report: CrowdReport = { figures: [], remarks: [], table: [["", ...ways]], curve: [] };
  try {
    await measureCurve(server, report, quick ? [1, 10, 50] : [1, 5, 10, 20, 50, 100, 200], quick ? 1 : 3);
    await measureWarmCrowd(server, report, quick ? 1 : 3);
    await measureDeployments(report, quick);
    await measureExits(server, report, quick ? 10 : 200);
  } finally {
    await server.stop();
  }
  return report;
}

async function measureCurve(server: Sshd, report: CrowdReport, sizes: number[], times: number): Promise<void> {
  for (const callers of sizes) {
    const crowds: Crowd[] = [];
    for (let i = 0; i < (callers > 50 ? Math.min(times, 2) : times); i++) {
      for (const way of i % 2 === 0 ? ways : ways.toReversed()) {
        say(`${callers} callers on a cold host, ${way}`);
        crowds.push(await runCrowd(server, way, callers, "true"));
      }
    }
    report.curve.push(...ways.map((way) => summarize(crowds.filter((crowd) => crowd.way === way))));
  }
  const at = (way: Way, callers: number) => report.curve.find((crowd) => crowd.way === way && crowd.callers === callers);
  const [raw, ours, large] = [at("ControlMaster=auto", 50), at("sshim", 50), at("sshim", 200)];
  if (raw && ours) report.figures.push(...judgeFifty(raw, ours));
  if (ours && large) report.figures.push(...judgeTwoHundred(ours, large));
  for (const callers of sizes.filter((size) => size >= 50)) {
    report.table.push([`${callers} callers, cold: failed · seconds · authentications`, ...ways.map((way) => describe(at(way, callers)))]);
  }
  const bare = await runCrowd(server, "sshim without options", 50, "true");
  report.remarks.push({ what: "50 cold callers through sshim with no option at all", detail: describe(bare) });
}

function judgeFifty(raw: Crowd, ours: Crowd): Figure[] {
  const most = { unit: "", direction: "most" } as const;
  return [
    {
      ...most,
      what: "50 callers, cold: failures",
      measured: ours.failures,
      bar: 0,
      aim: 0,
      detail: `of ${ours.asked}; raw ${raw.failures}`,
    },
    {
      ...most,
      what: "50 callers, cold: wall, sshim ÷ raw ControlMaster=auto",
      measured: ours.wall / raw.wall,
      bar: 0.6,
      aim: 0.35,
      detail: `${round(ours.wall)} ms ÷ ${round(raw.wall)} ms`,
    },
    {
      ...most,
      what: "50 callers, cold: authentications",
      measured: ours.authentications,
      bar: 6,
      aim: 5,
      detail: `raw ${raw.authentications}`,
    },
    {
      ...most,
      what: "50 callers, cold: processor seconds of the client side, sshim ÷ raw ControlMaster=auto",
      measured: ours.processor / raw.processor,
      bar: 0.4,
      aim: 0.2,
      detail: `${round(ours.processor)} s ÷ ${round(raw.processor)} s`,
    },
  ];
}

function judgeTwoHundred(fifty: Crowd, ours: Crowd): Figure[] {
  const most = { unit: "", direction: "most" } as const;
  const detail = `of ${ours.asked}; wall ${round(ours.wall)} ms, ${ours.authentications} authentications`;
  return [
    { ...most, what: "200 callers, cold: failures", measured: ours.failures, bar: 0, aim: 0, detail },
    {
      ...most,
      what: "200 callers, cold: wall ÷ wall of 50 (callers grow by 4)",
      measured: ours.wall / fifty.wall,
      bar: 4,
      aim: 4,
      detail: `${round(ours.wall)} ms ÷ ${round(fifty.wall)} ms`,
    },
  ];
}

async function measureWarmCrowd(server: Sshd, report: CrowdReport, times: number): Promise<void> {
  const crowds: Crowd[] = [];
  for (let i = 0; i < times; i++) {
    for (const way of ways.slice(1)) {
      say(`50 callers on a warm host, a second each, ${way}`);
      crowds.push(await runCrowd(server, way, 50, "sleep 1", true));
    }
  }
  const [raw, ours] = ways.slice(1).map((way) => summarize(crowds.filter((crowd) => crowd.way === way)));
  if (!raw || !ours) return;
  const most = { direction: "most" } as const;
  report.figures.push(
    {
      ...most,
      what: "50 callers, warm, `sleep 1`: failures",
      measured: ours.failures,
      unit: "",
      bar: 0,
      aim: 0,
      detail: `of ${ours.asked}; raw ${raw.failures}`,
    },
    {
      ...most,
      what: "50 callers, warm, `sleep 1`: wall",
      measured: ours.wall / 1000,
      unit: " s",
      bar: 4,
      aim: 2.5,
      detail: `raw ${round(raw.wall / 1000)} s`,
    },
  );
  report.table.push(["50 callers, warm, a second each: failed · seconds · authentications", "–", describe(raw), describe(ours)]);
}

async function measureDeployments(report: CrowdReport, quick: boolean): Promise<void> {
  say("Deployer's table");
  const results = await runDeployments(5, quick ? 5 : 50, 20, ways);
  const of = (way: Way) => results.find((result) => result.way === way);
  const [none, auto, ours] = ways.map(of);
  if (!none || !auto || !ours) return;
  report.figures.push({
    what: `5 hosts × ${ours.commands / 5} commands, 20 ms round trip, sshim ÷ no sharing`,
    measured: ours.wall / none.wall,
    unit: "",
    bar: 0.15,
    aim: 0.08,
    direction: "most",
    detail: `${round(ours.wall / 1000)} s ÷ ${round(none.wall / 1000)} s; OpenSSH's sharing ${round(auto.wall / 1000)} s; failures ${ours.failures}, ${none.failures}, ${auto.failures}`,
  });
  say("Deployer's table without a script on stdin");
  const [bare, bareOurs] = await runDeployments(5, quick ? 5 : 50, 20, ["no sharing", "sshim"], "argument");
  if (bare && bareOurs)
    report.remarks.push({
      what: "Deployer's table with nothing on stdin (one round trip less a command), sshim ÷ no sharing",
      detail: `${round(bareOurs.wall / bare.wall)}: ${round(bareOurs.wall / 1000)} s ÷ ${round(bare.wall / 1000)} s; failures ${bareOurs.failures}, ${bare.failures}`,
    });
  const cell = ({ failures, commands, wall, authentications }: typeof none) =>
    `${failures} of ${commands} · ${round(wall / 1000)} · ${authentications}`;
  report.table.push([
    `5 hosts × ${ours.commands / 5} commands, 20 ms away: failed · seconds · authentications`,
    cell(none),
    cell(auto),
    cell(ours),
  ]);
}

async function measureExits(server: Sshd, report: CrowdReport, times: number): Promise<void> {
  say(`-O exit, ${times} times`);
  const raw = await runExits(server, "raw", times, 5);
  const ours = await runExits(server, "sshim", times, 5);
  const remark: Remark = {
    what: `${times} × \`-O exit\` while 5 sessions run`,
    detail: `raw ${round(raw.wall / 1000)} s, sshim ${round(ours.wall / 1000)} s in all`,
  };
  report.figures.push({
    what: `\`-O exit\` while 5 sessions run, ${times} times: sessions cut`,
    measured: ours.cut,
    unit: "",
    bar: 0,
    aim: 0,
    direction: "most",
    detail: `raw ${raw.cut} of ${raw.sessions}`,
  });
  report.remarks.push(remark);
  report.table.push([
    `\`-O exit\` while 5 sessions run, ${times} times: sessions cut`,
    "–",
    `${raw.cut} of ${raw.sessions}`,
    `${ours.cut} of ${ours.sessions}`,
  ]);
}

/** Several crowds of one kind: medians, but failures are added up, since one is one too many. */
function summarize(crowds: Crowd[]): Crowd {
  const [first] = crowds;
  if (!first) throw new Error("cannot summarize: there is no crowd");
  const middle = (pick: (crowd: Crowd) => number) => median(crowds.map(pick));
  return {
    ...first,
    wall: middle(({ wall }) => wall),
    asked: sum(crowds.map(({ asked }) => asked)),
    failures: sum(crowds.map(({ failures }) => failures)),
    authentications: Math.max(...crowds.map(({ authentications }) => authentications)),
    processor: middle(({ processor }) => processor),
  };
}

function describe(crowd: Crowd | undefined): string {
  return crowd ? `${crowd.failures} of ${crowd.asked} · ${round(crowd.wall / 1000)} · ${crowd.authentications}` : "–";
}
