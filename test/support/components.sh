#!/usr/bin/env bash
# Installs what the tests need on Debian or Ubuntu. Run it as root, at any time: it adds only what is missing.
# As another user, or on another system, it names what is missing and leaves the machine alone; with CI=true that fails.
set -euo pipefail

program='int main(void) { return 0; }'

# name | command that succeeds when it is there | Debian packages
components=(
  "python3|python3 -c ''|python3"
  "pandas|/usr/bin/python3 -c 'import pandas, matplotlib'|python3-pandas python3-matplotlib"
  "jupyter|/usr/bin/python3 -c 'import ipykernel, jupyter_client'|python3-ipykernel python3-jupyter-client"
  "lua5.4|lua5.4 -e ''|lua5.4"
  "perl|perl -e ''|perl"
  "cc|echo '$program' | cc -x c - -static -o /dev/null|gcc libc6-dev"
  "docker|dockerd --version && containerd --version && docker --version && iptables --version|docker.io iptables"
  "busybox|command -v busybox && command -v dash|busybox-static dash"
  "debootstrap|command -v debootstrap|debootstrap"
  "go|PATH=/usr/local/bin:/usr/bin:/bin; go version && test -d \"\$(go env GOROOT)/test\"|golang-go"
  "c++|echo '$program' | c++ -x c++ - -o /dev/null|g++"
  "rust|PATH=/usr/local/bin:/usr/bin:/bin; rustc --version && cargo --version|rustc-web cargo-web"
  "rust-doc|test -d /usr/share/doc/rust-doc/html/book || test -d \"\$(rustc --print sysroot)/share/doc/rust/html/book\"|rust-doc"
  "cppreference|test -d /usr/share/cppreference/doc/html/en/cpp|cppreference-doc-en-html"
  "python-examples|test -d /usr/share/doc/python3.11/examples|python3.11 python3.11-examples"
  "java|javac --version|openjdk-17-jdk-headless"
  "java-doc|test -d /usr/share/doc/openjdk-17-jre-headless/api/java.base|openjdk-17-doc"
  "ruby|ruby --version|ruby"
  "php|php --version|php-cli"
  "phpseclib|test -f /usr/share/php/phpseclib/Math/BigInteger.php|php-phpseclib"
  "composer|composer --version && php -r 'exit(extension_loaded(\"zip\") ? 0 : 1);'|composer php-zip"
  "openssl|openssl version|openssl"
  "redis-server|redis-server --version|redis-server"
  "sanitizers|echo '$program' | cc -x c - -fsanitize=address,undefined -o /dev/null|gcc libc6-dev"
)

there() { bash -c "$1" >/dev/null 2>&1; }

# Checks each component; fills missing_names and missing_packages.
look() {
  missing_names=()
  missing_packages=()
  local name check packages component
  for component in "${components[@]}"; do
    name=${component%%|*}
    packages=${component##*|}
    check=${component#*|}
    check=${check%|*}
    if there "$check"; then
      echo "have     $name"
    else
      echo "missing  $name ($packages)"
      missing_names+=("$name")
      read -ra words <<<"$packages"
      missing_packages+=("${words[@]}")
    fi
  done
}

look
if ((${#missing_names[@]} > 0)); then
  if [[ $EUID -ne 0 ]]; then
    echo "not installed: needs root"
  elif ! command -v apt-get >/dev/null; then
    echo "not installed: needs apt-get"
  else
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    apt-get install -qq -y --no-install-recommends "${missing_packages[@]}"
    look
  fi
fi
[[ ${#missing_names[@]} -eq 0 || ${CI:-} != true ]]
