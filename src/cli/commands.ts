/** The table of the operator's commands. Help, the man page, the completions and the reading of arguments all come from here. */

import { nearestName } from "../config/nearest.ts";
import { Failure } from "../fault.ts";
import type { CommandRow } from "./command.ts";
import { installRows } from "./rows-install.ts";
import { journalRows } from "./rows-journal.ts";
import { masterRows } from "./rows-masters.ts";

export const commands: readonly CommandRow[] = [...masterRows, ...journalRows, ...installRows];

/** The row of a command. Throws a Failure with the nearest name. */
export function findCommand(name: string): CommandRow {
  const found = commands.find((command) => command.name === name);
  if (found) return found;
  const near = nearestName(
    name,
    commands.map((command) => command.name),
  );
  throw new Failure(
    "usage",
    `cannot find the command ${JSON.stringify(name)}${near ? `; did you mean "${near}"?` : ""} (see: sshim --help)`,
  );
}
