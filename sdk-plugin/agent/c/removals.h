/* Cgroup leaves of ended runs, to be removed when nothing waits for that. */
#ifndef SOULBOX_REMOVALS_H
#define SOULBOX_REMOVALS_H

#include "cgroup.h"

enum { MOST_REMOVALS = 256 };

struct removal {
  char name[sizeof ((struct leaf *)0)->name];
  unsigned tries;
  uint64_t due; /* ns of the monotonic clock */
};

struct removals {
  struct removal list[MOST_REMOVALS];
  unsigned count;
};

/* Closes the leaf and remembers it. */
void removals_add(struct removals *removals, const struct cgroups *groups, struct leaf *leaf);

/* Tries those that are due. What cannot be removed after many tries is left to the driver, which owns the folder. */
void removals_try(struct removals *removals, const struct cgroups *groups, uint64_t now);

/* When removals_try must be called next; UINT64_MAX for never. */
uint64_t removals_due(const struct removals *removals);

/* Waits, but not for ever, until all are gone. */
void removals_finish(struct removals *removals, const struct cgroups *groups);

#endif
