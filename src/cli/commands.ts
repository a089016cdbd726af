/** The list of the operator's commands, in the order in which help shows them. */
import { nearestName } from "../config/nearest.ts";
import { UserError } from "../fault.ts";
import type { CommandRow } from "./command.ts";
import { config } from "./commands/config/row.ts";
import { doctor } from "./commands/doctor/row.ts";
import { drain } from "./commands/drain/row.ts";
import { explain } from "./commands/explain/row.ts";
import { fresh } from "./commands/fresh/row.ts";
import { install } from "./commands/install/row.ts";
import { log } from "./commands/log/row.ts";
import { report } from "./commands/report/row.ts";
import { stats } from "./commands/stats/row.ts";
import { status } from "./commands/status/row.ts";
import { why } from "./commands/why/row.ts";

export const commands: readonly CommandRow[] = [status, explain, doctor, drain, fresh, log, why, stats, report, config, install];

/** The row of a command. Throws a Failure with the nearest name. */
export function findCommand(name: string): CommandRow {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const near = nearestName(
    name,
    commands.map((command) => command.name),
  );
  throw new UserError(
    "usage",
    `cannot find the command ${JSON.stringify(name)}${near ? `; did you mean "${near}"?` : ""} (see: sshim --help)`,
  );
}
