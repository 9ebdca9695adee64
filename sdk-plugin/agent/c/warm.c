#include "warm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system.h"

enum {
  /* More at a time would only take the processor from each other, and from runs. */
  STARTING_AT_ONCE = 3,
  /* Then another takes its place: what its copies share with each other, they share for so long. */
  MOST_ASKED = 1000,
};

static const uint64_t start_ns = UINT64_C(30) * 1000 * 1000 * 1000;
static const uint64_t rest_ns = UINT64_C(2) * 1000 * 1000 * 1000;
static const uint64_t put_off_ns = UINT64_C(5) * 1000 * 1000;
enum { MOST_RESTS = 30 };

static struct warm_set *find_set(const struct agent *agent, uint32_t id) {
  for (unsigned i = 0; i < MOST_SETS; i++)
    if (agent->sets[i].id == id) return &agent->sets[i];
  return NULL;
}

static void forget_set(struct warm_set *set) {
  zygote_close(&set->zygote);
  free(set->arguments);
  *set = (struct warm_set){0};
}

/* Pointers and texts in one piece of memory. */
static bool keep_program(struct warm_set *set, const struct frame *frame, const struct warm_description *warm) {
  size_t pointers = (size_t)warm->arguments + warm->environment + 2;
  set->arguments = calloc(1, pointers * sizeof(char *) + warm->text + warm->file.length);
  if (set->arguments == NULL) return false;
  set->environment = set->arguments + warm->arguments + 1;
  char *text = (char *)(set->arguments + pointers);
  char **argument = set->arguments, **entry = set->environment;
  struct field_reader reader = read_fields(frame);
  struct field field;
  while (next_field(&reader, &field) > 0) {
    if (field.tag != 3 && field.tag != 4) continue;
    if (field.tag == 3)
      *argument++ = text;
    else
      *entry++ = text;
    memcpy(text, field.bytes, field.length);
    text += field.length + 1;
  }
  set->file = warm->file;
  set->file.payload = memcpy(text, warm->file.payload ? warm->file.payload : (const uint8_t *)"", warm->file.length);
  return true;
}

void warm_order(struct agent *agent, const struct frame *frame, const struct warm_description *warm) {
  struct warm_set *set = find_set(agent, warm->set);
  if (set == NULL) {
    set = warm->count > 0 ? find_set(agent, 0) : NULL;
    if (set == NULL) return;
    *set = (struct warm_set){.id = warm->set, .forks = warm->forks, .limits = warm->limits};
    if (!keep_program(set, frame, warm)) {
      forget_set(set);
      return;
    }
  }
  set->count = warm->count;
}

static bool fits(const struct limits *a, const struct limits *b) {
  return a->cpu_ms == b->cpu_ms && a->memory == b->memory && a->disk == b->disk && a->processes == b->processes;
}

static void has_failed(struct warm_set *set) {
  if (set->failures < MOST_RESTS) set->failures++;
  set->rest_until = now_ns() + set->failures * rest_ns;
}

void warm_told(struct run *run, bool waits) {
  if (run->state == RUN_WARMING && waits) {
    run->set->failures = 0;
    run->state = RUN_WARM;
  } else if (run->state == RUN_WARMING) {
    run_end_box(run);
  } else if (!waits && run->set->id != 0) {
    has_failed(run->set);
  }
}

void warm_was_lost(struct agent *agent, struct run *run) {
  if (run->set->id != 0) has_failed(run->set);
  run_forget(agent, run);
}

void warm_close(struct agent *agent) {
  for (unsigned i = 0; i < MOST_SETS; i++) zygote_close(&agent->sets[i].zygote);
}

static void will_not_come(struct agent *agent, struct run *run) {
  run->asked = false;
  if (run->state == RUN_WARMING)
    run_forget(agent, run);
  else
    run_refuse(run, REFUSAL_SETUP, "zygote", 0);
}

/* What it was asked for will not come. A copy that was made all the same ends when it finds its link closed. */
static void zygote_has_failed(struct agent *agent, struct warm_set *set) {
  zygote_close(&set->zygote);
  set->answer_due = 0;
  has_failed(set);
  for (unsigned i = 0; i < agent->max_runs; i++)
    if (agent->runs[i].asked && agent->runs[i].set == set) will_not_come(agent, &agent->runs[i]);
}

static struct run *find_asked(const struct agent *agent, const struct warm_set *set, uint32_t ticket) {
  for (unsigned i = 0; i < agent->max_runs; i++) {
    struct run *run = &agent->runs[i];
    if (run->asked && run->set == set && run->ticket == ticket) return run;
  }
  return NULL;
}

static bool is_asked(const struct agent *agent, const struct warm_set *set) {
  for (unsigned i = 0; i < agent->max_runs; i++)
    if (agent->runs[i].asked && agent->runs[i].set == set) return true;
  return false;
}

static bool take_copy(struct agent *agent, struct warm_set *set, const struct zygote_reply *reply) {
  struct run *run = find_asked(agent, set, reply->ticket);
  /* Nobody wants it any more: its link is closed, so that it ends by itself. */
  if (run == NULL) return true;
  if (reply->pid <= 0) return false;
  run->asked = false;
  set->answer_due = is_asked(agent, set) ? now_ns() + start_ns : 0;
  run->box.init = run->box.everything = reply->pid;
  run->init_alive = true;
  struct box_identity identity = run_plan(agent, run).identity;
  if (box_release(&run->box, &identity)) run_end_box(run);
  return true;
}

void warm_read(struct agent *agent, struct warm_set *set) {
  struct zygote_reply reply;
  while (set->zygote.pid > 0) {
    int got = zygote_answer(&set->zygote, &reply);
    if (got == 0) return;
    if (got > 0 && reply.ticket == ZYGOTE_READY) {
      set->zygote.ready = true;
      set->answer_due = 0;
    } else if (got < 0 || !take_copy(agent, set, &reply)) {
      zygote_has_failed(agent, set);
    }
  }
}

void warm_zygote_ended(struct agent *agent, pid_t pid) {
  for (unsigned i = 0; i < MOST_SETS; i++)
    if (agent->sets[i].zygote.pid == pid) {
      warm_read(agent, &agent->sets[i]);
      /* A copy may still hold its end of the connection. */
      if (agent->sets[i].zygote.pid == pid) zygote_has_failed(agent, &agent->sets[i]);
    }
}

static const char *start_box(struct agent *agent, struct run *run) {
  struct box_plan plan = run_plan(agent, run);
  plan.warm = WARM_START;
  plan.warm_arguments = run->set->arguments;
  plan.warm_environment = run->set->environment;
  plan.warm_file = run->set->file;
  const char *step = box_start(&run->box, &plan);
  run->init_alive = step == NULL;
  return step;
}

static const char *fork_box(struct agent *agent, struct run *run) {
  struct box_plan plan = run_plan(agent, run);
  struct zygote *zygote = &run->set->zygote;
  int watch;
  const char *step = box_prepare(&run->box, &plan, &watch);
  if (step) return step;
  bool asked = zygote_ask(zygote, run->ticket, &plan, watch);
  box_close_ends(&plan);
  close(watch);
  if (!asked) return "zygote";
  zygote->asked++;
  run->asked = true;
  if (run->set->answer_due == 0) run->set->answer_due = now_ns() + start_ns;
  return NULL;
}

static bool start_one(struct agent *agent, struct warm_set *set, struct run *run) {
  run->limits = set->limits;
  run->set = set;
  run->state = RUN_WARMING;
  run->wall_deadline = now_ns() + start_ns;
  const char *step = run_make_leaf(agent, run);
  if (step == NULL) step = set->forks ? fork_box(agent, run) : start_box(agent, run);
  if (step == NULL) return true;
  has_failed(set);
  run_forget(agent, run);
  return false;
}

static bool can_fork(const struct warm_set *set) {
  return set->forks && set->zygote.ready && set->zygote.asked < MOST_ASKED;
}

/* Whether its zygote can be asked now; starts one where it is missing or has been asked often enough. */
static bool zygote_is_ready(struct warm_set *set, bool copying) {
  struct zygote *zygote = &set->zygote;
  if (zygote->asked >= MOST_ASKED && !copying) zygote_close(zygote);
  if (zygote->pid == 0) {
    if (zygote_start(zygote, set->arguments, set->environment))
      has_failed(set);
    else
      set->answer_due = now_ns() + start_ns;
  }
  return can_fork(set);
}

bool warm_open(struct agent *agent, uint32_t number, uint32_t id, const struct limits *limits, uint32_t credit) {
  struct warm_set *set = number == 0 ? NULL : find_set(agent, number);
  if (set == NULL || !fits(&set->limits, limits)) return false;
  struct run *free = NULL;
  for (unsigned i = 0; i < agent->max_runs; i++) {
    struct run *run = &agent->runs[i];
    if (run->state == RUN_FREE) free = run;
    if (run->state != RUN_WARM || run->set != set) continue;
    run_adopt(run, id, limits, credit);
    return true;
  }
  /* A fork is still quicker than a start. */
  if (free == NULL || set->rest_until > 0 || !can_fork(set) || !start_one(agent, set, free)) return false;
  run_adopt(free, id, limits, credit);
  return true;
}

/* Places that only runs may take: a client shall not be refused for the sake of those to come. */
static struct run *spare_place(const struct agent *agent) {
  struct run *found = NULL;
  unsigned free = 0;
  for (unsigned i = 0; i < agent->max_runs; i++) {
    if (agent->runs[i].state != RUN_FREE) continue;
    found = &agent->runs[i];
    free++;
  }
  return free > agent->max_runs / 4 ? found : NULL;
}

static void end_one(struct run *run) {
  run->state = RUN_CLEARING;
  run_end_box(run);
}

bool warm_make_room(struct agent *agent) {
  struct run *waiting = NULL;
  for (unsigned i = 0; i < agent->max_runs; i++) {
    struct run *run = &agent->runs[i];
    if (run->asked || (run->state == RUN_CLEARING && run->init_alive)) return true;
    if (run->state == RUN_WARM || run->state == RUN_WARMING) waiting = run;
  }
  if (waiting) end_one(waiting);
  return waiting != NULL;
}

struct tally {
  unsigned waiting, starting, copying;
};

static struct tally count_set(const struct agent *agent, const struct warm_set *set) {
  struct tally tally = {0};
  for (unsigned i = 0; i < agent->max_runs; i++) {
    const struct run *run = &agent->runs[i];
    if (run->set != set) continue;
    tally.waiting += run->state == RUN_WARM;
    tally.copying += run->asked;
    tally.starting += run->state == RUN_WARMING;
  }
  return tally;
}

static void reduce(struct agent *agent, struct warm_set *set, struct tally tally) {
  for (unsigned i = 0; i < agent->max_runs && tally.waiting + tally.starting > set->count; i++) {
    struct run *run = &agent->runs[i];
    if (run->set != set || run->asked || (run->state != RUN_WARM && run->state != RUN_WARMING)) continue;
    end_one(run);
    if (tally.waiting > 0)
      tally.waiting--;
    else
      tally.starting--;
  }
  if (set->count == 0 && tally.waiting + tally.starting + tally.copying == 0) forget_set(set);
}

/* Whether a client waits for this process to start a program: what waits for others must not hold that up for long. */
static bool is_busy(const struct agent *agent) {
  for (unsigned i = 0; i < agent->max_runs; i++)
    if (agent->runs[i].state >= RUN_DESCRIBED && agent->runs[i].state <= RUN_READY) return true;
  return false;
}

void warm_fill(struct agent *agent, uint64_t now) {
  static uint64_t busy_since;
  if (!is_busy(agent))
    busy_since = 0;
  else if (busy_since == 0)
    busy_since = now;
  if (busy_since > 0 && now - busy_since < put_off_ns) return;
  for (unsigned i = 0; i < MOST_SETS; i++) {
    struct warm_set *set = &agent->sets[i];
    if (set->id == 0) continue;
    if (now >= set->rest_until) set->rest_until = 0;
    if (set->answer_due > 0 && now >= set->answer_due) zygote_has_failed(agent, set);
    struct tally tally = count_set(agent, set);
    if (tally.waiting + tally.starting > set->count || set->count == 0) {
      reduce(agent, set, tally);
      continue;
    }
    while (tally.waiting + tally.starting < set->count && tally.starting < STARTING_AT_ONCE && set->rest_until == 0) {
      if (set->forks && !zygote_is_ready(set, tally.copying > 0)) break;
      struct run *run = spare_place(agent);
      if (run == NULL) break;
      start_one(agent, set, run);
      tally.starting++;
      tally.copying++;
    }
  }
}

uint64_t warm_due(const struct agent *agent) {
  uint64_t due = UINT64_MAX;
  for (unsigned i = 0; i < MOST_SETS; i++) {
    const struct warm_set *set = &agent->sets[i];
    if (set->rest_until > 0 && set->rest_until < due) due = set->rest_until;
    if (set->answer_due > 0 && set->answer_due < due) due = set->answer_due;
  }
  return due;
}
