/**
 * Reads one configuration file (TOML) into values that know their line. A key or value that it
 * cannot take becomes a problem and is left out.
 */
import { close, errorCode, openToRead, readAll, whyNot } from "../sys/files.ts";
import { decodeUtf8 } from "../sys/text.ts";
import { nearestName } from "./nearest.ts";
import { splitPatterns } from "./patterns.ts";
import { type SettingName, type SettingRow, type Settings, settingNames, settingRows } from "./settings.ts";
import { readValue } from "./values.ts";

export interface Entry {
  value: Settings[SettingName];
  /** `file:line` */
  origin: string;
}

export interface Section {
  /** undefined: the values that hold for every host */
  patterns: string[] | undefined;
  values: Partial<Record<SettingName, Entry>>;
}

export interface ConfigFile {
  path: string;
  present: boolean;
  /** `[[host]]` sections in the order of the file, then the global values. */
  sections: Section[];
  problems: string[];
}

/** Reads `path`; an absent file is an empty one. */
export async function readConfigFile(path: string): Promise<ConfigFile> {
  const file: ConfigFile = { path, present: false, sections: [], problems: [] };
  let text: string;
  try {
    text = readText(path);
  } catch (error) {
    const code = errorCode(error);
    if (code !== "ENOENT" && code !== "ENOTDIR") file.problems.push(`cannot read ${path}: ${whyNot(error)}`);
    return file;
  }
  file.present = true;
  const document = await parseDocument(text, file);
  if (document) takeDocument(document, text, file);
  return file;
}

function readText(path: string): string {
  const fd = openToRead(path);
  if (fd === undefined) return "";
  try {
    return decodeUtf8(readAll(fd));
  } finally {
    close(fd);
  }
}

async function parseDocument(text: string, file: ConfigFile): Promise<Record<string, unknown> | undefined> {
  const { parse, TomlError } = await import("smol-toml");
  try {
    return parse(text, { integersAsBigInt: false });
  } catch (error) {
    const line = error instanceof TomlError ? error.line : 1;
    const why = error instanceof Error ? (error.message.split("\n")[0] ?? "").replace(/^Invalid TOML document: /, "") : "not TOML";
    file.problems.push(`cannot read the configuration: ${why} (set by ${file.path}:${line})`);
    return undefined;
  }
}

function takeDocument(document: Record<string, unknown>, text: string, file: ConfigFile): void {
  const lines = findLines(text);
  const everywhere: Section = { patterns: undefined, values: {} };
  for (const [key, raw] of Object.entries(document)) {
    if (key === "host") takeHosts(raw, lines, file);
    else takeValue(everywhere, key, raw, lines.get(`0.${key}`) ?? 1, file);
  }
  file.sections.push(everywhere);
}

function takeHosts(raw: unknown, lines: Map<string, number>, file: ConfigFile): void {
  const tables = Array.isArray(raw) ? raw : [raw];
  tables.forEach((table: unknown, index) => {
    const start = lines.get(`${index + 1}`) ?? lines.get("0.host") ?? 1;
    if (typeof table !== "object" || table === null) {
      file.problems.push(`cannot read "host": it has to be a [[host]] section (set by ${file.path}:${start})`);
      return;
    }
    const { host, ...rest } = table as Record<string, unknown>;
    const line = (key: string) => lines.get(`${index + 1}.${key}`) ?? start;
    const patterns = readPatterns(host);
    if (!patterns) {
      const why = host === undefined ? 'it has no "host = …"' : '"host" has to be a pattern or a list of patterns';
      file.problems.push(`cannot read a [[host]] section: ${why} (set by ${file.path}:${line("host")})`);
      return;
    }
    const section: Section = { patterns, values: {} };
    for (const [key, value] of Object.entries(rest)) takeValue(section, key, value, line(key), file);
    file.sections.push(section);
  });
}

function readPatterns(raw: unknown): string[] | undefined {
  const words = typeof raw === "string" ? [raw] : raw;
  if (!Array.isArray(words) || !words.every((word) => typeof word === "string")) return undefined;
  const patterns = words.flatMap(splitPatterns);
  return patterns.length > 0 ? patterns : undefined;
}

function takeValue(section: Section, key: string, raw: unknown, line: number, file: ConfigFile): void {
  const origin = `${file.path}:${line}`;
  const row: SettingRow | undefined = settingRows.find(({ name }) => name === key);
  if (!row) {
    const near = nearestName(key, [...settingNames, "host"]);
    file.problems.push(`cannot read "${key}": no such setting${near ? `; did you mean "${near}"?` : ""} (set by ${origin})`);
    return;
  }
  if (row.where === "environment") {
    file.problems.push(`cannot read "${key}": only the variable ${row.variable} sets it (set by ${origin})`);
    return;
  }
  const read = readValue(raw, row.kind, row.range);
  if (read.ok) section.values[row.name] = { value: read.value as Settings[SettingName], origin };
  else file.problems.push(`cannot read "${key}": ${read.why} (set by ${origin})`);
}

/**
 * The line of every key: `0.key` for global ones, `n.key` in the n-th `[[host]]`, `n` for its
 * heading. TOML parsers keep no lines; a key is the first one of its name in its section, and text
 * inside a multi-line value is not mistaken for one.
 */
function findLines(text: string): Map<string, number> {
  const lines = new Map<string, number>();
  let section = 0;
  let closing: string | undefined;
  text.split("\n").forEach((line, index) => {
    if (closing) {
      if (line.includes(closing)) closing = undefined;
      return;
    }
    if (/^\s*\[\[?\s*host\s*\]\]?/.test(line)) lines.set(`${++section}`, index + 1);
    const key = /^\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_-]+))\s*=\s*(.*)$/.exec(line);
    if (!key) return;
    const name = `${section}.${key[1] ?? key[2] ?? key[3]}`;
    if (!lines.has(name)) lines.set(name, index + 1);
    const value = key[4] ?? "";
    const quote = value.startsWith('"""') ? '"""' : value.startsWith("'''") ? "'''" : undefined;
    if (quote && !value.slice(3).includes(quote)) closing = quote;
  });
  return lines;
}
