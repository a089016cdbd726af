/** What a command of `sshim` is: its description, from which help is made, and its code. */
import { UserError } from "../fault.ts";
import type { Environment } from "../sys/environment.ts";
import type { Output } from "./output.ts";
import { inspectRun } from "./place.ts";

export interface OptionRow {
  /** Long name without dashes. */
  name: string;
  /** What its value is called; a flag has none. */
  value?: string;
  meaning: string;
  /** Words that a shell may complete. */
  choices?: readonly string[];
  completes?: "file" | "host";
}

export interface CommandRow {
  name: string;
  summary: string;
  /** Arguments as they stand in the usage line. */
  usage: string;
  /** How many arguments it takes at most. */
  operands: number;
  /** Everything after `--` belongs to ssh. */
  takesSsh?: boolean;
  /** What follows `--` are options for ssh, and there may be none. */
  takesSshOptions?: boolean;
  options: readonly OptionRow[];
  explanation: readonly string[];
  examples: ReadonlyArray<readonly [command: string, meaning: string]>;
  exits: ReadonlyArray<readonly [code: number, meaning: string]>;
  /** What the first argument may be, for completion. */
  choices?: readonly string[];
  load: () => Promise<{ run: (context: Context) => Promise<number> }>;
}

/** What every command is given. */
export interface Context {
  env: Environment;
  uid: number;
  /** RUN; undefined where the front would pass. */
  run: string | undefined;
  options: Readonly<Record<string, string | boolean | undefined>>;
  operands: readonly string[];
  /** What followed `--`. */
  ssh: readonly string[];
  out: Output;
}

/** Not finished in time: a script may try again (EX_TEMPFAIL). */
export const BUSY = 75;

/** A named option as text, or undefined. */
export function textOption(context: Context, name: string): string | undefined {
  const value = context.options[name];
  return typeof value === "string" ? value : undefined;
}

export function flagOption(context: Context, name: string): boolean {
  return context.options[name] === true;
}

/** RUN. Throws where the front uses none: what is somebody else's is not believed. */
export function needRun(context: Context): string {
  const run = nameRun(context);
  const unsafe = inspectRun(run, context.uid);
  if (unsafe !== undefined) throw new UserError("cannot", `cannot use the runtime directory ${run}: ${unsafe}`);
  return run;
}

/** Where RUN is or would be, whoever it belongs to: for those that only speak of it. */
export function nameRun(context: Context): string {
  if (context.run === undefined)
    throw new UserError("cannot", "cannot find the runtime directory: SSHIM_DIR is not an absolute path (set by the environment)");
  return context.run;
}
