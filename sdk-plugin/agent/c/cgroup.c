#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "system.h"

/* Version 1's count of kills. */
#define OOM_FILE "memory.oom_control"

static enum holder better(enum holder known, const struct hierarchy *hierarchy, bool holds) {
  if (!holds) return known;
  return hierarchy->v2 ? HELD_BY_CGROUP_V2 : HELD_BY_CGROUP_V1;
}

struct holders cgroup_holders(const struct cgroups *groups) {
  struct holders holders = {0};
  for (int i = 0; i < groups->count; i++) {
    const struct hierarchy *hierarchy = &groups->hierarchies[i];
    holders.memory = better(holders.memory, hierarchy, hierarchy->memory);
    holders.processes = better(holders.processes, hierarchy, hierarchy->pids);
    holders.cpu = better(holders.cpu, hierarchy, hierarchy->cpuacct);
  }
  return holders;
}

static int write_number_at(int dir, const char *name, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  return write_file_at(dir, name, text);
}

static bool exists_at(int dir, const char *name) { return faccessat(dir, name, F_OK, 0) == 0; }

static const char *limit_memory(const struct hierarchy *hierarchy, int dir, uint64_t bytes, bool stays) {
  if (hierarchy->v2) {
    if (write_number_at(dir, "memory.max", bytes) < 0) return "cgroup-memory";
    if (exists_at(dir, "memory.swap.max") && write_file_at(dir, "memory.swap.max", "0") < 0) return "cgroup-swap";
    return write_file_at(dir, "memory.oom.group", stays ? "0" : "1") < 0 ? "cgroup-oom" : NULL;
  }
  if (write_number_at(dir, "memory.limit_in_bytes", bytes) < 0) return "cgroup-memory";
  /* Not there on kernels that do not account for swap. */
  if (exists_at(dir, "memory.memsw.limit_in_bytes") && write_number_at(dir, "memory.memsw.limit_in_bytes", bytes) < 0)
    return "cgroup-swap";
  return NULL;
}

static const char *make_one(const struct hierarchy *hierarchy, int *dir, const char *name,
                            const struct limits *limits, bool stays) {
  if (mkdirat(hierarchy->dir, name, 0755) < 0) return "cgroup-create";
  *dir = openat(hierarchy->dir, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (*dir < 0) return "cgroup-open";
  if (hierarchy->memory) {
    const char *step = limit_memory(hierarchy, *dir, limits->memory, stays);
    if (step) return step;
  }
  /* One more for the init of the box. */
  if (hierarchy->pids && write_number_at(*dir, "pids.max", (uint64_t)limits->processes + 1) < 0) return "cgroup-pids";
  return NULL;
}

const char *leaf_create(const struct cgroups *groups, struct leaf *leaf, uint32_t run, const struct limits *limits,
                        bool stays) {
  snprintf(leaf->name, sizeof leaf->name, "run-%" PRIu32, run);
  for (int i = 0; i < MAX_HIERARCHIES; i++) leaf->dirs[i] = -1;
  for (int i = 0; i < groups->count; i++) {
    const char *step = make_one(&groups->hierarchies[i], &leaf->dirs[i], leaf->name, limits, stays);
    if (step) return step;
  }
  return NULL;
}

const char *leaf_enter(const struct cgroups *groups, const struct leaf *leaf) {
  for (int i = 0; i < groups->count; i++)
    if (write_file_at(leaf->dirs[i], "cgroup.procs", "0") < 0) return "cgroup-enter";
  return NULL;
}

static uint64_t read_number_at(int dir, const char *name) {
  char text[32];
  return read_file_at(dir, name, text, sizeof text) > 0 ? strtoull(text, NULL, 10) : 0;
}

/* The number after `key` in lines `key number`. */
static uint64_t find_number(const char *text, const char *key) {
  size_t length = strlen(key);
  for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    if (strncmp(line, key, length) == 0 && line[length] == ' ') return strtoull(line + length, NULL, 10);
  return 0;
}

static uint64_t read_keyed_at(int dir, const char *name, const char *key) {
  char text[2048];
  return read_file_at(dir, name, text, sizeof text) > 0 ? find_number(text, key) : 0;
}

static uint64_t hierarchy_cpu_us(const struct hierarchy *hierarchy, int dir) {
  return hierarchy->v2 ? read_keyed_at(dir, "cpu.stat", "usage_usec") : read_number_at(dir, "cpuacct.usage") / 1000;
}

uint64_t leaf_cpu_us(const struct cgroups *groups, const struct leaf *leaf) {
  uint64_t most = 0;
  for (int i = 0; i < groups->count; i++) {
    if (!groups->hierarchies[i].cpuacct) continue;
    uint64_t used = hierarchy_cpu_us(&groups->hierarchies[i], leaf->dirs[i]);
    if (used > most) most = used;
  }
  return most;
}

struct leaf_counters leaf_read(const struct cgroups *groups, const struct leaf *leaf) {
  struct leaf_counters counters = {.cpu_us = leaf_cpu_us(groups, leaf)};
  for (int i = 0; i < groups->count; i++) {
    const struct hierarchy *hierarchy = &groups->hierarchies[i];
    int dir = leaf->dirs[i];
    if (hierarchy->memory) {
      counters.peak_memory = read_number_at(dir, hierarchy->v2 ? "memory.peak" : "memory.max_usage_in_bytes");
      counters.oom_kills = read_keyed_at(dir, hierarchy->v2 ? "memory.events" : OOM_FILE, "oom_kill");
    }
    if (hierarchy->pids) counters.refused_forks = read_keyed_at(dir, "pids.events", "max");
  }
  return counters;
}

void leaf_reset_peak(const struct cgroups *groups, const struct leaf *leaf) {
  for (int i = 0; i < groups->count; i++)
    if (groups->hierarchies[i].memory && !groups->hierarchies[i].v2)
      write_file_at(leaf->dirs[i], "memory.max_usage_in_bytes", "0");
}

int leaf_open_oom(const struct cgroups *groups, const struct leaf *leaf, bool stays) {
  for (int i = 0; i < groups->count; i++) {
    const struct hierarchy *hierarchy = &groups->hierarchies[i];
    if (hierarchy->memory && (!hierarchy->v2 || stays))
      return openat(leaf->dirs[i], hierarchy->v2 ? "memory.events" : OOM_FILE, O_RDONLY | O_CLOEXEC);
  }
  return -1;
}

uint64_t leaf_oom_kills(int oom) {
  char text[256];
  ssize_t length = oom < 0 ? 0 : pread(oom, text, sizeof text - 1, 0);
  if (length <= 0) return 0;
  text[length] = 0;
  return find_number(text, "oom_kill");
}

void leaf_close(struct leaf *leaf) {
  for (int i = 0; i < MAX_HIERARCHIES; i++) {
    if (leaf->dirs[i] >= 0) close(leaf->dirs[i]);
    leaf->dirs[i] = -1;
  }
}

bool leaf_remove(const struct cgroups *groups, const char *name) {
  bool gone = true;
  for (int i = 0; i < groups->count; i++)
    if (unlinkat(groups->hierarchies[i].dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT) gone = false;
  return gone;
}
