#ifndef SOULBOX_OUTER_BOX_H
#define SOULBOX_OUTER_BOX_H

#include "options.h"

/* Builds the outer wall, and serves as the first process within. The caller's process stays outside to wait. */
_Noreturn void outer_box(struct options *options);

#endif
