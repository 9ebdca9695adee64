/* What the init of a box looks at while a program runs. */
#ifndef SOULBOX_BOX_WATCH_H
#define SOULBOX_BOX_WATCH_H

#include "box.h"

enum { WATCH_INTERVAL_MS = 20 };

/* Opens what later looks need of the leaf, while its folders are open: a descriptor to keep, or -1 for none. */
int watch_open_leaf(const struct box_plan *plan);

/* Opens what later looks need, inside the finished box. -1 on failure. */
int watch_prepare(const struct box_plan *plan);

/* Notes in `plan->watch` what is used up. Whether the box must be ended now, because no cgroup does that:
   one of version 1 takes one process at a time, and leaves the others waiting for each other.
   `cpu_base_us` is what ended processes had used before this stage; `main_has_ended`: one that was there is not counted
   any more. */
bool watch_look(const struct box_plan *plan, uint64_t cpu_base_us, bool main_has_ended);

/* As watch_look for a box that stays: where nothing else holds its memory, the largest process is ended instead. */
void watch_live(const struct box_plan *plan);

/* How many of its processes were ended for want of memory, by whomever. */
uint64_t watch_memory_kills(void);

/* `value` less `part`, and no less than nothing. */
uint64_t less(uint64_t value, uint64_t part);

/* Processor time of all children that were waited for, in microseconds. */
uint64_t reaped_cpu_us(void);

#endif
