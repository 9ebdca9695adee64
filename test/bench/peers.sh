#!/usr/bin/env bash
# Installs the peers that `npm run bench` measures beside SoulBox, on Debian or Ubuntu, as root. What cannot be had is named
# and left out: the bench then says that it is not here.
#
#   peers.sh [ISOLATE]    ISOLATE: a folder with the source of isolate (github.com/ioi/isolate), which no registry has
set -uo pipefail

judge=v1.12.2

have() { command -v "$1" >/dev/null; }
told() { if "${@:2}" >/dev/null 2>&1; then echo "have     $1"; else echo "missing  $1"; fi; }

export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -qq -y --no-install-recommends bubblewrap jupyter-client python3-ipykernel libcap-dev libseccomp-dev

# Built as the tool of a module, since `go install` also asks for the list of all its versions.
if ! have go-judge && have go; then
  folder=$(mktemp -d)
  printf 'module peers\n\ngo 1.25.0\n\nrequire github.com/criyle/go-judge %s\n\ntool github.com/criyle/go-judge/cmd/go-judge\n' \
    "$judge" >"$folder/go.mod"
  (cd "$folder" && GOPATH=$folder/go GOFLAGS=-modcacherw go build -mod=mod -o /usr/local/bin/go-judge \
    github.com/criyle/go-judge/cmd/go-judge)
  rm -rf "$folder"
fi

if ! have isolate && [[ -n ${1:-} ]]; then
  make -C "$1" isolate CONFIG=/usr/local/etc/isolate && install -m 0755 "$1/isolate" /usr/local/bin/isolate
fi
if have isolate && [[ ! -e /usr/local/etc/isolate ]]; then
  # Its boxes are numbered from 0; each has a uid of its own.
  mkdir -p /usr/local/etc /var/local/lib/isolate
  printf '%s\n' 'box_root = /var/local/lib/isolate' 'lock_root = /run/isolate/locks' 'cg_root = /sys/fs/cgroup/isolate' \
    'first_uid = 60000' 'first_gid = 60000' 'num_boxes = 1000' >/usr/local/etc/isolate
fi

told bwrap bwrap --version
told go-judge have go-judge
told isolate isolate --version
told jupyter /usr/bin/python3 -c 'import ipykernel, jupyter_client'
