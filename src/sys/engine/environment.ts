/** The variables of this process, made of its entries when they are first asked for. */
import type { Environment } from "../types.ts";
import { system } from "./system.ts";

let variables: Record<string, string> | undefined;

export function environment(): Environment {
  if (variables === undefined) {
    variables = {};
    for (const entry of system.variables) {
      const equals = entry.indexOf("=");
      // As getenv(3): the first of a name counts.
      if (equals > 0) variables[entry.slice(0, equals)] ??= entry.slice(equals + 1);
    }
  }
  return variables;
}
