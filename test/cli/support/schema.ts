/** Compares a value with its schema in docs/interface.schema.json. Knows the few words of JSON Schema that are used there, and refuses others. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { repository } from "../../support/tools.ts";

interface Schema {
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: unknown[];
  pattern?: string;
  oneOf?: Schema[];
}

const known = ["type", "properties", "required", "additionalProperties", "items", "enum", "pattern", "oneOf"];

export const definitions: Record<string, Schema> = JSON.parse(readFileSync(join(repository, "docs/interface.schema.json"), "utf8")).$defs;

/** Throws, with the place, when a value is not what its definition says. */
export function conform(name: string, value: unknown): void {
  const schema = definitions[name];
  if (!schema) throw new Error(`there is no definition of ${name}`);
  const problems = judge(schema, value, name);
  if (problems.length > 0) throw new Error(problems.join("\n"));
}

function judge(schema: Schema, value: unknown, place: string): string[] {
  for (const word of Object.keys(schema)) if (!known.includes(word)) throw new Error(`unknown word in the schema: ${word}`);
  if (schema.oneOf) {
    const results = schema.oneOf.map((choice) => judge(choice, value, place));
    return results.filter((problems) => problems.length === 0).length === 1
      ? []
      : [`${place}: fits none of the choices:`, ...results.flat()];
  }
  const types = [schema.type ?? []].flat();
  const type = typeOf(value);
  if (!types.includes(type) && !(type === "integer" && types.includes("number")))
    return [`${place}: ${type} instead of ${types.join(" or ")}`];
  if (value === null) return [];
  if (schema.enum && !schema.enum.includes(value))
    return [`${place}: ${JSON.stringify(value)} is not one of ${JSON.stringify(schema.enum)}`];
  if (schema.pattern && !new RegExp(schema.pattern).test(String(value)))
    return [`${place}: ${JSON.stringify(value)} does not match ${schema.pattern}`];
  if (Array.isArray(value)) return value.flatMap((item, index) => judge(schema.items ?? {}, item, `${place}[${index}]`));
  return typeof value === "object" ? judgeObject(schema, value as Record<string, unknown>, place) : [];
}

function judgeObject(schema: Schema, value: Record<string, unknown>, place: string): string[] {
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${place}: no ${name}`);
  const fields = Object.entries(value).flatMap(([name, field]) => {
    const own = schema.properties?.[name];
    if (own) return judge(own, field, `${place}.${name}`);
    if (typeof schema.additionalProperties === "object") return judge(schema.additionalProperties, field, `${place}.${name}`);
    return schema.additionalProperties === false ? [`${place}: ${name} is not in the schema`] : [];
  });
  return [...missing, ...fields];
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
