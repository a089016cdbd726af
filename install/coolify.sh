#!/bin/sh
# Puts sshim into Coolify's two containers that run ssh (coolify and coolify-realtime), by bind mounts in docker-compose.custom.yml, the file that
# Coolify's own upgrade keeps. Changes no running container: it ends with the one command that does. Safe to run again.
#
#   sh install/coolify.sh [--check | --uninstall] [--dry-run]      run on Coolify's host as root; COOLIFY_ROOT: default /data/coolify
#   --check compares the ssh failures (255) in the logs since the containers were made with those before sshim
set -eu
export LC_ALL=C
fail() { echo "sshim: $*" >&2; exit 1; }
say() { echo "sshim: $*"; }
run() { if $dry; then echo "would: $*"; else "$@"; fi; }

mode=install dry=false print=
for word in "$@"; do
  case $word in
    --check | --uninstall) mode=${word#--} ;;
    --dry-run) dry=true ;;
    *) sed -n '2,6s/^# \{0,1\}//p' "$0"; [ "$word" = --help ] || exit 2; exit 0 ;;
  esac
done
coolify=${COOLIFY_ROOT:-/data/coolify}
place=$coolify/sshim custom=$coolify/source/docker-compose.custom.yml
package=$(cd "${SSHIM_SOURCE:-$(dirname "$0")/..}" && pwd -P)
[ -f "$coolify/source/docker-compose.prod.yml" ] || fail "cannot find Coolify: no source/docker-compose.prod.yml in $coolify (set by COOLIFY_ROOT)"
command -v docker >/dev/null || fail "cannot go on: no docker on PATH"

compose() { # compose WORD...: docker compose with the files that Coolify's own upgrade gives it; with $print before it, only the command
  [ ! -f "$coolify/source/docker-compose.postgres-upgrade.yml" ] || set -- -f "$coolify/source/docker-compose.postgres-upgrade.yml" "$@"
  [ ! -f "$custom" ] || set -- -f "$custom" "$@"
  set -- -f "$coolify/source/docker-compose.yml" -f "$coolify/source/docker-compose.prod.yml" "$@"
  ${print:-} docker compose --env-file "$coolify/source/.env" "$@"
}
typed() { # the words as a person types them: in quotes where the shell would take them apart
  for word in "$@"; do
    case $word in *[!A-Za-z0-9_./:=-]*) word="'$(printf %s "$word" | sed "s/'/'\\\\''/g")'" ;; esac
    printf ' %s' "$word"
  done
}
image() { docker inspect --format '{{.Config.Image}}' "$1" 2>/dev/null; }
hours() { # since a container was made, whose logs are as old as it is
  made=$(docker inspect --format '{{.Created}}' coolify | sed 's/T/ /; s/\..*//; s/Z$//')
  echo $((($(date +%s) - $(date -u -d "$made" +%s) + 1800) / 3600))
}
failures() {
  for container in coolify coolify-realtime; do docker logs "$container" 2>&1 || true; done >"$1"
  docker exec coolify sh -c 'cat storage/logs/*.log 2>/dev/null' >>"$1" || true
  grep -cE 'exit(ed with| status)? ?code:? ?255|\(255\)|exit(ed with)? (status )?255' "$1" || true
}
rate() { # rate FAILURES HOURS
  awk -v n="$1" -v h="$2" 'BEGIN { printf "%d in %d h (%.2f an hour)", n, h, n / (h > 0 ? h : 1) }'
}
apply() { # the images stay those that run now: an upgrade is Coolify's own affair
  now=$(image coolify || true)
  case $now in */coollabsio/*:*) now=" REGISTRY_URL=${now%%/coollabsio/*} LATEST_IMAGE=${now##*:}" ;; *) now='' ;; esac
  say "to apply it (Coolify is away for some seconds; its deployments should be finished):"
  echo " $now$(print=typed && compose up -d --wait)"
}

logs=$(mktemp) && trap 'rm -f "$logs"' EXIT
if [ "$mode" = check ]; then
  [ -f "$place/before" ] || fail "cannot compare: sshim is not installed in $coolify"
  read -r count span <"$place/before"
  say "before: $(rate "$count" "$span")"
  if ! docker exec coolify test -x /usr/local/bin/sshim; then apply; fail "the running containers do not have it yet"; fi
  say "with sshim: $(rate "$(failures "$logs")" "$(hours)")"
  docker exec coolify sshim doctor || say "'sshim doctor' found something to put right (above)"
  exit 0
fi

helper=
for part in "$package" "$package/musl" "$place"; do # whichever build starts on this host reads and writes the YAML
  if [ -z "$helper" ] && [ -x "$part/bin/sshim-control" ] && (cd / && "$part/bin/sshim-control" --version) >/dev/null 2>&1; then helper=$part/bin/sshim-control; fi
done
[ -n "$helper" ] || fail "cannot go on: no build of the control plane in $package starts on this host"
edit() { # edit add|remove: shows what changes in the file, and changes it
  set -- "$1" "$custom" "$place" "$coolify/source/docker-compose.yml"
  "$helper" install compose "$@" --dry-run >"$logs"
  if [ -f "$custom" ]; then old=$custom; else old=/dev/null; fi
  if ! cmp -s "$old" "$logs"; then
    if $dry; then echo "would: change $custom"; else say "$custom is changed:"; fi
    diff -u "$old" "$logs" | tail -n +3
  fi
  $dry || "$helper" install compose "$@"
}

if [ "$mode" = uninstall ]; then
  edit remove
  if docker inspect --format '{{range .Mounts}}{{.Source}} {{end}}' coolify coolify-realtime 2>/dev/null | grep -qF "$place/"; then
    say "the running containers still have it, so $place stays: run this again when the next command is done"
    apply
  else
    run rm -rf "$place"
    say "removed"
  fi
  exit 0
fi

musl=$package/musl
[ -x "$musl/bin/sshim-control" ] || fail "cannot install: no musl/bin/sshim-control in $package, and Coolify's images are Alpine (use the release's archive)"
[ -f "$place/before" ] || $dry || first=$(failures "$logs")
put() { # put FILE NAME: replaced by rename, since the containers hold on to the file that they have
  if [ -n "$(find "$place/$2" -prune -type f -user "$(id -u)" -perm 755 2>/dev/null)" ] && cmp -s "$1" "$place/$2"; then return 0; fi
  run mkdir -p "$(dirname "$place/$2")"
  run rm -f "$place/$2.new" && run cp "$1" "$place/$2.new" && run chmod 755 "$place/$2.new" && run mv -f "$place/$2.new" "$place/$2"
}
put "$package/bin/ssh" bin/ssh
put "$musl/bin/sshim-control" bin/sshim-control
put "$musl/lib/sshim/libstdc++.so.6" lib/sshim/libstdc++.so.6
run mkdir -p "$place/etc"
run chown "$(id -u)" "$place" "$place/bin" "$place/lib" "$place/lib/sshim" "$place/etc"
run chmod 755 "$place" "$place/bin" "$place/lib" "$place/lib/sshim" "$place/etc"
edit add
if $dry; then exit 0; fi
[ -f "$place/before" ] || echo "${first:-0} $(hours)" >"$place/before"
compose config --quiet || { edit remove; fail "docker compose does not accept $custom with sshim in it; it is as before"; }
set -- -v "$place/bin/sshim-control:/usr/local/bin/sshim-control:ro" -v "$place/lib/sshim:/usr/local/lib/sshim:ro"
for name in ssh scp sftp sshim; do set -- "$@" -v "$place/bin/ssh:/usr/local/bin/$name:ro"; done
docker run --rm --network none --entrypoint sshim "$@" \
  "$(image coolify)" doctor || say "'sshim doctor' found something to put right in Coolify's image (above)"
say "installed in $place and $custom"
apply
