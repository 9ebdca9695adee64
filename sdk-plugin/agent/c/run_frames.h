/* The frames that tell the client about a run. Room must have been checked by channel_is_congested. */
#ifndef SOULBOX_RUN_FRAMES_H
#define SOULBOX_RUN_FRAMES_H

#include "run.h"
#include "run_verdict.h"
#include "usage.h"

void send_stage_start(struct agent *agent, const struct run *run);
void send_stage_end(struct agent *agent, const struct run *run, struct judgement judgement);
void send_end(struct agent *agent, const struct run *run);
void send_refused(struct agent *agent, uint32_t id, enum refusal refusal, const char *step, int error);

/* What a run uses, or the box for `id` 0, in answer to the STATS of that number. */
void send_usage(struct agent *agent, uint32_t id, uint64_t number, const struct usage *usage);

/* With the facts of `agent`. */
void send_hello(struct agent *agent);

#endif
