/* The command line. It comes from the host. */
#ifndef SOULBOX_OPTIONS_H
#define SOULBOX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "cgroup.h"
#include "limits.h"

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
  const char *listen; /* where hosts connect to the one box that stays; NULL for an agent that ends with its host */
  int listener;
  int held; /* a descriptor that the launcher keeps open as long as the box is there, or -1 */
  bool gateway; /* of that box: its programs' connections are caught, and handed to the host */
  struct limits limits; /* of that box */
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
