#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "gateway.h"
#include "live_box.h"
#include "run_frames.h"
#include "run_streams.h"
#include "system.h"
#include "warm.h"

static const uint64_t ns_per_ms = 1000 * 1000;

void run_forget(struct agent *agent, struct run *run) {
  uint8_t *ring = run->stdin_ring;
  box_close(&run->box);
  removals_add(&agent->removals, &agent->groups, &run->leaf);
  *run = (struct run){.state = RUN_FREE, .stdin_ring = ring, .box = NO_BOX};
}

static struct box_identity identity_of(const struct agent *agent, const struct run *run) {
  uint32_t slot = (uint32_t)(run - agent->runs);
  return (struct box_identity){agent->own_uids, 1 + 2 * slot, 2 + 2 * slot};
}

const char *run_make_leaf(struct agent *agent, struct run *run) {
  run->ticket = ++agent->last_leaf;
  return leaf_create(&agent->groups, &run->leaf, run->ticket, &run->limits, agent->listener >= 0);
}

struct box_plan run_plan(const struct agent *agent, struct run *run) {
  return (struct box_plan){
      .in_container = !agent->outer_wall,
      .container_is_box = agent->container_is_box,
      .limits = run->limits,
      .holders = agent->holders,
      .identity = identity_of(agent, run),
      .groups = &agent->groups,
      .leaf = &run->leaf,
      .filter = agent->filter,
      .live_service = agent->listener < 0 ? NULL : live_box,
      .listener = agent->listener,
      .build_gateway = agent->gateway ? gateway_build : NULL,
  };
}

void run_adopt(struct run *run, uint32_t id, const struct limits *limits, uint32_t credit) {
  run->id = id;
  run->limits = *limits;
  run->credit = credit;
  run->output_left = limits->output;
  run->state = RUN_DESCRIBED;
}

void run_open(struct agent *agent, struct run *run, uint32_t id, const struct limits *limits, uint32_t credit) {
  run->limits = *limits;
  struct box_plan plan = run_plan(agent, run);
  const char *step = run_make_leaf(agent, run);
  if (step == NULL) step = box_start(&run->box, &plan);
  if (step) {
    send_refused(agent, id, REFUSAL_SETUP, step, errno);
    run_forget(agent, run);
    return;
  }
  run->init_alive = true;
  run_adopt(run, id, limits, credit);
}

void run_start(struct agent *agent, struct run *run) {
  run->state = RUN_STARTING;
  run->stdin_ungranted = STDIN_WINDOW;
  grant_stdin(agent, run);
}

void run_end_box(struct run *run) {
  if (run->init_alive) kill(run->box.everything, SIGKILL);
}

/* No stage runs and none will. */
static void end_run(struct run *run) {
  run->state = RUN_ENDING;
  run_end_box(run);
}

void run_kill(struct run *run) {
  if (run->cause == KILL_NONE) run->cause = KILL_CANCELLED;
  drop_output(run);
  if (run->state == RUN_RUNNING || run->state == RUN_DRAINING)
    run_end_box(run);
  else
    end_run(run);
}

void run_refuse(struct run *run, enum refusal refusal, const char *step, int error) {
  if (run->state >= RUN_READY) return;
  run->refused = true;
  run->refusal = refusal;
  run->refusal_error = error;
  snprintf(run->refusal_step, sizeof run->refusal_step, "%s", step);
  end_run(run);
}

static void stage_has_ended(struct run *run, uint64_t cpu_us) {
  run->state = RUN_DRAINING;
  run->outcome.wall_us = (now_ns() - run->stage_begun) / 1000;
  run->outcome.cpu_us = cpu_us;
}

/* The init of a box is trusted less than the agent: only from a file that lies on a disk it can read without waiting. */
static void take_kept(struct run *run, int file) {
  if (run->box.kept >= 0) close(run->box.kept);
  run->box.kept = file;
}

static bool has_kept(struct run *run) {
  struct stat about;
  if (run->box.kept < 0) return false;
  run->kept_left = 0;
  if (fstat(run->box.kept, &about) == 0 && S_ISREG(about.st_mode) && about.st_size <= MOST_KEPT_BYTES) {
    run->kept_left = (uint64_t)about.st_size;
    return true;
  }
  take_kept(run, -1);
  return false;
}

static void take_report(struct run *run) {
  struct box_report *report = &run->report;
  report->step[sizeof report->step - 1] = 0;
  switch (report->kind) {
    case REPORT_WARM:
      if (run->set != NULL) warm_told(run, report->value == 0);
      return;
    case REPORT_READY:
      run->is_built = true;
      if (run->state == RUN_STARTING) run->state = RUN_READY;
      return;
    case REPORT_REFUSED:
      /* Nobody has asked for it yet. */
      if (run->id == 0) return run_end_box(run);
      /* The init of a box is trusted less than the agent. */
      run_refuse(run, report->refusal <= REFUSAL_DISK ? report->refusal : REFUSAL_SETUP, report->step, report->value);
      return;
    case REPORT_ENDED:
      if (run->state != RUN_RUNNING) return;
      run->outcome.known = true;
      run->outcome.status = report->value;
      run->outcome.peak_memory = report->max_rss;
      run->all_ended = true;
      stage_has_ended(run, report->cpu_us);
  }
}

void run_read_reports(struct run *run) {
  while (run->box.link >= 0) {
    uint8_t *at = (uint8_t *)&run->report + run->report_used;
    union {
      struct cmsghdr header;
      char bytes[CMSG_SPACE(sizeof(int))];
    } control;
    struct iovec part = {at, sizeof run->report - run->report_used};
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    ssize_t got = recvmsg(run->box.link, &message, MSG_CMSG_CLOEXEC);
    if (got < 0 && errno == EINTR) continue;
    struct cmsghdr *header = got > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS) {
      int file;
      memcpy(&file, CMSG_DATA(header), sizeof file);
      take_kept(run, file);
    }
    if (got == 0) {
      /* The end of the process is reported by the kernel; until then nothing can come from here. */
      close(run->box.link);
      run->box.link = -1;
    }
    if (got <= 0) return;
    run->report_used += (size_t)got;
    if (run->report_used < sizeof run->report) continue;
    run->report_used = 0;
    take_report(run);
  }
}

void run_init_ended(struct agent *agent, struct run *run, uint64_t cpu_us) {
  run_read_reports(run);
  run->init_alive = false;
  /* What ends with its init was not waited for, and only the watch has seen its time. */
  uint64_t watched_us = run->box.watch->cpu_us;
  agent->ended_cpu_us += cpu_us > watched_us ? cpu_us : watched_us;
  /* No namespace ends with it. */
  if (agent->container_is_box) kill(-1, SIGKILL);
  if (run->state <= RUN_WARM) {
    warm_was_lost(agent, run);
  } else if (run->state == RUN_CLEARING) {
    run_forget(agent, run);
  } else if (run->state == RUN_RUNNING) {
    stage_has_ended(run, cpu_us);
  } else if (run->state < RUN_READY) {
    bool no_memory = leaf_read(&agent->groups, &run->leaf).oom_kills > 0;
    run_refuse(run, REFUSAL_SETUP, no_memory ? "memory limit too small for the box" : "box-init ended", 0);
  }
}

static bool cpu_is_counted(const struct agent *agent) { return agent->holders.cpu != HELD_BY_WATCHDOG; }

static uint64_t cpu_used_us(const struct agent *agent, const struct run *run) {
  return leaf_cpu_us(&agent->groups, &run->leaf) - run->before.cpu_us;
}

/* When the rest of the processor time can be used up at the earliest. */
static uint64_t next_cpu_look(const struct run *run, uint64_t used_us, uint64_t now) {
  static long processors;
  if (processors == 0) processors = sysconf(_SC_NPROCESSORS_ONLN) > 0 ? sysconf(_SC_NPROCESSORS_ONLN) : 1;
  uint64_t left = (run->limits.cpu_ms * 1000 - used_us) * 1000 / (uint64_t)processors;
  const uint64_t least = 4 * ns_per_ms;
  return now + (left > least ? left : least);
}

void run_tick(struct agent *agent, struct run *run, uint64_t now) {
  if (run->state == RUN_WARMING && now >= run->wall_deadline) {
    run->wall_deadline = UINT64_MAX;
    run_end_box(run);
  }
  if (run->state != RUN_RUNNING || run->cause != KILL_NONE) return;
  if (now >= run->wall_deadline) {
    run->cause = KILL_WALL;
    run_end_box(run);
  } else if (now >= run->cpu_look) {
    uint64_t used = cpu_used_us(agent, run);
    if (used >= run->limits.cpu_ms * 1000) {
      run->cause = KILL_CPU;
      run_end_box(run);
    } else {
      run->cpu_look = next_cpu_look(run, used, now);
    }
  }
}

uint64_t run_deadline(const struct run *run) {
  if (run->state == RUN_WARMING) return run->wall_deadline;
  if (run->state != RUN_RUNNING || run->cause != KILL_NONE) return UINT64_MAX;
  return run->wall_deadline < run->cpu_look ? run->wall_deadline : run->cpu_look;
}

static void start_stage(struct agent *agent, struct run *run) {
  uint8_t bytes[FRAME_HEADER + 1];
  struct writer order = {bytes, 0, sizeof bytes};
  put_frame_header(&order, FRAME_RUN_STAGE, run->id, 1);
  put_u8(&order, run->stage);
  leaf_reset_peak(&agent->groups, &run->leaf);
  /* Before the first stage nothing but the processor can have been used in a leaf that is new. */
  if (run->stage == 0)
    run->before = (struct leaf_counters){.cpu_us = leaf_cpu_us(&agent->groups, &run->leaf)};
  else
    run->before = leaf_read(&agent->groups, &run->leaf);
  run->outcome = (struct stage_outcome){0};
  run->all_ended = false;
  expect_output(run);
  send_stage_start(agent, run);
  run->state = RUN_RUNNING;
  run->stage_begun = now_ns();
  run->wall_deadline = run->stage_begun + run->limits.wall_ms * ns_per_ms;
  run->cpu_look = cpu_is_counted(agent) ? next_cpu_look(run, 0, run->stage_begun) : UINT64_MAX;
  /* Nothing else is in the socket, so this fits; if not, the box is broken. */
  if (write(run->box.link, bytes, sizeof bytes) == (ssize_t)sizeof bytes) return;
  if (run->init_alive)
    run_end_box(run);
  else
    stage_has_ended(run, 0);
}

static void go_on(struct run *run, bool may_go_on) {
  take_kept(run, -1);
  if (may_go_on && run->stage < run->stage_count && run->init_alive)
    run->state = RUN_READY;
  else
    end_run(run);
}

static void end_stage(struct agent *agent, struct run *run) {
  struct leaf_counters after = leaf_read(&agent->groups, &run->leaf);
  if (cpu_is_counted(agent)) run->outcome.cpu_us = after.cpu_us - run->before.cpu_us;
  if (agent->holders.memory != HELD_BY_WATCHDOG)
    run->outcome.peak_memory = after.peak_memory;
  else if (run->box.watch->peak_memory > run->outcome.peak_memory)
    run->outcome.peak_memory = run->box.watch->peak_memory;
  if (run->outcome.peak_memory > run->peak_memory) run->peak_memory = run->outcome.peak_memory;
  struct judgement judgement = judge_stage(run, &after, run->outcome.cpu_us);
  send_stage_end(agent, run, judgement);
  run->stage++;
  if (judgement.verdict == VERDICT_OK && has_kept(run))
    run->state = RUN_KEEPING;
  else
    go_on(run, judgement.verdict == VERDICT_OK);
}

/* Nothing of the run lives any more: either its init has said so, or the kernel has. What is left of the box holds nothing
   that anybody could find, and goes without the client having to wait for it. */
static bool nothing_lives(const struct run *run) { return !run->init_alive || run->all_ended; }

static void tell_end(struct agent *agent, struct run *run) {
  if (run->refused)
    send_refused(agent, run->id, run->refusal, run->refusal_step, run->refusal_error);
  else
    send_end(agent, run);
  run->id = 0;
  run->state = RUN_CLEARING;
}

void run_advance(struct agent *agent, struct run *run) {
  for (;;) {
    if (run->state == RUN_FREE || channel_is_congested(&agent->channel)) return;
    grant_stdin(agent, run);
    switch (run->state) {
      case RUN_READY:
        start_stage(agent, run);
        return;
      case RUN_DRAINING:
        pump_output(agent, run, false);
        pump_output(agent, run, true);
        if (!output_is_drained(run) || channel_is_congested(&agent->channel)) return;
        end_stage(agent, run);
        break;
      case RUN_KEEPING:
        if (!pump_kept(agent, run)) return;
        go_on(run, true);
        break;
      case RUN_ENDING:
        if (!nothing_lives(run)) return;
        tell_end(agent, run);
        break;
      case RUN_CLEARING:
        if (!run->init_alive) run_forget(agent, run);
        return;
      default:
        return;
    }
  }
}
