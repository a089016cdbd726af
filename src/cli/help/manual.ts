/** Writes the man page (man(7) roff) from the table of commands and the table of settings. */
import { settingRows } from "../../config/settings.ts";
import type { OptionRow } from "../command.ts";
import { commands } from "../commands.ts";
import { commonOptions } from "../options.ts";
import { RELEASED, VERSION } from "./version.ts";

/** The whole page. The same tables give the same bytes: docs/sshim.1 is compared with it. */
export function formatManual(): string {
  const lines = [
    `.TH SSHIM 1 "${RELEASED}" "sshim ${VERSION}" "User Commands"`,
    ".SH NAME",
    "sshim \\- see, explain and drain the connections that ssh shares",
    ".SH SYNOPSIS",
    ...commands.flatMap((command) => [".br", `.B sshim ${escapeRoff(command.name)}`, escapeRoff(command.usage)]).slice(1),
    ".SH DESCRIPTION",
    text(
      "sshim is a drop-in ssh: found earlier on PATH as ssh, it gives unmodified callers one shared connection per host, which it never cuts under a running command. This page is about the command sshim, by which people see, ask and drain it.",
    ),
    ".SH COMMANDS",
  ];
  for (const command of commands) {
    lines.push(`.SS sshim ${escapeRoff(command.name)} ${escapeRoff(command.usage)}`, text(`${upper(command.summary)}.`));
    for (const paragraph of command.explanation) lines.push(".PP", text(paragraph));
    lines.push(...command.options.flatMap(optionLines));
    lines.push(".PP", "Examples:");
    for (const [example, meaning] of command.examples) lines.push(".TP", `.B ${text(example)}`, text(meaning));
  }
  lines.push(".SH COMMON OPTIONS", ...commonOptions.flatMap(optionLines));
  lines.push(".SH CONFIGURATION", text(configuration));
  for (const row of settingRows) {
    const value = row.fallback === undefined ? "" : ` (default: ${row.fallback})`;
    lines.push(".TP", `.B ${escapeRoff(row.name)}`, text(`${upper(row.meaning)}${value}. Per run: ${row.variable}.`));
  }
  lines.push(".PP", "An example:", ".PP", ".nf", ...example.map(text), ".fi");
  lines.push(".SH EXIT STATUS", ".TP", ".B 0", "Done.");
  lines.push(
    ".TP",
    ".B 1",
    text("There is something to look at; each command above says what."),
    ".TP",
    ".B 2",
    text("The arguments cannot be read."),
  );
  lines.push(".TP", ".B 75", text("Not finished in time; try again."));
  lines.push(".SH FILES");
  for (const [path, meaning] of files) lines.push(".TP", `.I ${text(path)}`, text(meaning));
  lines.push(".SH SEE ALSO", ".BR ssh (1),", ".BR ssh_config (5)");
  return `${lines.join("\n")}\n`;
}

const configuration =
  'TOML: global values, and [[host]] sections whose host = is a pattern or a list of patterns as in ssh_config(5), compared with the host as typed and as resolved. Durations are seconds or "30m", sizes bytes or "10M". The environment is stronger than the user\'s file, the user\'s file stronger than the machine\'s, a [[host]] section that matches stronger than the global values of its file. What cannot be read is told by sshim config check, and the default holds.';

const example = ['persist = "30m"', "", "[[host]]", 'host = "*.example.com !db.example.com"', "enabled = false"];

const files: ReadonlyArray<readonly [string, string]> = [
  ["~/.config/sshim/config.toml", "the user's settings (XDG_CONFIG_HOME is honoured)"],
  ["/etc/sshim/config.toml", "the machine's settings"],
  [
    "$SSHIM_DIR, $XDG_RUNTIME_DIR/sshim, /dev/shm/sshim-UID (where CI is set), /tmp/sshim-UID",
    "the runtime directory: the first of them that is named holds sockets, tickets, locks and the journal",
  ],
  ["journal.jsonl", "in the runtime directory: one line an invocation, never a command"],
];

function optionLines(row: OptionRow): string[] {
  const value = row.value ? ` \\fI${escapeRoff(row.value)}\\fR` : "";
  return [".TP", `\\fB\\-\\-${escapeRoff(row.name)}\\fR${value}`, text(row.meaning)];
}

/** A line that roff takes for text: a leading dot or quote would be a request. */
function text(line: string): string {
  const escaped = escapeRoff(line);
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}

function escapeRoff(line: string): string {
  return line
    .replace(/\\/g, "\\e")
    .replace(/-/g, "\\-")
    .replace(/'/g, "\\(aq")
    .replace(/`/g, "\\(ga")
    .replace(/~/g, "\\(ti")
    .replace(/…/g, "...");
}

function upper(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}
