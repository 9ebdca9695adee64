#!/usr/bin/env bash
# A Docker engine of one's own for tests, beside whatever else this machine runs. Everything of it is in one folder.
#
#   engine.sh start FOLDER [dockerd options]   starts it, or starts it again after it was killed; prints its socket
#   engine.sh image FOLDER NAME AGENT [PATH…]  gives it an image of a shell, its tools and the agent, and of files and
#                                              folders of this machine with the libraries that they need;
#                                              FILE=PATH is a file that has another place there
#   engine.sh pid FOLDER                       prints the process id of dockerd
#   engine.sh stop FOLDER                      ends it and everything that it started, and removes what it mounted
set -euo pipefail

command=${1:?start, image, pid or stop}
folder=$(realpath -m "${2:?a folder}")
socket=$folder/docker.sock
containerd_socket=$folder/containerd.sock

alive() { [[ -s $1 ]] && kill -0 "$(<"$1")" 2>/dev/null; }

wait_for() {
  for _ in $(seq 300); do
    if "$@" >/dev/null 2>&1; then return 0; fi
    sleep 0.1
  done
  echo "engine.sh: no success: $*" >&2
  tail -20 "$folder"/*.log >&2
  return 1
}

client() { docker -H "unix://$socket" "$@"; }

# Processes whose command line names the folder: the engine's own, and the shims of its containers.
ours() { pgrep -f "^[^ ]*(dockerd|containerd|containerd-shim[^ ]*) .*$folder/" || true; }

start() {
  mkdir -p "$folder"
  if ! alive "$folder/containerd.pid"; then
    rm -f "$containerd_socket"
    printf 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n' >"$folder/containerd.toml"
    setsid containerd --config "$folder/containerd.toml" --root "$folder/containerd" --state "$folder/containerd-state" \
      --address "$containerd_socket" </dev/null >>"$folder/containerd.log" 2>&1 &
    echo $! >"$folder/containerd.pid"
    wait_for test -S "$containerd_socket"
  fi
  rm -f "$folder/docker.pid" "$socket"
  # Without a TMPDIR of the caller, which may be gone before the engine.
  env -u TMPDIR setsid dockerd --data-root "$folder/data" --exec-root "$folder/exec" --host "unix://$socket" \
    --pidfile "$folder/docker.pid" --containerd "$containerd_socket" --bridge none --iptables=false --ip6tables=false \
    "$@" </dev/null >>"$folder/dockerd.log" 2>&1 &
  wait_for client info
  echo "$socket"
}

image() {
  local name=$1 agent=$2 root shell path paths=()
  root=$(mktemp -d "$folder/root.XXXXXX")
  mkdir -p "$root"/{bin,etc,home,tmp,usr/local/bin}
  cp "$(command -v busybox)" "$root/bin/busybox"
  cp "$agent" "$root/usr/local/bin/soulbox-agent"
  for applet in cat chmod dd echo env false find grep head id kill ln ls mkdir mv ps rm seq sleep stat stty touch true wc yes; do
    ln -s busybox "$root/bin/$applet"
  done
  # Its own shell adds variables to the environment of programs.
  shell=$(realpath "$(command -v dash)")
  cp "$shell" "$root/bin/sh"
  for path in "${@:3}"; do
    if [[ $path == *=* ]]; then
      mkdir -p "$root$(dirname "${path#*=}")"
      cp -L "${path%%=*}" "$root${path#*=}"
    else
      paths+=("$path")
    fi
  done
  if ((${#paths[@]} > 0)); then
    tar -C / -ch --exclude=site-packages --exclude=test "${paths[@]}" 2>/dev/null | tar -C "$root" -x
  fi
  { find "$shell" "$root" -type f '(' -perm -u+x -o -name '*.so*' ')' -exec ldd {} + || true; } 2>/dev/null |
    grep -oE '/[^ :]+\.so[^ :]*' | sort -u | grep -v "^$root/" | xargs cp -L --parents -t "$root"
  find "$root" -type d -exec chmod 0755 {} +
  tar -C "$root" -cf - . | client import -c 'USER 10001:10001' \
    -c "LABEL soulbox.agent=$(sha256sum "$agent" | cut -d' ' -f1)" - "$name" >/dev/null
  rm -rf "$root"
}

stop() {
  local pids pid
  if alive "$folder/docker.pid"; then
    kill -CONT "$(<"$folder/docker.pid")"
    timeout 10 docker -H "unix://$socket" ps -aq | xargs -r timeout 20 docker -H "unix://$socket" rm -fv >/dev/null || true
  fi
  for _ in $(seq 100); do
    pids=$(ours)
    [[ -n $pids ]] || break
    for pid in $pids; do
      # First what runs in containers, which does not end with its shim.
      pkill -KILL -P "$pid" 2>/dev/null || true
      kill -KILL "$pid" 2>/dev/null || true
    done
    sleep 0.05
  done
  # The deepest first.
  awk -v below="$folder/" 'index($2, below) == 1 { print $2 }' /proc/self/mounts | sort -r | xargs -r -n1 umount -l
  rm -rf "$folder"
}

shift 2
case $command in
  start) start "$@" ;;
  image) image "$@" ;;
  pid) cat "$folder/docker.pid" ;;
  stop) stop ;;
  *) echo "engine.sh: unknown command $command" >&2 && exit 64 ;;
esac
