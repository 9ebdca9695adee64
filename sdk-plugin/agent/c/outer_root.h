#ifndef SOULBOX_OUTER_ROOT_H
#define SOULBOX_OUTER_ROOT_H

#include "options.h"

/* Makes a read-only root of nothing but the paths given, devices that hold no state, and a fresh /proc; moves into it
   and leaves the old one. Exits when a step fails. */
void build_outer_root(const struct options *options, bool as_root);

#endif
