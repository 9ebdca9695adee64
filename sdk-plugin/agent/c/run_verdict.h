#ifndef SOULBOX_RUN_VERDICT_H
#define SOULBOX_RUN_VERDICT_H

#include "run.h"
#include "wire.h"

struct judgement {
  enum verdict verdict;
  enum limit_kind limit;
};

/* How the stage ended: from its wait status and from counters that no program can reach. */
struct judgement judge_stage(const struct run *run, const struct leaf_counters *after, uint64_t cpu_us);

#endif
