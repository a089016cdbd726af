/** What `--help` says, from the table of commands. */
import type { CommandRow, OptionRow } from "../command.ts";
import { commands, findCommand } from "../commands.ts";
import { commonOptions } from "../options.ts";
import { formatTable, writeAll } from "../output.ts";

/** Shows the help of one command, or the list of all. */
export function showHelp(name?: string): number {
  writeAll(1, name === undefined || name.startsWith("-") ? formatOverview() : formatHelp(findCommand(name)));
  return 0;
}

export function formatOverview(): string {
  const rows = commands.map((command) => [`  ${command.name}`, command.summary]);
  return [
    "sshim: an ssh that shares connections and never cuts, loses or repeats a command\n",
    "\nUsage: sshim COMMAND [ARGUMENTS]\n\n",
    formatTable(rows),
    "\nsshim COMMAND --help explains a command; sshim --version names the version. Every command takes --json.\n",
    "SSHIM=off in the environment switches sharing off for one call.\n",
  ].join("");
}

export function formatHelp(command: CommandRow): string {
  const parts = [`sshim ${command.name}: ${command.summary}\n\nUsage: sshim ${command.name} ${command.usage}\n`];
  for (const paragraph of command.explanation) parts.push(`\n${wrap(paragraph, 78)}\n`);
  parts.push("\nOptions:\n", formatTable([...command.options, ...commonOptions].map((row) => [`  ${optionForm(row)}`, row.meaning])));
  parts.push("\nExamples:\n", formatTable(command.examples.map(([line, meaning]) => [`  ${line}`, `# ${meaning}`])));
  const exits = [...command.exits, [2, "the arguments cannot be read"] as const].sort(([left], [right]) => left - right);
  parts.push("\nExit codes:\n", formatTable(exits.map(([code, meaning]) => [`  ${code}`, meaning])));
  return parts.join("");
}

export function optionForm(row: OptionRow): string {
  return row.value ? `--${row.name} ${row.value}` : `--${row.name}`;
}

function wrap(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1] ?? "";
    if (last !== "" && last.length + word.length + 1 > width) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.join("\n");
}
