/* The filter on system calls under which user programs run. */
#ifndef SOULBOX_SECCOMP_H
#define SOULBOX_SECCOMP_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>

/* What becomes of a system call. */
enum call_action {
  CALL_ALLOW,
  CALL_EPERM,
  CALL_ENOSYS,
  CALL_KILL,
  CALL_CLONE,       /* EPERM where it would make a namespace */
  CALL_SOCKET,      /* families and protocols */
  CALL_PERSONALITY, /* only queries and the default */
  CALL_IOCTL,       /* no input into terminals */
  CALL_PRLIMIT,     /* only on the caller */
  CALL_SCHEDULE,    /* not on the init of the box */
  CALL_PRIORITY,    /* the same, and not on all of a user */
  CALL_IO_PRIORITY, /* the same */
};

struct call_rule {
  uint32_t number;
  enum call_action action;
};

/* The rules for the calls that are not simply allowed, unsorted; sets `count`. */
const struct call_rule *call_rules(unsigned *count);

/* Calls that make memory which no process maps: refused where no cgroup accounts for it. */
const struct call_rule *unaccounted_memory_rules(unsigned *count);

/* Numbers above are refused as unknown: nobody has looked at what those calls do. */
uint32_t newest_reviewed_call(void);

/* Compiles the filter once; later calls return the same. NULL when it would not fit, which a test rules out. */
const struct sock_fprog *seccomp_filter(bool memory_is_accounted);

#endif
