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

/* Whether a program that waits may take the stage. */
bool stage_takes_warm(unsigned index);

/* The path of the file that is kept of the stage, or NULL. */
const char *stage_kept(unsigned index);

/* The job of that program, as PROTOCOL.md has it, in memory of its own; NULL where there is none. */
uint8_t *stage_job(unsigned index, size_t *length);

/* Makes the calling process a program in the box: its user, streams, limits and filter. False where a part failed.
   `kept` is a descriptor that becomes WARM_JOB, or -1. */
bool enter_box(const struct box_plan *plan, bool takes_stdin, int kept);

/* The part of this that is neither streams nor a place: limits, user and filter. */
bool confine(const struct box_plan *plan);

/* As after a fresh start. */
void reset_signals(void);

#endif
