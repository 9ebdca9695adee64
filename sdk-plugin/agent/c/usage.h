/* What a box, or one run in it, has used and uses now. */
#ifndef SOULBOX_USAGE_H
#define SOULBOX_USAGE_H

#include "run.h"

enum usage_kind {
  USAGE_CPU_US,
  USAGE_MEMORY,
  USAGE_PEAK_MEMORY,
  USAGE_PROCESSES,
  USAGE_READ,
  USAGE_WRITTEN,
  USAGE_KINDS,
};

struct usage {
  bool known[USAGE_KINDS];
  uint64_t value[USAGE_KINDS];
};

/* By the run's cgroup, or by what the watchdog of its box saw last. */
struct usage usage_of_run(const struct agent *agent, const struct run *run);

/* By the cgroups that were delegated, which hold this agent too, or as the sum of the runs. */
struct usage usage_of_box(const struct agent *agent);

#endif
