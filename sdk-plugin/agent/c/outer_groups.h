/* The cgroup folders that the driver delegates to a box. */
#ifndef SOULBOX_OUTER_GROUPS_H
#define SOULBOX_OUTER_GROUPS_H

#include "cgroup.h"
#include "options.h"

/* Moves this process, and so all that it starts, below the folders. In a v2 hierarchy that is a leaf `agent`, for
   only leaves hold processes there; the controllers are handed on to its siblings. Exits when a step fails. */
void enter_delegated_groups(const struct options *options);

/* Opens the folders so that they can be used when the host's root is gone, in the new mount namespace. */
void open_delegated_groups(const struct options *options, struct cgroups *groups);

#endif
