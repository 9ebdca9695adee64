#include "run_verdict.h"

#include <signal.h>
#include <sys/wait.h>

static bool ended_by(const struct stage_outcome *outcome, int signal) {
  return outcome->known && WIFSIGNALED(outcome->status) && WTERMSIG(outcome->status) == signal;
}

/* The time that is used up, if one is. */
static enum limit_kind time_limit(const struct run *run, uint64_t cpu_us) {
  if (run->cause == KILL_WALL) return LIMIT_WALL;
  if (run->cause == KILL_CPU || run->box.watch->cpu_exceeded) return LIMIT_CPU;
  /* Programs can send themselves this signal; that alone is no limit. */
  if (ended_by(&run->outcome, SIGXCPU) && cpu_us >= run->limits.cpu_ms * 1000) return LIMIT_CPU;
  return LIMIT_NONE;
}

struct judgement judge_stage(const struct run *run, const struct leaf_counters *after, uint64_t cpu_us) {
  const struct stage_outcome *outcome = &run->outcome;
  const struct box_watch *watch = run->box.watch;
  if (run->cause == KILL_CANCELLED) return (struct judgement){VERDICT_CANCELLED, LIMIT_NONE};
  if (run->cause == KILL_OUTPUT) return (struct judgement){VERDICT_OUTPUT_LIMIT, LIMIT_OUTPUT};
  if (after->oom_kills > run->before.oom_kills || watch->memory_exceeded)
    return (struct judgement){VERDICT_MEMORY_LIMIT, LIMIT_MEMORY};
  if (watch->start_failed) return (struct judgement){VERDICT_LOST, LIMIT_NONE};

  bool exited = outcome->known && WIFEXITED(outcome->status);
  enum limit_kind time = time_limit(run, cpu_us);
  if (exited && WEXITSTATUS(outcome->status) == 0 && time == LIMIT_NONE)
    return (struct judgement){VERDICT_OK, LIMIT_NONE};
  if (after->refused_forks > run->before.refused_forks || watch->processes_reached)
    return (struct judgement){VERDICT_PROCESS_LIMIT, LIMIT_PROCESSES};
  if (watch->disk_full) return (struct judgement){VERDICT_DISK_LIMIT, LIMIT_DISK};
  if (time != LIMIT_NONE) return (struct judgement){VERDICT_TIMEOUT, time};
  if (!outcome->known) return (struct judgement){VERDICT_LOST, LIMIT_NONE};
  if (exited) return (struct judgement){VERDICT_EXIT, LIMIT_NONE};
  return (struct judgement){ended_by(outcome, SIGSYS) ? VERDICT_DENIED : VERDICT_SIGNAL, LIMIT_NONE};
}
