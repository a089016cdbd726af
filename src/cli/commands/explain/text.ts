/** An explanation for people. */
import type { Explanation } from "../../interface.ts";
import { formatTable, type Output } from "../../output.ts";

const lanes = {
  attach: "a session on a shared connection",
  establish: "a shared connection is made, nothing runs on it",
  control: "a control command for a shared connection",
  pass: "the real ssh does it, as if sshim were not there",
} as const;

export function formatExplanation(explanation: Explanation, out: Output): string {
  const { real_ssh: real } = explanation;
  const rows: Array<[string, string]> = [
    ["lane", `${out.paint("bold", explanation.lane)}: ${lanes[explanation.lane]}`],
    ["because", `${explanation.why} (rule ${explanation.reason})`],
    ["destination", explanation.destination ?? "-"],
    [
      "real ssh",
      `${real.path}${real.version ? `, OpenSSH ${real.version}` : ""} (found by ${real.origin}${real.skipped.length > 0 ? `, after ${real.skipped.join(", ")}` : ""})`,
    ],
  ];
  if (explanation.key !== null) {
    rows.push(["key", explanation.key + (explanation.own_control_path ? " (of the caller's own ControlPath)" : "")]);
    if (explanation.connection_key !== explanation.key) rows.push(["connection key", explanation.connection_key ?? "-"]);
    rows.push(["socket", explanation.socket ?? "-"], ["masters", describeMasters(explanation)]);
  }
  rows.push(["ticket", describeTicket(explanation)]);
  const parts = [formatTable(rows)];
  for (const line of explanation.ticket?.stale ?? []) parts.push(`  stale: ${line}\n`);
  if (explanation.key_parts) {
    const { options, extras, files } = explanation.key_parts;
    parts.push(
      "\nThe key is made of\n",
      ...[...extras, ...files.map((file) => `file ${file}`)].map((line) => `  ${line}\n`),
      `  and ${options.length} options of ssh -G (--json lists them)\n`,
    );
  }
  if (explanation.dial) parts.push(`\nA dial would be\n  ${explanation.dial.map(quoteWord).join(" ")}\n`);
  if (explanation.settings.length > 0) {
    parts.push(
      "\nSettings that are not the default\n",
      formatTable(explanation.settings.map(({ name, value, origin }) => [`  ${name}`, String(value), origin])),
    );
  }
  for (const problem of explanation.problems) parts.push(`${out.paint("yellow", problem)}\n`);
  return parts.join("");
}

function describeMasters({ masters, shards }: Explanation): string {
  if (masters.length === 0) return `none; up to ${shards} would be made`;
  return masters
    .map(
      ({ shard, pid, state, sessions, limit }) =>
        `shard ${shard}: pid ${pid}, ${state}, ${sessions}${limit === null ? "" : `/${limit}`} sessions`,
    )
    .join("; ");
}

function describeTicket({ ticket, cache }: Explanation): string {
  if (!ticket) return "not looked at";
  if (cache.rule === "never") return `never kept: ${cache.reason}`;
  switch (ticket.state) {
    case "fresh":
      return `fresh, ${ticket.dependencies} dependencies hold: nothing would be asked (${ticket.path})`;
    case "stale":
      return `stale, made anew at the next call (${ticket.path})`;
    case "damaged":
      return `not usable, made anew at the next call (${ticket.path})`;
    case "none":
      return `none yet: the first call asks${cache.rule === "keep" ? "" : ` (and keeps none: ${cache.reason})`}`;
  }
}

/** As a shell would need it. */
export function quoteWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
