// The soak as a picture: failed callers and authentications, added up over the minutes, both sides.
import type { Verdict } from "../soak/judge.ts";
import type { Played } from "../soak/play.ts";
import { type Chart, drawChart, wrapSvg } from "./chart.ts";

const colours = { raw: "#c0504d", sshim: "#2f7fc1" };
const names = { raw: "raw OpenSSH", sshim: "sshim" };

export function drawSoak(results: { played: Played; verdict: Verdict }[], seconds: number): string {
  const lines = (points: (played: Played) => [number, number][]) =>
    results.map(({ played }) => ({ name: names[played.side], colour: colours[played.side], points: points(played) }));
  const common = { width: 360, height: 260, across: seconds < 180 ? "seconds" : "minutes" };
  const unit = seconds < 180 ? 1000 : 60_000;
  const scaled = (points: [number, number][]) =>
    points.map(([at, count]): [number, number] => [Math.round((at / unit) * 100) / 100, count]);
  const charts: Chart[] = [
    { ...common, x: 0, title: "callers that failed, so far", lines: lines((played) => scaled(addUpFailures(played))) },
    { ...common, x: 380, title: "authentications, so far", lines: lines((played) => scaled([[0, 0], ...played.course])) },
  ];
  return wrapSvg(760, 300, charts.map(drawChart).join("\n"));
}

function addUpFailures(played: Played): [number, number][] {
  const last = played.course[played.course.length - 1]?.[0] ?? 0;
  return Array.from({ length: 41 }, (_, index): [number, number] => {
    const until = (last * index) / 40;
    return [until, played.seen.filter(({ code, ended }) => code !== 0 && ended <= until).length];
  });
}
