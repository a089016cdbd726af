# bash completion of sshim: generated, see src/cli/help/completions.ts
_sshim() {
  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ ${COMP_WORDS[index]} == -- ]]; then
      declare -F _command_offset >/dev/null && { COMP_WORDS[index]=ssh; _command_offset "$index"; }
      return
    fi
  done
  if ((COMP_CWORD == 1)); then
    mapfile -t COMPREPLY < <(compgen -W "status explain doctor drain fresh log why stats report config install help version" -- "$word")
    return
  fi
  case "$before" in
    --control-path|--output|--html) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    --interval|--host|--idle|--wait|--since|--outcome|--event|--lines) return ;;
  esac
  case "${COMP_WORDS[1]}" in
    status) words="--watch --interval --json --help" ;;
    explain) words="--json --help" ;;
    doctor) words="--host --control-path --idle --fix --json --help" ;;
    drain) words="--all --wait --now --json --help" ;;
    fresh) words="--json --help" ;;
    log) words="--since --host --outcome --event --lines --follow --json --help" ;;
    why) words="--json --help" ;;
    stats) words="--since --host --prometheus --output --json --help" ;;
    report) words="--since --host --html --json --help" ;;
    config) words="--host --json --help check" ;;
    install) words="--system --check --uninstall --dry-run --json --help user coolify" ;;
    help) words="status explain doctor drain fresh log why stats report config install" ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$word")
}
complete -F _sshim sshim
