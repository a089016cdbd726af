/** `sshim doctor`: finds out by experiment what keeps sshim from working here. Only --fix changes anything. */
import { type Context, flagOption, nameRun } from "../../command.ts";
import type { Finding } from "../../interface.ts";
import type { Output } from "../../output.ts";
import { findFront, findReal } from "../../place.ts";
import type { DoctorContext } from "./finding.ts";

export async function run(context: Context): Promise<number> {
  const doctor: DoctorContext = {
    context,
    run: nameRun(context),
    front: findFront(),
    real: findReal(context.env),
    fix: flagOption(context, "fix"),
  };
  const findings: Finding[] = [];
  for (const check of await loadChecks()) findings.push(...(await check(doctor)));
  const problems = findings.filter(({ level }) => level === "problem").length;
  if (context.out.json) context.out.value("doctor", { findings, problems });
  else context.out.write(formatFindings(findings, problems, context.out));
  return problems > 0 ? 1 : 0;
}

type Check = (doctor: DoctorContext) => Finding[] | Promise<Finding[]>;

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

function formatFindings(findings: readonly Finding[], problems: number, out: Output): string {
  const lines = findings.map((finding) => {
    const [word, colour] = finding.fixed ? (["fixed", "blue"] as const) : signs[finding.level];
    const sign = out.paint(colour, word.padEnd(8));
    const rest = [finding.consequence === "" ? "" : `so:   ${finding.consequence}`, finding.remedy === "" ? "" : `do:   ${finding.remedy}`];
    return [`${sign} ${finding.what}`, ...rest.filter((line) => line !== "").map((line) => `         ${line}`)].join("\n");
  });
  return `${lines.join("\n")}\n\n${problems === 0 ? "nothing wrong" : `${problems} problem${problems === 1 ? "" : "s"}`}\n`;
}
