/* The command line. It comes from the host. */
#ifndef SOULBOX_OPTIONS_H
#define SOULBOX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"

enum { MOST_PATHS = 4096 };

struct group_option {
  const char *dir;
  bool v2;
  bool memory, pids, cpuacct, blkio;
};

struct options {
  char **arguments;
  int fd, out_fd;
  bool container_is_box;
  unsigned max_runs;
  const char *paths[MOST_PATHS];
  unsigned path_count;
  bool has_uids;
  uint32_t uid_base, uid_count;
  struct group_option groups[MAX_HIERARCHIES];
  int group_count;
};

/* Reads what follows program and mode in `arguments`, with copies of all texts; exits with EXIT_USAGE for what it
   does not know. */
void options_parse(struct options *options, char **arguments, bool for_box);

/* Clears the command line of this process: programs in a box can read that of its init, which is a copy. */
void options_hide(const struct options *options);

#endif
