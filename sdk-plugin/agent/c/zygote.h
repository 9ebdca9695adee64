/* A zygote: a process that has loaded what programs of a language need, and forks inner boxes with a copy of itself. */
#ifndef SOULBOX_ZYGOTE_H
#define SOULBOX_ZYGOTE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "box.h"

enum {
  ZYGOTE_CONTROL = 3, /* its descriptor for requests */
  ZYGOTE_LIBRARY = 4, /* its descriptor for the library that serves them */
  ZYGOTE_READY = 0,   /* a ticket that no request has */
};

/* What the library is asked for, with the descriptors: link, gate, the program's three, the watch, a folder of the leaf for each
   hierarchy. Both are built at one time by one compiler, so that a struct means the same to them. */
struct zygote_request {
  uint32_t ticket;
  bool in_container;
  struct limits limits;
  struct holders holders;
  struct box_identity identity;
  struct cgroups groups;
};
enum { REQUEST_FDS = 6 };

struct zygote_reply {
  uint32_t ticket;
  int32_t pid; /* of the init of the box, in the agent's namespace; negative: errno */
};

struct zygote {
  pid_t pid; /* 0: none */
  int control;
  int output; /* what its interpreter prints; nobody reads it */
  bool ready;
  unsigned asked;
};

/* NULL or the step that failed, with errno. */
const char *zygote_start(struct zygote *zygote, char **arguments, char **environment);

/* Asks for a box. False where it cannot be asked. */
bool zygote_ask(const struct zygote *zygote, uint32_t ticket, const struct box_plan *plan, int watch);

/* 1: `reply` is there. 0: nothing is. -1: it is broken. */
int zygote_answer(const struct zygote *zygote, struct zygote_reply *reply);

/* Ends it; boxes that it forked live on. */
void zygote_close(struct zygote *zygote);

#endif
