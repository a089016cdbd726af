#!/bin/sh
# Puts sshim before the real ssh on PATH: for this user (~/.local/lib/sshim, and a line in the start-up files of sh, bash, zsh and fish), or
# with --system for everybody (/usr/local). Safe to run again. Never touches the real ssh, and --uninstall takes everything out again.
#
#   sh install/user.sh [--system] [--uninstall] [--dry-run]        SSHIM_SOURCE: the folder with bin, default the one above this script
set -eu
export LC_ALL=C
fail() { echo "sshim: $*" >&2; exit 1; }
say() { echo "sshim: $*"; }
run() { if $dry; then echo "would: $*"; else "$@"; fi; }

system=false uninstall=false dry=false newline='
'
for word in "$@"; do
  case $word in
    --system) system=true ;;
    --uninstall) uninstall=true ;;
    --dry-run) dry=true ;;
    *) sed -n '2,5s/^# \{0,1\}//p' "$0"; [ "$word" = --help ] || exit 2; exit 0 ;;
  esac
done
here=$(cd "$(dirname "$0")/.." && pwd -P)
source=$(cd "${SSHIM_SOURCE:-$here}" && pwd -P)
if $system; then
  umask 022
  root=${SSHIM_PREFIX:-/usr/local}
  target=$root/lib/sshim man=$root/share/man/man1 zsh=$root/share/zsh/site-functions
  bash=$root/share/bash-completion/completions fish=$root/share/fish/vendor_completions.d
  $dry || [ -w "$root" ] || fail "cannot install into $root: not allowed (run it as root, or without --system)"
else
  [ -n "${HOME:-}" ] || fail "cannot install: HOME is not set (set by the environment)"
  target=$HOME/.local/lib/sshim man=$target/share/man/man1 zsh=$target/share/zsh/site-functions
  bash=${XDG_DATA_HOME:-$HOME/.local/share}/bash-completion/completions fish=${XDG_CONFIG_HOME:-$HOME/.config}/fish/completions
fi

is_ours() { # is_ours PATH TEST...: PATH itself, not what a link there names, is this user's, and find's TEST holds
  path=$1 && shift
  [ -n "$(find "$path" -prune -user "$(id -u)" "$@" 2>/dev/null)" ]
}

folder() { # folder DIRECTORY: it is there; below $target it is ours, and for everybody to read
  [ -d "$1" ] || run mkdir -p "$1"
  part=$1
  while case $part in "$target" | "$target"/*) ;; *) false ;; esac do
    [ ! -d "$part" ] || is_ours "$part/." -perm -755 ! -perm -020 ! -perm -002 || { run chown "$(id -u)" "$part" && run chmod 755 "$part"; }
    part=$(dirname "$part")
  done
}

put() { # put FILE DIRECTORY NAME MODE: replaced by rename, so that a running program keeps the file it has
  [ -f "$1" ] || return 0
  folder "$2"
  if is_ours "$2/$3" -type f -perm "$4" && cmp -s "$1" "$2/$3"; then return 0; fi
  run rm -f "$2/.$3.new" && run cp "$1" "$2/.$3.new" && run chmod "$4" "$2/.$3.new" && run mv -f "$2/.$3.new" "$2/$3"
}

block() { # block FILE LINES: the marked part of a start-up file becomes LINES; without LINES it is taken out, and the file is what it was
  old='' note=''
  if [ -e "$1" ] || [ -L "$1" ]; then
    old=$(cat "$1" 2>/dev/null && echo .) || { echo "sshim: cannot change $1: it cannot be read; it stays as it is" >&2; return 0; }
    old=${old%.}
    printf %s "$old" | cmp -s - "$1" || { echo "sshim: cannot change $1: it holds a NUL; it stays as it is" >&2; return 0; }
  else
    note=" (this file is sshim's)"
  fi
  case $old in *"# >>> sshim >>> (this file is sshim's)"*) note=" (this file is sshim's)" ;; esac
  # the text goes in with a line of its own behind it, so that awk and $() keep the line ends in front of that
  rest=$(printf '%s\n.\n' "$old" | awk '
    /^# >>> sshim >>>/ { bad += inside; inside = 1; if (/no line end before/) cut = n + 1; next }
    /^# <<< sshim <<</ { bad += !inside; inside = 0; next }
    !inside { line[++n] = $0 }
    END {
      if (bad || inside) exit 1
      if (cut && cut == n - 1 && line[cut] == "") line[cut] = line[n--]
      for (i = 1; i <= n; i++) print line[i]
    }') || { echo "sshim: cannot change $1: '# >>> sshim >>>' and '# <<< sshim <<<' are not both there in order; it stays as it is" >&2; return 0; }
  rest=${rest%.} && new=${rest%"$newline"}
  if [ -n "$2" ]; then
    case $new in '' | *"$newline") ;; *) new=$new$newline note="$note (no line end before)" ;; esac
    new="$new# >>> sshim >>>$note$newline$2$newline# <<< sshim <<<$newline"
  fi
  if [ "$new" = "$old" ]; then return 0; fi
  if $dry; then echo "would: write $1"; return 0; fi
  if [ -z "$new" ] && [ -n "$note" ]; then rm -f "$1"; return 0; fi
  mkdir -p "$(dirname "$1")"
  printf %s "$new" >"$1.sshim-new" && cat "$1.sshim-new" >"$1" && rm -f "$1.sshim-new"
}

path_lines() { # path_lines install|remove: in every start-up file that a shell here reads
  posix='' zshell='' fishes=''
  if [ "$1" = install ]; then
    posix="case \":\$PATH:\" in *\":$target/bin:\"*) ;; *) export PATH=\"$target/bin:\$PATH\" ;; esac"
    zshell="$posix
fpath=(\"$zsh\" \$fpath)"
    fishes="contains \"$target/bin\" \$PATH; or set -gx PATH \"$target/bin\" \$PATH"
  fi
  block "$HOME/.profile" "$posix"
  block "$HOME/.bashrc" "$posix"
  for file in .bash_profile .bash_login; do [ ! -e "$HOME/$file" ] || block "$HOME/$file" "$posix"; done
  if [ -e "$HOME/.zshenv" ] || command -v zsh >/dev/null; then block "${ZDOTDIR:-$HOME}/.zshenv" "$zshell"; fi
  conf=${XDG_CONFIG_HOME:-$HOME/.config}/fish/conf.d/sshim.fish
  if [ -e "$conf" ] || command -v fish >/dev/null; then block "$conf" "$fishes"; fi
}

if $uninstall; then
  if ! $dry && [ -x "$target/bin/sshim" ]; then "$target/bin/sshim" drain --all >/dev/null 2>&1 || true; fi
  if $system; then
    for name in ssh scp sftp sshim; do
      case $(readlink "$root/bin/$name" || true) in "$target"/*) run rm -f "$root/bin/$name" ;; esac
    done
  else
    path_lines remove
  fi
  for file in "$man/sshim.1" "$bash/sshim" "$zsh/_sshim" "$fish/sshim.fish"; do [ ! -e "$file" ] || run rm -f "$file"; done
  [ ! -d "$target" ] || run rm -rf "$target"
  say "removed from $target; the real ssh is what it was"
  exit 0
fi

[ -x "$source/bin/ssh" ] || fail "cannot install: no bin/ssh in $source (set by SSHIM_SOURCE or the place of this script)"
if $system; then
  for name in ssh scp sftp sshim; do
    if [ ! -e "$root/bin/$name" ] && [ ! -L "$root/bin/$name" ]; then continue; fi
    case $(readlink "$root/bin/$name" || true) in
      "$target"/*) ;;
      *) fail "cannot install: $root/bin/$name is there and is not sshim's (set by whoever installed it)" ;;
    esac
  done
fi
control=
for part in "$source" "$source/musl"; do # the control plane that starts here: built for glibc or for musl
  if [ -z "$control" ] && [ -x "$part/bin/sshim-control" ] && (cd / && "$part/bin/sshim-control" --version) >/dev/null 2>&1; then control=$part; fi
done
if [ "$source" != "$(cd "$target" 2>/dev/null && pwd -P || true)" ]; then
  put "$source/bin/ssh" "$target/bin" ssh 755
  for name in scp sftp sshim; do [ "$(readlink "$target/bin/$name" || true)" = ssh ] || run ln -sf ssh "$target/bin/$name"; done
  if [ -n "$control" ]; then
    put "$control/bin/sshim-control" "$target/bin" sshim-control 755
    put "$control/lib/sshim/libstdc++.so.6" "$target/lib/sshim" libstdc++.so.6 755
  fi
  for file in user.sh coolify.sh; do put "$here/install/$file" "$target/install" "$file" 755; done
  put "$here/docs/sshim.1" "$man" sshim.1 644
  put "$here/install/completions/sshim.bash" "$bash" sshim 644
  put "$here/install/completions/_sshim" "$zsh" _sshim 644
  put "$here/install/completions/sshim.fish" "$fish" sshim.fish 644
fi
if $system; then
  run mkdir -p "$root/bin"
  for name in ssh scp sftp sshim; do
    [ "$(readlink "$root/bin/$name" || true)" = "$target/bin/$name" ] || run ln -sf "$target/bin/$name" "$root/bin/$name"
  done
  set -- "$root/bin"
else
  path_lines install
  set -- "$target/bin"
fi
if $dry; then exit 0; fi
[ -n "$control" ] || fail "installed in $target, but no control plane starts here: every call goes to the real ssh until one does"
say "installed in $target; new shells use it, this one after: export PATH=\"$1:\$PATH\""
PATH="$1:$PATH" "$target/bin/sshim" doctor || say "'sshim doctor' found something to put right (above)"
