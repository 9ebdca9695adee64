/* Programs that wait in boxes for an OPEN: which, how many, and those that are there. */
#ifndef SOULBOX_WARM_H
#define SOULBOX_WARM_H

#include <stdbool.h>

#include "description.h"
#include "run.h"
#include "zygote.h"

enum { MOST_SETS = 64 };

/* One program, and the limits of the boxes in which it waits. */
struct warm_set {
  uint32_t id; /* 0: not in use */
  bool forks;
  struct limits limits; /* without wall time and output, which are not the box's */
  unsigned count; /* how many shall wait */
  char **arguments, **environment;
  struct frame file; /* of length 0 where there is none */
  struct zygote zygote;
  unsigned failures; /* in a row */
  /* In ns of the monotonic clock; 0 for never. */
  uint64_t rest_until; /* after a failure */
  uint64_t answer_due; /* of its zygote, which counts as broken then */
};

/* Does what WARM says. Where there is no room for it, its executions start their own programs. */
void warm_order(struct agent *agent, const struct frame *frame, const struct warm_description *warm);

/* Opens a run by the program that waits for it, or by a fork of its zygote. False where neither is there. */
bool warm_open(struct agent *agent, uint32_t set, uint32_t id, const struct limits *limits, uint32_t credit);

/* The program of a run waits from now on; or it never will. */
void warm_told(struct run *run, bool waits);

/* Ends one that waits for the sake of an OPEN that finds no place. Whether there will be one soon. */
bool warm_make_room(struct agent *agent);

/* The box of a run that waited, or should have come to wait, is gone. */
void warm_was_lost(struct agent *agent, struct run *run);

/* The process `pid` has ended: perhaps a zygote. */
void warm_zygote_ended(struct agent *agent, pid_t pid);

/* Ends all zygotes. */
void warm_close(struct agent *agent);

/* Takes the answers of a zygote. */
void warm_read(struct agent *agent, struct warm_set *set);

/* Starts what is missing and ends what is too many. */
void warm_fill(struct agent *agent, uint64_t now);

/* When warm_fill must be called next, in ns of the monotonic clock; UINT64_MAX for never. */
uint64_t warm_due(const struct agent *agent);

#endif
