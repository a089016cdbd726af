/** `sshim doctor`: finds by experiment what keeps sshim from working. Only --fix changes things. */
import { type Context, flagOption, nameRun } from "../../command.ts";
import type { Finding } from "../../interface.ts";
import type { Output } from "../../output.ts";
import { findFront, findReal } from "../../place.ts";
import { countOf } from "../../units.ts";
import type { DoctorContext } from "./finding.ts";

export async function run(context: Context): Promise<number> {
  const { out } = context;
  const doctor = { context, run: nameRun(context), front: findFront(), real: findReal(context.env), fix: flagOption(context, "fix") };
  const findings: Finding[] = [];
  for (const check of await loadChecks()) for await (const finding of check(doctor)) findings.push(finding);
  const problems = findings.filter(({ level }) => level === "problem").length;
  const end = problems === 0 ? "nothing wrong" : countOf(problems, "problem");
  out.show("doctor", { findings, problems }, () => `${findings.map((finding) => formatFinding(finding, out)).join("")}\n${end}\n`);
  return problems > 0 ? 1 : 0;
}

type Check = (doctor: DoctorContext) => Iterable<Finding> | AsyncIterable<Finding>;

async function loadChecks(): Promise<Check[]> {
  const { checkPrograms } = await import("./programs.ts");
  const { checkControl } = await import("./control.ts");
  const { checkPlaces } = await import("./places.ts");
  const { checkSettings } = await import("./settings.ts");
  const { checkMasters } = await import("./masters.ts");
  const { checkHost } = await import("./host.ts");
  return [checkPrograms, checkControl, checkPlaces, checkSettings, checkMasters, checkHost];
}

const signs = { ok: ["ok", "green"], note: ["note", "yellow"], problem: ["PROBLEM", "red"] } as const;

function formatFinding({ level, fixed, what, consequence, remedy }: Finding, out: Output): string {
  const [word, colour] = fixed ? (["fixed", "blue"] as const) : signs[level];
  const line = (name: string, text: string) => (text === "" ? "" : `         ${name}${text}\n`);
  return `${out.paint(colour, word.padEnd(8))} ${what}\n${line("so:   ", consequence)}${line("do:   ", remedy)}`;
}
