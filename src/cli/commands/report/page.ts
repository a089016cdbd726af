/** The report as one self-contained page: no script, no network; light, dark and on paper. */
import { isRemoteCause } from "../../history/sessions.ts";
import type { Broken, Report } from "../../interface.ts";
import { compareRows, countBroken } from "./collect.ts";
import { escapeText } from "./picture.ts";

/** The whole page; `picture` is the SVG, `left_out` the number of masters that it does not show. */
export function formatPage(report: Report, picture: string, leftOut: number): string {
  const bad = countBroken(report);
  const head = bad === 0 ? "Nothing broke" : `${bad} ${bad === 1 ? "call" : "calls"} broke`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>sshim report: ${head}</title>
<style>${style}</style>
</head>
<body>
<h1 class="${bad === 0 ? "good" : "bad"}">${head}</h1>
<p class="faint">${escapeText(report.since)} to ${escapeText(report.until)}</p>
<h2>Timeline</h2>
<figure>${picture}</figure>
<ul class="legend">${legend.map(([kind, meaning]) => `<li><i class="${kind}"></i>${meaning}</li>`).join("")}</ul>
${leftOut > 0 ? `<p class="faint">${leftOut} more connections are not drawn.</p>` : ""}
<h2>Every 255, and why</h2>
${formatBroken(report.broken)}
<h2>Totals</h2>
<table><thead><tr><th></th><th class="number">before</th><th class="number">in this time</th></tr></thead><tbody>
${compareRows(report)
  .map(([what, before, now]) => `<tr><th scope="row">${what}</th><td class="number">${before}</td><td class="number">${now}</td></tr>`)
  .join("\n")}
</tbody></table>
<p class="faint">“Before” is the same length of time before it${report.before ? "" : "; the journal does not reach back so far"}.</p>
</body>
</html>
`;
}

const MOST = 500;

function formatBroken(broken: readonly Broken[]): string {
  if (broken.length === 0) return "<p>None.</p>";
  const rows = broken
    .slice(0, MOST)
    .map(
      (one) =>
        `<tr class="${isRemoteCause(one.cause) ? "" : "bad"}"><td><time>${escapeText(one.time)}</time></td><td>${escapeText(one.destination ?? "-")}</td><td><b>${escapeText(one.cause)}</b></td><td>${one.verdict}</td><td>${escapeText(one.meaning)}${one.evidence.map((line) => `<br><code>${escapeText(line)}</code>`).join("")}</td><td><code>${escapeText(one.id)}</code></td></tr>`,
    );
  const more = broken.length > MOST ? `<p class="faint">${broken.length - MOST} more: sshim report --json has them all.</p>` : "";
  return `<div class="wide"><table><thead><tr><th>time</th><th>destination</th><th>cause</th><th>started?</th><th>meaning</th><th>id</th></tr></thead><tbody>
${rows.join("\n")}
</tbody></table></div>${more}`;
}

const legend: ReadonlyArray<readonly [string, string]> = [
  ["master", "master"],
  ["draining", "draining"],
  ["session", "session"],
  ["dial", "dial"],
  ["drain", "drain"],
  ["remote255", "255 of the remote command"],
  ["broken", "255: the connection broke"],
  ["failure", "failed dial, or put aside"],
];

const style = `
:root { --paper: #fff; --ink: #1b1f24; --faint: #636c76; --line: #d8dee4; --master: #d3e4f8; --draining: #f6e3b0; --session: #1f6feb; --dial: #1a7f37; --drain: #9a6700; --remote: #8250df; --broken: #cf222e; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --faint: #9198a1; --line: #30363d; --master: #17304f; --draining: #4a3a0c; --session: #58a6ff; --dial: #3fb950; --drain: #d29922; --remote: #bc8cff; --broken: #ff6b66; } }
body { margin: 2rem auto; max-width: 1220px; padding: 0 1rem; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
h1 { margin: 0; font-size: 1.7rem; } h1.bad { color: var(--broken); } h1.good { color: var(--dial); }
h2 { margin: 2rem 0 .6rem; font-size: 1.1rem; }
.faint { color: var(--faint); fill: var(--faint); }
figure, .wide { margin: 0; overflow-x: auto; }
svg { display: block; max-width: 100%; height: auto; font: 12px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg text.faint, svg tspan.faint { fill: var(--faint); }
table { border-collapse: collapse; } th, td { padding: .3rem .8rem .3rem 0; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
th { font-weight: 600; } .number { text-align: right; font-variant-numeric: tabular-nums; } time, code { font-size: .85em; white-space: nowrap; } td code { white-space: pre-wrap; }
tr.bad b { color: var(--broken); }
.grid { stroke: var(--line); fill: none; }
.master { fill: var(--master); background: var(--master); } .draining { fill: var(--draining); background: var(--draining); } .wedged { fill: none; stroke: var(--broken); stroke-dasharray: 4 3; }
.session { fill: var(--session); background: var(--session); } .remote255 { fill: var(--remote); background: var(--remote); } .broken { fill: var(--broken); background: var(--broken); }
g.dial rect { fill: var(--dial); opacity: .35; } g.dial path { fill: var(--dial); } i.dial { background: var(--dial); }
g.drain path { fill: var(--drain); stroke: var(--drain); } i.drain { background: var(--drain); }
g.failure path { stroke: var(--broken); stroke-width: 2.5; fill: none; } i.failure { background: none; border: 2px solid var(--broken); box-sizing: border-box; }
.legend { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; padding: 0; list-style: none; color: var(--faint); font-size: .9rem; }
.legend i { display: inline-block; width: 14px; height: 10px; margin-right: .4rem; border-radius: 2px; }
@media print { body { margin: 0; } }
`;
