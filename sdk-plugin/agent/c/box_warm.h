/* The program that waits in a box, as the init of the box has it. */
#ifndef SOULBOX_BOX_WARM_H
#define SOULBOX_BOX_WARM_H

#include <stdbool.h>
#include <sys/types.h>

#include "box.h"

/* Remembers handlers and name of the calling process for the program of WARM_FORK. */
void warm_keep_process(void);

/* Forks the program. False in the child of WARM_FORK, which is a program in the box from then on. */
bool warm_start(const struct box_plan *plan);

/* Waits until the program has said that it is ready. False, and it is ended, when it has not in time or the agent has closed
   the box. */
bool warm_await(const struct box_plan *plan);

/* Gives it the stage to run. Its process id, or -1 where none waits for this one; `cpu_us` is what it has used so far. */
pid_t warm_use(unsigned index, const struct box_plan *plan, uint64_t *cpu_us);

#endif
