#!/usr/bin/env bash
# Gives a Docker engine a base for the images of languages: to root one made by debootstrap, which needs no registry of
# images, to anybody else Debian's own.
#
#   make-base.sh [NAME]    default: soulbox/base:bookworm, in the engine of DOCKER_HOST
#
# What debootstrap made is kept in the cache folder (SOULBOX_CACHE, else ~/.cache/soulbox), so that the next engine gets it at once.
# SOULBOX_DEBIAN is the mirror; by default the one that apt uses here. Needs docker, and for root debootstrap.
set -euo pipefail

name=${1:-soulbox/base:bookworm}
suite=bookworm
cache=${SOULBOX_CACHE:-$HOME/.cache/soulbox}
archive=$cache/$suite-$(dpkg --print-architecture).tar

if docker image inspect "$name" >/dev/null 2>&1; then exit 0; fi
if [[ $EUID -ne 0 ]]; then
  docker pull --quiet "debian:$suite-slim" >/dev/null
  docker tag "debian:$suite-slim" "$name"
  exit
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9
if [[ ! -s $archive ]]; then
  mirror=${SOULBOX_DEBIAN:-$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m1 '/debian/\?$' || true)}
  work=$(mktemp -d)
  # In memory: debootstrap waits for the disk after each file otherwise.
  mount -t tmpfs -o size=2g debootstrap "$work"
  trap 'umount --recursive "$work"; rmdir "$work"' EXIT
  debootstrap --variant=minbase "$suite" "$work/root" "${mirror:-http://deb.debian.org/debian}" >"$work/log" 2>&1 \
    || { tail -20 "$work/log" >&2; exit 1; }
  # As images of Debian are made: nothing that is asked for again and again goes to the disk at once, no translations.
  echo force-unsafe-io >"$work/root/etc/dpkg/dpkg.cfg.d/unsafe-io"
  printf 'path-exclude /usr/share/%s/*\n' doc man locale >"$work/root/etc/dpkg/dpkg.cfg.d/excludes"
  echo 'Acquire::Languages "none";' >"$work/root/etc/apt/apt.conf.d/languages"
  rm -rf "$work"/root/var/{lib/apt/lists,cache,log}/* "$work"/root/usr/share/{doc,man,locale}/*
  tar --create --numeric-owner --directory "$work/root" --file "$archive.new" .
  mv "$archive.new" "$archive"
fi
docker import --change 'CMD ["bash"]' "$archive" "$name" >/dev/null
