#!/bin/sh
# sshim for one CI job: puts it first on PATH, gives the job connections of its own, and closes them at the end.
#
#   eval "$(sh install/ci/sshim-ci.sh start)"      first, in the shell that runs the job's commands (or in its before_script)
#   sh install/ci/sshim-ci.sh finish               last, always; waits up to SSHIM_DRAIN (default 30s) for what still runs
#
# SSHIM_SOURCE: a folder with bin/ssh (an unpacked archive); SSHIM_ARCHIVE: an archive, as a file or a URL; else npm's package SSHIM_VERSION (default latest).
# SSHIM_SCOPE: what shares connections; by default this job and no other.
set -eu
export LC_ALL=C
fail() { echo "sshim: $*" >&2; exit 1; }

job=${SSHIM_SCOPE:-}
if [ -z "$job" ]; then # the names under which CI systems number their jobs; a matrix leg is told by its runner
  job=${GITHUB_RUN_ID:+github-$GITHUB_RUN_ID-${GITHUB_RUN_ATTEMPT:-}-${GITHUB_JOB:-}-${RUNNER_NAME:-}}
  job=${job:-${CI_JOB_ID:-${BUILD_TAG:-${BUILDKITE_JOB_ID:-${CIRCLE_WORKFLOW_JOB_ID:-${SYSTEM_JOBID:-$PPID}}}}}}
fi
word=$(printf %s "$job" | cksum | tr -d ' ')
memory=/dev/shm
[ -d "$memory" ] && [ -w "$memory" ] || memory=/tmp
dir=$memory/sshim-$(id -u)-$word
work=${RUNNER_TEMP:-${TMPDIR:-/tmp}}/sshim-$(id -u)-$word

find_source() { # prints the folder with bin/ssh, after fetching it where it has to be
  if [ -n "${SSHIM_SOURCE:-}" ]; then echo "$SSHIM_SOURCE" && return; fi
  here=$(cd "$(dirname "$0")/../.." && pwd -P)
  if [ -z "${SSHIM_ARCHIVE:-}" ] && [ -x "$here/bin/ssh" ]; then echo "$here" && return; fi
  mkdir -p "$work"
  case ${SSHIM_ARCHIVE:-} in
    '')
      npm install --silent --no-audit --no-fund --prefix "$work" "sshim@${SSHIM_VERSION:-latest}" >&2 || fail "cannot get sshim from npm"
      for bin in "$work"/node_modules/@sshim/*/bin; do echo "${bin%/bin}" && return; done
      ;;
    http://* | https://*) curl -fsSL "$SSHIM_ARCHIVE" | tar -xzf - -C "$work" --strip-components 1 >&2 || fail "cannot get $SSHIM_ARCHIVE" ;;
    *) tar -xzf "$SSHIM_ARCHIVE" -C "$work" --strip-components 1 >&2 || fail "cannot unpack $SSHIM_ARCHIVE" ;;
  esac
  echo "$work"
}

case ${1:-} in
  start)
    source=$(find_source)
    [ -x "$source/bin/ssh" ] || fail "cannot start: no bin/ssh in $source (set by SSHIM_SOURCE or SSHIM_ARCHIVE)"
    bin=$source/bin
    if ! (cd / && "$bin/sshim-control" --version) >/dev/null 2>&1 && [ -x "$source/musl/bin/sshim-control" ]; then
      cp "$source/bin/ssh" "$source/musl/bin/ssh"
      bin=$source/musl/bin
    fi
    for name in scp sftp sshim; do [ -e "$bin/$name" ] || ln -s ssh "$bin/$name"; done
    (umask 077 && mkdir -p "$dir")
    if [ -n "${GITHUB_PATH:-}" ]; then echo "$bin" >>"$GITHUB_PATH"; fi
    if [ -n "${GITHUB_ENV:-}" ]; then printf 'SSHIM_DIR=%s\nSSHIM_SCOPE=%s\n' "$dir" "$job" >>"$GITHUB_ENV"; fi
    quoted=$(printf %s "$job" | sed "s/'/'\\\\''/g")
    printf "export PATH='%s':\"\$PATH\" SSHIM_DIR='%s' SSHIM_SCOPE='%s'\n" "$bin" "$dir" "$quoted"
    printf '%s\n' "$bin" >"$dir.bin"
    SSHIM_DIR=$dir "$bin/sshim" doctor >&2 || echo "sshim: 'sshim doctor' found something to put right (above); ssh works all the same" >&2
    ;;
  finish)
    [ -f "$dir.bin" ] || exit 0
    read -r bin <"$dir.bin"
    if SSHIM_DIR=$dir "$bin/sshim" drain --all --wait "${SSHIM_DRAIN:-30s}" >&2; then
      rm -rf "$dir"
    else
      echo "sshim: some sessions still run; their connections end with them" >&2
    fi
    rm -rf "$dir.bin" "$work"
    ;;
  *)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 2
    ;;
esac
