#include "outer_groups.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "system.h"

enum { WORDS_ROOM = 512 };

static const char *const wanted_controllers[] = {"memory", "pids", "cpu", "io"};

static bool has_word(const char *words, const char *word) {
  size_t length = strlen(word);
  for (const char *at = words; (at = strstr(at, word)) != NULL; at += length) {
    bool begins = at == words || at[-1] == ' ';
    if (begins && (at[length] == 0 || at[length] == ' ' || at[length] == '\n')) return true;
  }
  return false;
}

static int open_group(const char *dir) {
  int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_path("cgroup", dir);
  return fd;
}

static void enter_v2(const char *dir) {
  char controllers[WORDS_ROOM], order[32];
  int fd = open_group(dir);
  if (mkdirat(fd, "agent", 0755) < 0 && errno != EEXIST) fail_path("cgroup-create", dir);
  if (write_file_at(fd, "agent/cgroup.procs", "0") < 0) fail_path("cgroup-enter", dir);
  if (read_file_at(fd, "cgroup.controllers", controllers, sizeof controllers) < 0) fail_path("cgroup", dir);
  for (size_t i = 0; i < sizeof wanted_controllers / sizeof *wanted_controllers; i++) {
    if (!has_word(controllers, wanted_controllers[i])) continue;
    snprintf(order, sizeof order, "+%s", wanted_controllers[i]);
    if (write_file_at(fd, "cgroup.subtree_control", order) < 0) fail_path("cgroup-controllers", dir);
  }
  close(fd);
}

static void enter_v1(const char *dir) {
  int fd = open_group(dir);
  if (write_file_at(fd, "cgroup.procs", "0") < 0) fail_path("cgroup-enter", dir);
  close(fd);
}

void enter_delegated_groups(const struct options *options) {
  for (int i = 0; i < options->group_count; i++) {
    const struct group_option *group = &options->groups[i];
    if (group->v2)
      enter_v2(group->dir);
    else
      enter_v1(group->dir);
  }
}

void open_delegated_groups(const struct options *options, struct cgroups *groups) {
  char words[WORDS_ROOM];
  groups->count = options->group_count;
  for (int i = 0; i < options->group_count; i++) {
    const struct group_option *group = &options->groups[i];
    struct hierarchy *hierarchy = &groups->hierarchies[i];
    *hierarchy = (struct hierarchy){
        open_rooted(group->dir), group->v2, group->memory, group->pids, group->cpuacct, group->blkio,
    };
    if (hierarchy->dir < 0) fail_path("cgroup", group->dir);
    if (!group->v2) continue;
    if (read_file_at(hierarchy->dir, "cgroup.subtree_control", words, sizeof words) < 0)
      fail_path("cgroup", group->dir);
    hierarchy->memory = has_word(words, "memory");
    hierarchy->pids = has_word(words, "pids");
    hierarchy->io = has_word(words, "io");
    hierarchy->cpuacct = true; /* version 2 counts processor time everywhere */
  }
}
