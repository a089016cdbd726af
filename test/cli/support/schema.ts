/** Holds a value to its schema in docs/interface.schema.json, the file that other programs read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { repository } from "../../support/tools.ts";

const schema = JSON.parse(readFileSync(join(repository, "docs/interface.schema.json"), "utf8"));
const ajv = new Ajv2020({ allErrors: true }).addSchema(schema, "interface");

export const definitions: Record<string, object> = schema.$defs;

/** Throws, with the place, when a value is not what its definition says. */
export function conform(name: string, value: unknown): void {
  const validate = ajv.getSchema(`interface#/$defs/${encodeURIComponent(name)}`);
  if (!validate) throw new Error(`there is no definition of ${name}`);
  if (!validate(value)) throw new Error(ajv.errorsText(validate.errors, { dataVar: name, separator: "\n" }));
}
