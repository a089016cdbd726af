/** `sshim config`: every setting, its value and its origin; `config check`: what cannot be read. */
import { type Config, loadConfig, originsFor } from "../../../config/config.ts";
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
  const settings = originsFor(config, host).map(({ name, value, origin }) => ({ name, value: value ?? null, origin }));
  const files = filesOf(config);
  const text = () => {
    const paint = (origin: string) => (origin === "default" ? out.paint("dim", origin) : origin);
    const rows = settings.map(({ name, value, origin }) => [
      name,
      typeof value === "string" ? JSON.stringify(value) : String(value ?? "-"),
      paint(origin),
    ]);
    return [
      formatTable([["SETTING", "VALUE", "FROM"], ...rows]),
      ...files.map(({ path, present }) => out.paint("dim", `${present ? "read" : "absent"}: ${path}\n`)),
      ...config.problems.map((problem) => `${out.paint("yellow", problem)}\n`),
    ].join("");
  };
  out.show("config", { host: host ?? null, files, settings, problems: config.problems }, text);
  return 0;
}

function checkConfig({ out }: Context, config: Config): number {
  const { problems } = config;
  const files = filesOf(config);
  const names = files.map(({ path, present }) => `${path}${present ? "" : " (absent)"}`).join(", ");
  const all = `nothing wrong in ${names} and the environment\n`;
  out.show("config check", { files, problems }, () => problems.map((problem) => `${out.paint("red", problem)}\n`).join("") || all);
  return problems.length > 0 ? 1 : 0;
}

function filesOf(config: Config): Array<{ path: string; present: boolean }> {
  return config.read.map(({ path, present }) => ({ path, present }));
}
