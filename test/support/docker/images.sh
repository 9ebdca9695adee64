#!/usr/bin/env bash
# Builds the images of all languages in the Docker engine of DOCKER_HOST (by default that of this machine), on a base made
# here, with the product's own command. What is there already is built from the engine's cache. Needs a built tree.
#
#   images.sh [LANGUAGE…]
#
# SOULBOX_NPM and SOULBOX_GO are the registries to fetch from; by default those that npm and go are set to here.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
base=soulbox/base:bookworm

"$here/make-base.sh" "$base"

npm=${SOULBOX_NPM:-$(npm config get registry)}
go=${SOULBOX_GO:-$(go env GOPROXY 2>/dev/null | cut -d, -f1 || true)}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
{
  echo 'extends: none'
  echo 'host: { dataDir: ./data, logLevel: error }'
  echo 'plugins:'
  echo "  storage-sqlite: { package: '$root/plugins/storage-sqlite' }"
  for plugin in "$root"/plugins/language-*; do echo "  ${plugin##*/}: { package: '$plugin' }"; done
  echo '  sandbox-docker:'
  echo "    package: '$root/plugins/sandbox-docker'"
  echo '    config:'
  echo "      host: '${DOCKER_HOST:-unix:///var/run/docker.sock}'"
  echo '      images:'
  echo "        base: '$base'"
  echo '        network: host'
  echo '        parallel: 3'
  echo "        arguments: { REGISTRY: '${npm%/}', PROXY: '${go:-https://proxy.golang.org}' }"
} >"$folder/soulbox.yaml"

node "$root/config/bin/soulbox.js" images build "$@" --config "$folder/soulbox.yaml"
