/* What each frame of the client does. */
#ifndef SOULBOX_DISPATCH_H
#define SOULBOX_DISPATCH_H

#include "run.h"

enum dispatched {
  DISPATCHED,         /* done with this frame */
  DISPATCH_LATER,     /* the box that it is for takes no more at present */
  DISPATCH_VIOLATION, /* not allowed: the connection must be closed */
};

enum dispatched dispatch(struct agent *agent, const struct frame *frame);

/* Whether the frame waits for the box of this run. */
bool dispatch_waits_for(const struct agent *agent, const struct run *run);

#endif
