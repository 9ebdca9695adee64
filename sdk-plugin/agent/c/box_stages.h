/* The programs of a run, kept by the init of its box, and their start. */
#ifndef SOULBOX_BOX_STAGES_H
#define SOULBOX_BOX_STAGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "box.h"
#include "wire.h"

/* Keeps a copy of what the frame describes. False where there are too many, or no memory for it. */
bool stage_add(const struct frame *frame);

unsigned stage_count(void);

/* Forks and starts stage `index` as the user of the box. The process id, or -1 with errno. */
pid_t stage_start(unsigned index, const struct box_plan *plan);

#endif
