/* The inner box: what the agent and the init of a box know of each other. */
#ifndef SOULBOX_BOX_H
#define SOULBOX_BOX_H

#include <linux/filter.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "cgroup.h"
#include "limits.h"
#include "wire.h"

#define BOX_HOME "/home/sandbox"

enum {
  BOX_USER = 1000,
  MAX_STAGES = 255,
  STEP_ROOM = 48,
  FRAME_RUN_STAGE = 0x70, /* agent to init only: u8 index */
  WARM_JOB = 3,           /* a waiting program's descriptor for what it shall do */
};

/* What watches saw, in memory that the agent shares with the init of the box: it outlives that init. */
struct box_watch {
  _Atomic bool used_warm;    /* the program that waited was used */
  _Atomic bool start_failed; /* a program's limits could not be set, so it was not started */
  _Atomic bool memory_exceeded;
  _Atomic bool cpu_exceeded;
  _Atomic bool processes_reached;
  _Atomic bool disk_full;
  _Atomic uint64_t peak_memory; /* bytes, of this stage */
  _Atomic uint64_t memory;      /* bytes, at the last look */
  _Atomic uint64_t cpu_us;      /* of all that ever ran in the box */
  _Atomic uint64_t tasks;
};

enum report_kind {
  REPORT_WARM,    /* the program that shall wait for an execution does, or, with another value than 0, never will */
  REPORT_READY,   /* the box is built, all files are written, all stages known */
  REPORT_REFUSED, /* the box cannot be made; the last report */
  REPORT_ENDED,   /* a stage and everything that it started has ended */
};

enum refusal { REFUSAL_INVALID, REFUSAL_BUSY, REFUSAL_SETUP, REFUSAL_PATH, REFUSAL_DISK };

/* From init to agent. Only init and agent hold the socket. With REPORT_ENDED may come the descriptor of a file. */
struct box_report {
  uint8_t kind;
  uint8_t refusal;
  uint16_t reserved;
  int32_t value; /* errno, or the wait status of the stage's main process */
  uint64_t wall_us;
  uint64_t cpu_us;
  uint64_t max_rss; /* bytes */
  char step[STEP_ROOM];
};

/* How users of a box map to the agent's own user namespace. */
struct box_identity {
  bool own_uid;
  uint32_t supervisor; /* becomes 0 inside; only with own_uid */
  uint32_t user;       /* becomes BOX_USER inside */
};

/* A program that is started before anybody knows what for. */
enum warm_kind { NOT_WARM, WARM_START, WARM_FORK };

struct box_plan;

/* What the init of a box starts from. */
struct box_plan {
  bool in_container;     /* the outer wall is not of this program's making */
  bool container_is_box; /* the namespaces and the disk are there already, and for this box alone */
  struct limits limits;
  struct holders holders;
  struct box_identity identity;
  const struct cgroups *groups;
  const struct leaf *leaf;
  const struct sock_fprog *filter;
  struct box_watch *watch;
  enum warm_kind warm;
  char **warm_arguments, **warm_environment; /* of WARM_START */
  struct frame warm_file;                    /* for the working directory; of length 0 where there is none */
  int link;                                 /* stream socket to the agent */
  /* Of a box that stays: what its init becomes, and where hosts connect to that. Else NULL. */
  void (*live_service)(const struct box_plan *plan);
  int listener;
  /* Of one whose connections the host decides on: NULL or the step that failed. Else NULL. */
  const char *(*build_gateway)(void);
  int gate;                                 /* says when the maps of its users are written */
  int user_stdin, user_stdout, user_stderr; /* the program's ends */
};

/* Life of the init of a box, in the new namespaces. Returns only in a child that it has forked for WARM_FORK, which then
   is a program in the box: behind all walls, with the descriptor of its job at WARM_JOB. */
void box_init(const struct box_plan *plan);

/* A box as the agent holds it. */
struct box {
  pid_t init;
  pid_t everything; /* what to signal to end all of it: the init, or -1 where the container is the box */
  int link;
  int gate; /* until it is released */
  int program_stdin, program_stdout, program_stderr; /* the agent's ends, non-blocking */
  int kept; /* the file that is kept of the stage that ended, or -1 */
  struct box_watch *watch;
};

#define NO_BOX ((struct box){-1, -1, -1, -1, -1, -1, -1, -1, NULL})

/* Starts the init of a box. NULL, or the name of the step that failed, with errno; `box` then holds nothing. */
const char *box_start(struct box *box, struct box_plan *plan);

/* What another process needs to start it: fills `box` but for the init, and the program's ends in `plan`, with `watch` the
   descriptor of the shared memory. As box_start on failure. */
const char *box_prepare(struct box *box, struct box_plan *plan, int *watch);

/* Closes what only the init of the box shall hold. */
void box_close_ends(struct box_plan *plan);

/* Writes the maps of the init, and lets it go on. NULL or the step that failed. */
const char *box_release(struct box *box, const struct box_identity *identity);

void box_close(struct box *box);

#endif
