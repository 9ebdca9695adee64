/* The live service of LIVE.md: the first process of a box that stays. */
#ifndef SOULBOX_LIVE_H
#define SOULBOX_LIVE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What the service starts from. What it needs of the box around it:
 * - It is the first process of its pid namespace, and SIGCHLD is not ignored. No descriptor of the box's is without
 *   close-on-exec. Standard streams are open.
 * - Terminals: a devpts of the box's own at /dev/pts (newinstance, ptmxmode=0666, mode=0620), and /dev/ptmx leading to
 *   its ptmx.
 * - /proc, of the box's own pid namespace, for sessions and ports.
 * - For its programs, any port may be bound: net.ipv4.ip_unprivileged_port_start is 0 in the box's network.
 * - A gateway, where one was built (gateway.h).
 * - With `own_uid`: the capabilities SETUID, SETGID and KILL in the box's user namespace.
 * - Its seccomp filter, if it has one, allows inotify, epoll, signalfd, timers by epoll, sockets of TCP, UDP and unix, and
 *   what `enter` does.
 */
struct live_setup {
  int listener; /* a unix stream socket that hosts connect to; the service makes it non-blocking */
  int link;     /* its end of stream means: exit at once; whatever else comes on it is dropped */
  bool own_uid; /* this process is uid 0 of the box, its programs run as BOX_USER; else all have one uid */
  uint64_t boot;             /* said in HELLO */
  const char *const *facts;  /* `key=value` of HELLO, ended by NULL */
  /* Called in a forked child, which is the leader of its session, with the standard streams (and descriptor 3, where it
     has one) in place: its limits, user, capabilities, filter. False where a part failed. The service then changes to the
     program's folder and executes it; children that work on files go on without an exec. */
  bool (*enter)(const void *context);
  /* Every WATCH_INTERVAL_MS while a program runs, and seldom else. It may kill. May be NULL. */
  void (*look)(const void *context);
  /* How many processes of the box the kernel has killed for memory so far. May be NULL: unknown. */
  uint64_t (*memory_kills)(const void *context);
  const void *context;
};

_Noreturn void live_serve(const struct live_setup *setup);

#endif
