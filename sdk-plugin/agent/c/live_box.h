/* The box of a sandbox that stays. */
#ifndef SOULBOX_LIVE_BOX_H
#define SOULBOX_LIVE_BOX_H

#include "box.h"

/* Serves whoever connects to `plan->listener`, within the finished box, with the powers of an init and no more. Ends, and
   with it everything in the box, when `plan->link` does. */
_Noreturn void live_box(const struct box_plan *plan);

#endif
