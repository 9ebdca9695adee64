/* One run as the agent sees it: its box, its streams, its deadlines, and how it ended. */
#ifndef SOULBOX_RUN_H
#define SOULBOX_RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "box.h"
#include "cgroup.h"
#include "channel.h"
#include "limits.h"
#include "removals.h"

enum {
  STDIN_WINDOW = 64 << 10,
  MOST_RUNS = 256,
  MOST_KEPT_BYTES = 32 << 20,
};

enum run_state {
  RUN_FREE,
  RUN_WARMING, /* the program that shall wait starts */
  RUN_WARM,    /* it waits for an OPEN */
  RUN_DESCRIBED, /* OPEN came, START not yet */
  RUN_STARTING,  /* the box must still say that it is ready */
  RUN_READY,     /* the next stage can start */
  RUN_RUNNING,   /* the main process of a stage runs */
  RUN_DRAINING,  /* it has ended; output may be left in its pipes */
  RUN_KEEPING,   /* it was told so; the file that is kept of it is on its way */
  RUN_ENDING,    /* no further stage; the box must still go */
  RUN_CLEARING,  /* the client was told the end; what is left is the agent's */
};

struct warm_set;

/* Why the agent ended a box. */
enum kill_cause {
  KILL_NONE,
  KILL_CANCELLED,
  KILL_OUTPUT,
  KILL_WALL,
  KILL_CPU,
};

/* How a stage ended. */
struct stage_outcome {
  bool known;     /* whether there is a wait status */
  int status;     /* as of waitpid */
  uint64_t wall_us;
  uint64_t cpu_us;
  uint64_t peak_memory; /* bytes; 0 when unknown */
};

struct stream {
  bool truncated;
  bool drained; /* nothing is left in the pipe, and nobody writes to it any more */
};

struct run {
  enum run_state state;
  uint32_t id; /* 0 while no client has to do with it */
  struct warm_set *set; /* whose program waits in it, or was used in it */
  struct limits limits;
  struct box box;
  struct leaf leaf;
  uint32_t ticket; /* of its leaf, and of the request to a zygote */
  bool asked;      /* a zygote was asked for the init of the box, which is not there yet */
  bool init_alive;
  bool is_built; /* its init has said that all is there */
  bool all_ended; /* its init has ended everything else in the box, and waited for it */
  struct box_report report; /* being received */
  size_t report_used;

  uint8_t stage_count, stage;
  uint64_t stage_begun; /* ns */
  uint64_t wall_deadline, cpu_look;
  struct leaf_counters before; /* the stage */
  struct stage_outcome outcome;
  enum kill_cause cause;

  bool refused;
  enum refusal refusal;
  int refusal_error;
  char refusal_step[STEP_ROOM];

  bool has_file; /* an APPEND may come */
  uint64_t credit, output_left;
  struct stream out, err;
  uint64_t kept_left; /* bytes of the file that is kept */
  uint64_t peak_memory; /* bytes, of the stages that have ended */
  uint8_t *stdin_ring; /* STDIN_WINDOW bytes */
  uint32_t stdin_at, stdin_used, stdin_credit, stdin_ungranted;
  bool stdin_ended;
};

/* What all runs share. */
struct agent {
  struct channel channel;
  struct cgroups groups;
  struct holders holders;
  const struct sock_fprog *filter;
  struct removals removals;
  bool own_uids; /* the agent may give each run two uids of its own, from 1 upwards in its user namespace */
  bool container_is_box; /* no inner boxes: one run at a time, with the walls of the container only */
  bool outer_wall; /* built by this program, so that its root is known to be pivoted */
  unsigned max_runs;
  struct run *runs;
  uint32_t last_run;
  uint32_t last_leaf;
  struct warm_set *sets; /* MOST_SETS of them */
  uint64_t ended_cpu_us; /* of runs whose box is gone */
  const struct run *forwarding; /* the box that must take more before further frames are looked at */
  size_t forwarded;             /* bytes of the present frame that it has taken */
  bool shutdown;
  bool waits_for_place; /* an OPEN stays until one is free */
  int listener; /* of the live service of the one box that stays; -1 where there is none */
  bool gateway; /* of that box */
  bool detached; /* its host is gone; that box goes on */
  int child_events;
};

/* Starts the box, or takes one with a program that waits. On failure the run is over and REFUSED is on its way. */
void run_open(struct agent *agent, struct run *run, uint32_t id, const struct limits *limits, uint32_t credit);
void run_adopt(struct run *run, uint32_t id, const struct limits *limits, uint32_t credit);

/* What its box starts from. */
struct box_plan run_plan(const struct agent *agent, struct run *run);

/* Makes the leaf. NULL or the step that failed, with errno. */
const char *run_make_leaf(struct agent *agent, struct run *run);

/* Frees the place of a run whose box is gone. */
void run_forget(struct agent *agent, struct run *run);

/* What the client asked for. */
void run_start(struct agent *agent, struct run *run);
void run_kill(struct run *run);
void run_refuse(struct run *run, enum refusal refusal, const char *step, int error);

/* Reads reports from the init of the box. */
void run_read_reports(struct run *run);

/* The init of the box is gone, and with it everything in the box. */
void run_init_ended(struct agent *agent, struct run *run, uint64_t cpu_us);

/* Looks at deadlines. */
void run_tick(struct agent *agent, struct run *run, uint64_t now);

/* When run_tick must be called next, in ns of the monotonic clock; UINT64_MAX for never. */
uint64_t run_deadline(const struct run *run);

/* Moves on as far as is possible now: ends stages, starts the next, ends the run. Call it after any event. */
void run_advance(struct agent *agent, struct run *run);

void run_end_box(struct run *run);

#endif
