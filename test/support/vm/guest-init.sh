#!/bin/sh
# First process of the virtual machine. Leaves the initramfs, for no process can pivot away from that one, sets the
# machine up as systemd does, and runs the checks from cgroups of each kind.
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 SOULBOX_GUEST=1

if [ "$$" = 1 ] && [ ! -e /second ]; then
  mkdir -p /new
  mount -t tmpfs -o mode=755 tmpfs /new
  for name in /*; do [ "$name" = /new ] || cp -a "$name" /new/; done
  : >/new/second
  exec switch_root /new /init
fi

finish() { echo "GUEST END"; echo b >/proc/sysrq-trigger; sleep 600; }
trap finish EXIT

mkdir -p /proc /sys /tmp /run /root
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev || true
mkdir -p /dev/shm
chmod 1777 /tmp
mount -t tmpfs -o mode=1777 tmpfs /tmp
groups=/sys/fs/cgroup
mount -t cgroup2 -o nsdelegate,memory_recursiveprot cgroup2 $groups
for controller in $(cat $groups/cgroup.controllers); do echo "+$controller" >$groups/cgroup.subtree_control; done

# Runs a script of node: NAME USER SCRIPT [ARGUMENT...]. In a cgroup of its own, where a name crowded* puts another
# process too; with a name top-* at the root of the hierarchy, among all processes of the machine.
check() {
  name=$1 user=$2
  shift 2
  printf '\nGUEST BEGIN %s\n' "$name"
  group=$groups/$name
  case $name in top-*) group=$groups ;; *) mkdir "$group" ;; esac
  if [ "$user" != 0 ]; then
    chown "$user:$user" "$group"
    for file in cgroup.procs cgroup.subtree_control cgroup.threads; do chown "$user:$user" "$group"/$file; done
  fi
  (
    case $name in crowded*) sh -c 'echo $$ >"$1"/cgroup.procs; exec sleep 3600' sh "$group" & ;; esac
    sh -c 'echo $$ >"$1"/cgroup.procs; user=$2; shift 2
      [ "$user" = 0 ] && exec node "$@"
      exec setpriv --reuid "$user" --regid "$user" --clear-groups --inh-caps=-all node "$@"' \
      sh "$group" "$user" "$@"
  ) 2>&1 && code=0 || code=$?
  left=$(find $groups -mindepth 1 -type d -name 'soulbox-*' ! -name soulbox-host)
  echo "GUEST EXIT $name $code $(cut -d. -f1 /proc/uptime) left:$left"
}

. /guest-plan
