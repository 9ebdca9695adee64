#ifndef SOULBOX_SERVE_H
#define SOULBOX_SERVE_H

#include "run.h"

enum { DEFAULT_RUNS = 32 };

struct serve_options {
  int in_fd, out_fd;
  unsigned max_runs;
  bool own_uids;
  bool outer_wall;
  bool container_is_box;
  struct cgroups groups;
  /* Of an agent whose one box stays: where its live service is reached, whether its connections are
     caught, and its limits. Else -1. */
  int listener;
  bool gateway;
  struct limits limits;
};

/* Speaks the protocol on the descriptor until the client closes it, asks for the end, or breaks the protocol; then
   ends every run and exits. With a listener it makes that box first, goes on where the client closes it, and exits with
   the box. */
_Noreturn void serve(const struct serve_options *options);

#endif
