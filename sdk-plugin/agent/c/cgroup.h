/* Leaves of the cgroup folders that the driver delegated: one per run, in each hierarchy. */
#ifndef SOULBOX_CGROUP_H
#define SOULBOX_CGROUP_H

#include <stdbool.h>
#include <stdint.h>

#include "limits.h"

enum { MAX_HIERARCHIES = 6 };

struct hierarchy {
  int dir; /* the delegated folder */
  bool v2;
  bool memory, pids, cpuacct, io;
};

struct cgroups {
  struct hierarchy hierarchies[MAX_HIERARCHIES];
  int count;
};

struct leaf {
  char name[32];
  int dirs[MAX_HIERARCHIES]; /* -1 where it is not made */
};

/* Counters of a leaf since it was made; 0 where nothing counts. */
struct leaf_counters {
  uint64_t cpu_us;
  uint64_t peak_memory;   /* bytes */
  uint64_t oom_kills;     /* processes that the kernel ended for want of memory */
  uint64_t refused_forks; /* for the limit on processes */
};

struct holders cgroup_holders(const struct cgroups *groups);

/* Makes the leaf and writes the limits. NULL, or the name of the step that failed, with errno. Of one that `stays`, the
   kernel ends single processes for want of memory, not all of it. */
const char *leaf_create(const struct cgroups *groups, struct leaf *leaf, uint32_t run, const struct limits *limits,
                        bool stays);

/* Moves the calling process, which has one thread, into the leaf. NULL or the step that failed. */
const char *leaf_enter(const struct cgroups *groups, const struct leaf *leaf);

struct leaf_counters leaf_read(const struct cgroups *groups, const struct leaf *leaf);

/* Only the processor time, in microseconds. */
uint64_t leaf_cpu_us(const struct cgroups *groups, const struct leaf *leaf);

/* Starts peak_memory anew, in version 1. Version 2 has no lasting way to. */
void leaf_reset_peak(const struct cgroups *groups, const struct leaf *leaf);

/* A descriptor for leaf_oom_kills; -1 where the kernel ends all of a leaf at once, or nothing counts. */
int leaf_open_oom(const struct cgroups *groups, const struct leaf *leaf, bool stays);

/* How many processes of the leaf the kernel has ended for want of memory. 0 for the descriptor -1. */
uint64_t leaf_oom_kills(int oom);

void leaf_close(struct leaf *leaf);

/* Whether nothing of the leaf is left. Does not wait. */
bool leaf_remove(const struct cgroups *groups, const char *name);

#endif
