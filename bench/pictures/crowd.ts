// The crowd as a picture: seconds and failures over the number of callers, three ways. Plain SVG that reads on a light and on a dark page.
import type { Crowd, Way } from "../crowd/crowd.ts";
import { type Chart, drawChart, wrapSvg } from "./chart.ts";

const colours: Partial<Record<Way, string>> = { "no sharing": "#b07d2b", "ControlMaster=auto": "#c0504d", sshim: "#2f7fc1" };

export function drawCrowd(curve: Crowd[]): string {
  const ways = Object.keys(colours) as Way[];
  const lines = (pick: (crowd: Crowd) => number) =>
    ways.map((way) => ({
      name: way,
      colour: colours[way] ?? "",
      points: curve.filter((crowd) => crowd.way === way).map((crowd) => [crowd.callers, pick(crowd)] as const),
    }));
  const common = { x: 0, width: 360, height: 260, across: "callers at once, cold host" };
  const charts: Chart[] = [
    { ...common, title: "seconds until the last one is done", lines: lines(({ wall }) => wall / 1000) },
    { ...common, x: 380, title: "callers that failed, %", lines: lines(({ failures, asked }) => (100 * failures) / asked) },
  ];
  return wrapSvg(760, 300, `${charts.map(drawChart).join("\n")}`);
}
