/** Writes the completions of bash, zsh and fish from the list of commands. */
import type { CommandRow, OptionRow } from "../command.ts";
import { commands } from "../commands.ts";
import { commonOptions } from "../options.ts";

export const shells = ["bash", "zsh", "fish"] as const;

/** The completion script of a shell. install/completions is compared with it. */
export function formatCompletion(shell: (typeof shells)[number]): string {
  if (shell === "bash") return formatBash();
  return shell === "zsh" ? formatZsh() : formatFish();
}

function formatBash(): string {
  const cases = commands.map((command) => {
    const words = [...rowsOf(command).map((row) => `--${row.name}`), ...(command.choices ?? [])].join(" ");
    return `    ${command.name}) words="${words}" ;;`;
  });
  const files = unique(commands.flatMap(rowsOf).filter((row) => row.completes === "file"));
  const valued = unique(commands.flatMap(rowsOf).filter((row) => row.value && row.completes !== "file"));
  return `# bash completion of sshim: generated, see src/cli/help/completions.ts
_sshim() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" words="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} == -- ]]; then
      declare -F _command_offset >/dev/null && { COMP_WORDS[index]=ssh; _command_offset "$index"; }
      return
    fi
  done
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "${commands.map(({ name }) => name).join(" ")} help version" -- "$word")
    return
  fi
  case "$before" in
    ${files.join("|")}) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    ${valued.join("|")}) return ;;
  esac
  case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
    help) words="${commands.map(({ name }) => name).join(" ")}" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _sshim sshim
`;
}

function formatZsh(): string {
  const cases = commands.map((command) => {
    const specs = rowsOf(command).map((row) => `        ${zshOption(row)}`);
    if (command.choices) specs.push(`        '1:what:(${command.choices.join(" ")})'`);
    if (command.takesSsh) specs.push("        '*:::ssh arguments:_normal'");
    return `    ${command.name})\n      _arguments \\\n${specs.join(" \\\n")}\n      ;;`;
  });
  return `#compdef sshim
# zsh completion of sshim: generated, see src/cli/help/completions.ts
_sshim() {
  local -a names
  names=(
${commands.map((command) => `    ${quote(`${command.name}:${command.summary.replace(/:/g, "\\:")}`)}`).join("\n")}
  )
  if ((CURRENT == 2)); then
    _describe -t commands 'sshim command' names
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${cases.join("\n")}
  esac
}
if [ "$funcstack[1]" = _sshim ]; then _sshim "$@"; else compdef _sshim sshim; fi
`;
}

function zshOption(row: OptionRow): string {
  const meaning = row.meaning.replace(/[[\]:]/g, "\\$&");
  if (!row.value) return quote(`--${row.name}[${meaning}]`);
  const action = row.completes === "file" ? "_files" : row.completes === "host" ? "_hosts" : "";
  return quote(`--${row.name}[${meaning}]:${row.value}:${action}`);
}

function formatFish(): string {
  const lines = ["# fish completion of sshim: generated, see src/cli/help/completions.ts", "complete -c sshim -f"];
  const first = "__fish_use_subcommand";
  for (const command of commands) {
    lines.push(`complete -c sshim -n ${first} -a ${command.name} -d ${quote(command.summary)}`);
  }
  for (const command of commands) {
    const when = `'__fish_seen_subcommand_from ${command.name}'`;
    for (const row of rowsOf(command)) {
      const value = row.value ? (row.completes === "file" ? " -r -F" : " -x") : "";
      const hosts = row.completes === "host" ? " -a '(__fish_print_hostnames)'" : "";
      lines.push(`complete -c sshim -n ${when} -l ${row.name}${value}${hosts} -d ${quote(row.meaning)}`);
    }
    for (const choice of command.choices ?? []) lines.push(`complete -c sshim -n ${when} -a ${choice}`);
  }
  return `${lines.join("\n")}\n`;
}

function rowsOf(command: CommandRow): OptionRow[] {
  return [...command.options, ...commonOptions];
}

function unique(rows: OptionRow[]): string[] {
  return [...new Set(rows.map((row) => `--${row.name}`))];
}

/** Single quotes, in which every shell leaves everything else alone. */
function quote(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
