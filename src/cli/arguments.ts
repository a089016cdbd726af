/** Reads the arguments of a command; an unknown name is refused with the nearest known one. */
import yargs from "yargs-parser";
import { nearestName } from "../config/nearest.ts";
import { UserError } from "../fault.ts";
import type { CommandRow, OptionRow } from "./command.ts";
import { commonOptions } from "./options.ts";

export interface Read {
  options: Record<string, string | boolean | undefined>;
  operands: string[];
  ssh: string[];
}

/** Reads argv (what follows the command's name). Throws a Failure with exit code 2. */
export async function readArguments(command: CommandRow, argv: readonly string[]): Promise<Read> {
  const rows = [...command.options, ...commonOptions];
  const read = yargs([...argv], {
    string: ["_", ...rows.filter((row) => row.value).map((row) => row.name)],
    boolean: rows.filter((row) => !row.value).map((row) => row.name),
    alias: { help: ["h"] },
    configuration: {
      "boolean-negation": false,
      "camel-case-expansion": false,
      "dot-notation": false,
      "duplicate-arguments-array": false,
      "parse-numbers": false,
      "parse-positional-numbers": false,
      "populate--": true,
      "short-option-groups": false,
      "strip-aliased": true,
      "greedy-arrays": false,
    },
  });
  const { _: operands, "--": ssh, ...options } = read as unknown as { _: string[]; "--"?: string[] } & Read["options"];
  for (const name of Object.keys(options)) checkOption(command, rows, name, options[name]);
  checkFlags(command, rows, argv);
  const result = { options: options as Read["options"], operands: operands.map(String), ssh: (ssh ?? []).map(String) };
  if (!options.help) checkOperands(command, result);
  return result;
}

function checkOption(command: CommandRow, rows: readonly OptionRow[], name: string, value: unknown): void {
  const row = rows.find((candidate) => candidate.name === name);
  if (!row) {
    const names = rows.map((candidate) => candidate.name);
    const near = nearestName(name, names);
    fail(command, `--${name}: no such option${near ? `; did you mean --${near}?` : ""}`);
  }
  if (row.value && (value === "" || value === undefined)) fail(command, `--${name}: it needs ${row.value}`);
  if (row.choices && !row.choices.includes(String(value))) fail(command, `--${name}: it is one of ${row.choices.join(", ")}`);
}

/** `--json=no` reads as if it said no; it is refused instead. */
function checkFlags(command: CommandRow, rows: readonly OptionRow[], argv: readonly string[]): void {
  const end = argv.indexOf("--");
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const name = /^--([^=]+)=/.exec(word)?.[1];
    if (name !== undefined && rows.some((row) => row.name === name && !row.value)) fail(command, `--${name}: it takes no value`);
  }
}

function checkOperands(command: CommandRow, read: Read): void {
  if (command.takesSsh) {
    if (read.ssh.length === 0)
      fail(command, `its arguments: the ssh command line goes after "--", as in: ${command.examples[0]?.[0] ?? ""}`);
    // ssh's words could stand without "--" while none begins with a dash: too easy to get wrong.
    if (read.operands.length > 0) fail(command, `${JSON.stringify(read.operands[0])}: the ssh command line goes after "--"`);
    return;
  }
  if (read.ssh.length > 0 && !command.takesSshOptions) read.operands.push(...read.ssh.splice(0));
  const extra = read.operands[command.operands];
  if (extra !== undefined) fail(command, `${JSON.stringify(extra)}: one argument too many`);
}

function fail(command: CommandRow, why: string): never {
  throw new UserError("usage", `cannot read ${why} (see: sshim ${command.name} --help)`);
}
