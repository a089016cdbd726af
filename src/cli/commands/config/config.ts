/** `sshim config`: every setting, its value and its origin; `config check`: what could not be read. It changes no file. */
import { type Config, loadConfig, type Origin, originsFor } from "../../../config/config.ts";
import { UserError } from "../../../fault.ts";
import { type Context, textOption } from "../../command.ts";
import { formatTable } from "../../output.ts";

export async function run(context: Context): Promise<number> {
  const word = context.operands[0];
  if (word !== undefined && word !== "check") throw new UserError("usage", `cannot read ${JSON.stringify(word)}: only "check" may follow`);
  const config = await loadConfig(context.env);
  return word === "check" ? checkConfig(context, config) : showConfig(context, config);
}

function showConfig(context: Context, config: Config): number {
  const { out } = context;
  const host = textOption(context, "host");
  const origins = originsFor(config, host);
  const files = config.read.map(({ path, present }) => ({ path, present }));
  if (out.json) {
    const settings = origins.map(({ name, value, origin }) => ({ name, value: value ?? null, origin }));
    out.value("config", { host: host ?? null, files, settings, problems: config.problems });
    return 0;
  }
  const rows = origins.map((origin) => [
    origin.name,
    showValue(origin),
    origin.origin === "default" ? out.paint("dim", "default") : origin.origin,
  ]);
  out.write(formatTable([["SETTING", "VALUE", "FROM"], ...rows]));
  for (const { path, present } of files) out.write(out.paint("dim", `${present ? "read" : "absent"}: ${path}\n`));
  for (const problem of config.problems) out.write(`${out.paint("yellow", problem)}\n`);
  return 0;
}

function checkConfig(context: Context, config: Config): number {
  const { out } = context;
  const files = config.read.map(({ path, present }) => ({ path, present }));
  if (out.json) out.value("config check", { files, problems: config.problems });
  else if (config.problems.length > 0) out.write(config.problems.map((problem) => `${out.paint("red", problem)}\n`).join(""));
  else
    out.write(
      `nothing wrong in ${files.map(({ path, present }) => `${path}${present ? "" : " (absent)"}`).join(", ")} and the environment\n`,
    );
  return config.problems.length > 0 ? 1 : 0;
}

function showValue({ value }: Origin): string {
  return value === undefined ? "-" : typeof value === "string" ? JSON.stringify(value) : String(value);
}
