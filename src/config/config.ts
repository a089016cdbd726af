/**
 * The configuration: the user's file, the system's file, the environment, the last one being the
 * strongest. It never fails a call: what cannot be read is a problem to be told, and the default
 * holds.
 */
import type { Environment } from "../sys/environment.ts";
import { type ConfigFile, type Entry, readConfigFile, type Section } from "./file.ts";
import { nearestName } from "./nearest.ts";
import { matchPatternList } from "./patterns.ts";
import { defaultScope, scopeVariables } from "./scope.ts";
import { otherVariables, type SettingName, type Settings, settingRows } from "./settings.ts";
import { readValue } from "./values.ts";

export type { SettingName, Settings } from "./settings.ts";

/** A value and where it comes from: `default`, `file:line`, or `environment NAME`. */
export interface Origin {
  name: SettingName;
  value: Settings[SettingName];
  origin: string;
}

export interface Config {
  /** Sentences of the form "cannot read <what>: <why> (set by <file>:<line>)". */
  problems: string[];
  /** Candidate files, the strongest first, present or not. */
  files: string[];
  /** Variables that settings depend on, besides HOME and the SSHIM ones of every ticket. */
  variables: string[];
  environment: Partial<Record<SettingName, Entry>>;
  /** What the environment says about a setting nobody set: the CI job's scope. */
  defaults: Partial<Record<SettingName, Entry>>;
  read: ConfigFile[];
}

/** Reads everything that `env` points at. Never throws. `system` is the machine's own file. */
export async function loadConfig(env: Environment, system = "/etc/sshim/config.toml"): Promise<Config> {
  const files = configPaths(env, system);
  const read: ConfigFile[] = [];
  for (const path of files) read.push(await readConfigFile(path));
  const problems = read.flatMap((file) => file.problems);
  const environment = readEnvironment(env, problems);
  const scope = defaultScope(env);
  const defaults = scope ? { scope: { value: scope.scope, origin: scope.origin } } : {};
  return { problems, files, variables: ["XDG_CONFIG_HOME", ...scopeVariables], environment, defaults, read };
}

/** The settings in force for a host, as typed and (once known) as resolved. */
export function settingsFor(config: Config, typed: string | undefined, resolved?: string): Settings {
  return Object.fromEntries(originsFor(config, typed, resolved).map(({ name, value }) => [name, value])) as unknown as Settings;
}

/** The same, each value with its origin, in the order of the table. */
export function originsFor(config: Config, typed: string | undefined, resolved?: string): Origin[] {
  const names = [typed, resolved].filter((name) => name !== undefined && name !== "") as string[];
  const sections = config.read.flatMap((file) => file.sections).filter((section) => holds(section, names));
  return settingRows.map(({ name, fallback }) => {
    const entry = config.environment[name] ?? sections.find((section) => section.values[name])?.values[name] ?? config.defaults[name];
    return entry ? { name, ...entry } : { name, value: fallback, origin: "default" };
  });
}

function holds(section: Section, names: string[]): boolean {
  return section.patterns === undefined || matchPatternList(section.patterns, names);
}

function configPaths(env: Environment, system: string): string[] {
  if (env.SSHIM_CONFIG) return [env.SSHIM_CONFIG, system];
  const base = env.XDG_CONFIG_HOME?.startsWith("/") ? env.XDG_CONFIG_HOME : env.HOME ? `${env.HOME}/.config` : undefined;
  return base ? [`${base}/sshim/config.toml`, system] : [system];
}

function readEnvironment(env: Environment, problems: string[]): Partial<Record<SettingName, Entry>> {
  const entries: Partial<Record<SettingName, Entry>> = {};
  for (const { name, kind, range, variable } of settingRows) {
    const raw = env[variable];
    if (raw === undefined || raw === "") continue;
    const read = readValue(raw, kind, range);
    if (read.ok) entries[name] = { value: read.value as Settings[SettingName], origin: `environment ${variable}` };
    else problems.push(`cannot read ${variable}: ${read.why} (set by the environment)`);
  }
  const known = [...settingRows.map(({ variable }) => variable), ...otherVariables];
  for (const variable of Object.keys(env)) {
    if (!variable.startsWith("SSHIM_") || /^SSHIM_(RAW|TEST)_/.test(variable) || known.includes(variable)) continue;
    const near = nearestName(variable, known);
    problems.push(`cannot read ${variable}: no such setting${near ? `; did you mean ${near}?` : ""} (set by the environment)`);
  }
  return entries;
}
