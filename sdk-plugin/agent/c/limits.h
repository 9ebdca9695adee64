#ifndef SOULBOX_LIMITS_H
#define SOULBOX_LIMITS_H

#include <stdint.h>

/* What OPEN asks for. */
struct limits {
  uint64_t wall_ms; /* per stage */
  uint64_t cpu_ms;  /* per stage */
  uint64_t memory;  /* bytes */
  uint64_t output;  /* bytes */
  uint64_t disk;    /* bytes */
  uint32_t processes;
};

/* How the usual controllers are held; what is not by a cgroup is by rlimits and the watchdog. */
enum holder { HELD_BY_WATCHDOG, HELD_BY_CGROUP_V1, HELD_BY_CGROUP_V2 };

struct holders {
  enum holder memory;
  enum holder processes;
  enum holder cpu;
};

#endif
