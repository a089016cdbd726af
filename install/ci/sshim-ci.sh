#!/bin/sh
# sshim for one CI job: puts it first on PATH, gives the job connections of its own, and closes them at the end.
#
#   eval "$(sh install/ci/sshim-ci.sh start)"      first, in the shell that runs the job's commands (or in its before_script)
#   sh install/ci/sshim-ci.sh finish               last, always; waits up to SSHIM_DRAIN (default 30s) for what still runs
#
# Which sshim: SSHIM_SOURCE, a folder with bin/ssh (an unpacked archive); SSHIM_ARCHIVE, an archive as a file or a URL, with the SHA-256 sum that a URL
# must have in SSHIM_SHA256; else npm's package, of this script's own version or of SSHIM_VERSION.
# SSHIM_SCOPE: what shares connections, by default this job and no other. SSHIM_REPORT: a folder for journal, report and summary, such as an artifact's.
set -eu
export LC_ALL=C
umask 077
version=0.1.0
uid=$(id -u)
fail() { printf 'sshim: %s\n' "$*" >&2; exit 1; }

job=${SSHIM_SCOPE:-}
if [ -z "$job" ]; then # the names under which CI systems number their jobs; a matrix leg is told by its runner
  job=${GITHUB_RUN_ID:+github-$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-}-${GITHUB_JOB:-}-${RUNNER_NAME:-}}
  job=${job:-${CI_JOB_ID:-${BUILD_TAG:-${BUILDKITE_JOB_ID:-${CIRCLE_WORKFLOW_JOB_ID:-${SYSTEM_JOBID:-$PPID}}}}}}
fi

refuse_lines() { # refuse_lines NAME VALUE: a line end would begin a line of its own in the files that CI systems read
  case $2 in *[[:cntrl:]]*) fail "cannot use $1: it holds a line end or another control character" ;; esac
}

# Names under /tmp can be guessed and made by anybody, so every folder is mktemp's, and counts only while it is ours and closed to others, in a place
# where nobody else can rename it.
is_own() {
  case $1 in *[[:cntrl:]]* | [!/]*) return 1 ;; */sshim.?????????? | */sshim-*.??????????) ;; *) return 1 ;; esac
  [ -n "$(find "$1" -prune -type d -user "$uid" -perm -700 ! -perm -010 ! -perm -020 ! -perm -040 ! -perm -001 ! -perm -002 ! -perm -004 2>/dev/null)" ]
}

is_safe() { # is_safe FOLDER: it and all above it belong to us or to root, and where others may write they cannot rename what is not theirs
  part=$(cd "$1" 2>/dev/null && pwd -P) && [ -w "$part" ] || return 1
  while :; do
    owners="-user 0 -o -user $uid"
    case $part in / | /dev | /dev/shm | /tmp | /run) owners="$owners -o -user 65534" ;; esac # root's, in an ordinary user's namespace
    # shellcheck disable=SC2086 # words of find
    [ -n "$(find "$part" -prune \( $owners \) \( -perm -1000 -o ! -perm -020 ! -perm -002 \) 2>/dev/null)" ] || return 1
    [ "$part" != / ] || return 0
    part=${part%/*} && part=${part:-/}
  done
}

make_folder() { # make_folder NAME PLACE...: prints a new folder in the first of the places that is safe
  name=$1 && shift
  for place in "$@"; do
    if [ -n "$place" ] && [ -z "${place##/*}" ] && is_safe "$place" && made=$(mktemp -d "${place%/}/$name.XXXXXXXXXX" 2>/dev/null); then
      chmod g-s "$made" && is_own "$made" && printf '%s\n' "$made" && return
    fi
  done
  fail "cannot start: no folder that nobody else can change among: $*"
}

own_folders() { # prints the folders that jobs of this user have here
  for found in "${RUNNER_TEMP:-/tmp}"/sshim-ci.* "${TMPDIR:-/tmp}"/sshim-ci.* /tmp/sshim-ci.*; do
    if is_own "$found" && is_safe "${found%/*}"; then printf '%s\n' "$found"; fi
  done
}

find_folder() { # prints this job's folder: the one whose name was handed on, else the one among ours that names the job
  if [ -n "${SSHIM_CI:-}" ] && is_own "$SSHIM_CI" && is_safe "${SSHIM_CI%/*}"; then printf '%s\n' "$SSHIM_CI" && return; fi
  own_folders | while read -r found; do
    if [ "$(cat "$found/job" 2>/dev/null)" = "$job" ]; then printf '%s\n' "$found" && break; fi
  done
}

check_sum() { # check_sum FILE NAME: before anything of it is unpacked
  [ "$(sha256sum "$1" | cut -d ' ' -f 1)" = "$(printf %s "$SSHIM_SHA256" | tr A-F a-f)" ] || fail "cannot use $2: its SHA-256 sum is not $SSHIM_SHA256 (set by SSHIM_SHA256)"
}

starts() { (cd / && "$1/sshim-control" --version) >/dev/null 2>&1; }

find_source() { # prints the folder with bin/ssh, after fetching it into $folder where it has to be
  if [ -n "${SSHIM_SOURCE:-}" ]; then printf '%s\n' "$SSHIM_SOURCE" && return; fi
  archive=${SSHIM_ARCHIVE:-}
  if [ -z "$archive" ]; then
    [ -z "${SSHIM_SHA256:-}" ] || fail "cannot check SSHIM_SHA256: it is an archive's sum, and SSHIM_ARCHIVE names none"
    here=$(cd "$(dirname "$0")/../.." && pwd -P)
    if [ -x "$here/bin/ssh" ] && [ "${SSHIM_VERSION:-$version}" = "$version" ]; then printf '%s\n' "$here" && return; fi
    if [ ! -d "$folder/node_modules/sshim" ]; then
      npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$folder" "sshim@${SSHIM_VERSION:-$version}" >&2 || fail "cannot get sshim ${SSHIM_VERSION:-$version} from npm"
    fi
    for libc in "$folder"/node_modules/@sshim/*; do # an old npm installs glibc's and musl's
      if starts "$libc/bin"; then break; fi
    done
    printf '%s\n' "$libc" && return
  fi
  case $archive in
    http://* | https://*)
      [ -n "${SSHIM_SHA256:-}" ] || fail "cannot use $archive without its SHA-256 sum (SSHIM_SHA256; a release's are in SHA256SUMS)"
      if command -v curl >/dev/null; then set -- curl -fsSL -o; else set -- wget -qO; fi
      "$@" "$folder/archive" "$archive" >&2 || fail "cannot get $archive"
      archive=$folder/archive
      ;;
  esac
  [ -z "${SSHIM_SHA256:-}" ] || check_sum "$archive" "$SSHIM_ARCHIVE"
  mkdir "$folder/program"
  tar -xzf "$archive" -C "$folder/program" --strip-components 1 >&2 || fail "cannot unpack $SSHIM_ARCHIVE"
  printf '%s\n' "$folder/program"
}

prepare() { # fills $folder: which programs, which runtime directory, since when
  source=$(find_source)
  [ -x "$source/bin/ssh" ] || fail "cannot start: no bin/ssh in $source (set by SSHIM_SOURCE or SSHIM_ARCHIVE)"
  bin=$source/bin
  if ! starts "$bin" && [ -x "$source/musl/bin/sshim-control" ]; then
    cp "$source/bin/ssh" "$source/musl/bin/ssh"
    bin=$source/musl/bin
  fi
  refuse_lines SSHIM_SOURCE "$bin"
  for name in scp sftp sshim; do [ -e "$bin/$name" ] || ln -s ssh "$bin/$name"; done
  dir=$(make_folder sshim /dev/shm /tmp "${RUNNER_TEMP:-}" "${TMPDIR:-}")
  refuse_lines TMPDIR "$folder$dir"
  printf '%s\n' "$dir" >"$folder/dir"
  printf '%s\n' "$bin" >"$folder/bin"
  printf '%s\n' "$job" >"$folder/job"
  date -u +%Y-%m-%dT%H:%M:%SZ >"$folder/began"
}

hand_on() { # hand_on FILE NAME VALUE: between delimiters that nobody could know before, so that no value ends its own part
  delimiter=sshim_$(od -An -N 16 -tx1 /dev/urandom | tr -d ' \n')
  printf '%s<<%s\n%s\n%s\n' "$2" "$delimiter" "$3" "$delimiter" >>"$1"
}

quote() { printf "'%s'" "$(printf %s "$1" | sed "s/'/'\\\\''/g")"; }

use() { # use FOLDER: what start wrote there
  { read -r dir <"$1/dir" && read -r bin <"$1/bin" && read -r began <"$1/began" && read -r job <"$1/job"; } 2>/dev/null || return 1
  export SSHIM_DIR="$dir" SSHIM_SCOPE="$job" PATH="$bin:$PATH"
}

drain() { # drain FOLDER TIME: 0 when its masters are gone, and it with them; 75 when sessions still run: a later call finishes it
  : >"$1/ended"
  said=$(sshim drain --all --wait "$2" 2>&1) || return
}
remove() { ! is_own "$dir" || rm -rf "$dir"; rm -rf "$1"; }

start() {
  refuse_lines SSHIM_SCOPE "$job"
  own_folders | while read -r old; do # of a job whose sessions outlasted its finish
    if [ -f "$old/ended" ] && use "$old" && drain "$old" 0s; then remove "$old"; fi
  done
  folder=$(find_folder) new=false
  [ -n "$folder" ] || folder=$(make_folder sshim-ci "${RUNNER_TEMP:-}" "${TMPDIR:-}" /tmp)
  if [ ! -f "$folder/job" ]; then
    new=true
    trap 'rm -rf "$folder"' EXIT
    prepare
    trap - EXIT
  fi
  use "$folder"
  rm -f "$folder/ended"
  if [ -n "${GITHUB_PATH:-}" ]; then printf '%s\n' "$bin" >>"$GITHUB_PATH"; fi
  if [ -n "${GITHUB_STATE:-}" ]; then hand_on "$GITHUB_STATE" folder "$folder"; fi
  if [ -n "${GITHUB_ENV:-}" ]; then
    hand_on "$GITHUB_ENV" SSHIM_DIR "$dir"
    hand_on "$GITHUB_ENV" SSHIM_SCOPE "$job"
    hand_on "$GITHUB_ENV" SSHIM_CI "$folder"
  fi
  # shellcheck disable=SC2016 # the job's shell expands it
  printf 'export PATH=%s:"$PATH" SSHIM_DIR=%s SSHIM_SCOPE=%s SSHIM_CI=%s\n' "$(quote "$bin")" "$(quote "$dir")" "$(quote "$job")" "$(quote "$folder")"
  if ! $new || said=$(sshim doctor 2>&1); then return; fi
  problems=$(printf '%s\n' "$said" | awk '/^[^ ]/ || /^$/ { on = /^PROBLEM/ } on')
  printf '%s\n' "${problems:-$said}" "sshim: 'sshim doctor' found this to put right; ssh works all the same" >&2
}

count() { if [ "$1" = 1 ]; then echo "1 $2"; else echo "$1 $2s"; fi; }
text() { # text NAME: of the first field of that name in JSON on stdin, a line each
  awk -v key="\"$1\":\"" 'at = index($0, key) { rest = substr($0, at + length(key)); sub(/".*/, "", rest); print rest }'
}
number() { # number NAME: of $stats; nothing for null
  printf '%s\n' "$stats" | awk -v key="\"$1\":" 'at = index($0, key) { rest = substr($0, at + length(key)); sub(/[^0-9.].*/, "", rest); print rest }'
}

read_numbers() { # sets $line, and $broke to how many calls broke by what was not the remote command's own doing
  stats=$(sshim stats --json --since "$began" 2>/dev/null) || stats=
  causes=$(printf %s "$stats" | sed -n 's/.*"codes_255":{\([^}]*\)}.*/\1/p' | tr ',' '\n' | sed -n '/"remote/!s/^"\(.*\)":\([0-9]*\)$/\1 \2/p')
  broke=$(printf '%s\n' "$causes" | awk '{ sum += $NF } END { print sum + 0 }')
  saved=$(number seconds_saved | sed '/^0$/d')
  line='no shared sessions'
  case $(number sessions) in
    '') line='its journal cannot be read' ;;
    0) ;;
    *) line="$(count "$(number sessions)" session) over $(count "$(number handshakes)" handshake)${saved:+, about $(printf %.1f "$saved") s saved}" ;;
  esac
  if [ "$broke" -gt 0 ]; then
    line="$line; $broke broke ($(printf '%s\n' "$causes" | awk '{ printf "%s%s", (NR > 1 ? ", " : ""), $0 }'))"
  elif [ -n "$stats" ]; then
    line="$line; nothing broke"
  fi
}

summary() { # prints the line and each of the broken calls in Markdown
  printf '### sshim\n\n%s\n' "$line"
  [ "$broke" -gt 0 ] || return 0
  printf '\n| when | where | cause | started? | |\n| --- | --- | --- | --- | --- |\n'
  sshim log --json --since "$began" --outcome broken --lines 20 2>/dev/null | text id | while read -r id; do
    why=$(sshim why "$id" --json 2>/dev/null </dev/null) || continue
    for field in time destination cause verdict meaning; do printf '| %s ' "$(printf %s "$why" | text "$field" | sed 's/[][\\|<>&`*_~]/\\&/g')"; done
    echo '|'
  done
}

keep() { # keep FOLDER: what an artifact is made of; no line of it holds a command or a secret
  umask 022
  mkdir -p "$1" || return
  sshim log --json --since "$began" >"$1/journal.jsonl" 2>/dev/null || true
  sshim report --since "$began" --html "$1/report.html" >/dev/null 2>&1 || true
  summary >"$1/summary.md"
}

finish() {
  refuse_lines SSHIM_REPORT "${SSHIM_REPORT:-}"
  folder=$(find_folder)
  [ -n "$folder" ] || return 0
  use "$folder" || { rm -rf "$folder"; return 0; }
  gone=true
  drain "$folder" "${SSHIM_DRAIN:-30s}" || gone=false
  read_numbers
  report=${SSHIM_REPORT:-}
  if [ -z "$report" ] && [ -n "${GITHUB_OUTPUT:-}" ] && [ -n "${RUNNER_TEMP:-}" ]; then report=$(make_folder sshim-report "$RUNNER_TEMP") || report=; fi
  if [ -n "${GITHUB_STEP_SUMMARY:-}" ]; then summary >>"$GITHUB_STEP_SUMMARY"; fi
  if [ -n "${BUILDKITE_JOB_ID:-}" ]; then summary | buildkite-agent annotate --style info --context sshim >/dev/null 2>&1 || true; fi
  if [ -n "$report" ] && (keep "$report"); then
    line="$line; journal and report in $report"
    if [ -n "${GITHUB_OUTPUT:-}" ]; then hand_on "$GITHUB_OUTPUT" report "$report"; fi
  fi
  running=$(number sessions_now)
  if $gone; then
    remove "$folder"
  elif [ "${running:-0}" -gt 0 ]; then
    line="$line; still running and not cut: $(count "$running" session)"
  else
    line="$line; not cleaned up yet: $(printf '%s\n' "$said" | tail -n 1)"
  fi
  printf 'sshim: %s\n' "$line" >&2
}

case ${1:-} in
  start | finish) "$1" ;;
  *)
    sed -n '2,10s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
