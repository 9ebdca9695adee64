#include "usage.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "system.h"

enum { FILE_ROOM = 4096 };

static void note(struct usage *usage, enum usage_kind kind, uint64_t value) {
  usage->known[kind] = true;
  usage->value[kind] = value;
}

static void note_number(struct usage *usage, enum usage_kind kind, int dir, const char *name, uint64_t divisor) {
  char text[32];
  if (read_file_at(dir, name, text, sizeof text) > 0) note(usage, kind, strtoull(text, NULL, 10) / divisor);
}

/* Lines `DEVICE key=number key=number …`. A device that did nothing is not listed: the sum is 0 then. */
static uint64_t sum_io_v2(const char *text, const char *key) {
  uint64_t sum = 0;
  size_t length = strlen(key);
  for (const char *at = text; (at = strstr(at, key)) != NULL; at += length)
    if (at > text && at[-1] == ' ') sum += strtoull(at + length, NULL, 10);
  return sum;
}

/* Lines `DEVICE Operation number`. */
static uint64_t sum_io_v1(const char *text, const char *operation) {
  char found[16];
  uint64_t sum = 0, bytes;
  for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
    if (sscanf(line, "%*[0-9:] %15s %" SCNu64, found, &bytes) == 2 && strcmp(found, operation) == 0) sum += bytes;
  return sum;
}

static void note_io(struct usage *usage, bool v2, int dir) {
  char text[FILE_ROOM];
  const char *name = v2 ? "io.stat" : "blkio.throttle.io_service_bytes_recursive";
  if (read_file_at(dir, name, text, sizeof text) < 0) return;
  note(usage, USAGE_READ, v2 ? sum_io_v2(text, "rbytes=") : sum_io_v1(text, "Read"));
  note(usage, USAGE_WRITTEN, v2 ? sum_io_v2(text, "wbytes=") : sum_io_v1(text, "Write"));
}

static void note_cpu(struct usage *usage, bool v2, int dir) {
  char text[FILE_ROOM];
  static const char key[] = "usage_usec ";
  if (!v2) return note_number(usage, USAGE_CPU_US, dir, "cpuacct.usage", 1000);
  if (read_file_at(dir, "cpu.stat", text, sizeof text) > 0 && strncmp(text, key, strlen(key)) == 0)
    note(usage, USAGE_CPU_US, strtoull(text + strlen(key), NULL, 10));
}

static void note_group(struct usage *usage, const struct hierarchy *hierarchy, int dir) {
  bool v2 = hierarchy->v2;
  if (hierarchy->cpuacct) note_cpu(usage, v2, dir);
  if (hierarchy->memory) {
    note_number(usage, USAGE_MEMORY, dir, v2 ? "memory.current" : "memory.usage_in_bytes", 1);
    note_number(usage, USAGE_PEAK_MEMORY, dir, v2 ? "memory.peak" : "memory.max_usage_in_bytes", 1);
  }
  if (hierarchy->pids) note_number(usage, USAGE_PROCESSES, dir, "pids.current", 1);
  if (hierarchy->io) note_io(usage, v2, dir);
}

struct usage usage_of_run(const struct agent *agent, const struct run *run) {
  struct usage usage = {0};
  const struct box_watch *watch = run->box.watch;
  for (int i = 0; i < agent->groups.count; i++) note_group(&usage, &agent->groups.hierarchies[i], run->leaf.dirs[i]);
  /* The init of the box is no process of the run. */
  if (usage.value[USAGE_PROCESSES] > 0) usage.value[USAGE_PROCESSES]--;
  if (agent->holders.cpu == HELD_BY_WATCHDOG) note(&usage, USAGE_CPU_US, watch->cpu_us);
  if (agent->holders.processes == HELD_BY_WATCHDOG) note(&usage, USAGE_PROCESSES, watch->tasks);
  if (agent->holders.memory == HELD_BY_WATCHDOG) {
    note(&usage, USAGE_MEMORY, watch->memory);
    note(&usage, USAGE_PEAK_MEMORY, watch->peak_memory);
  }
  /* It begins anew with each stage. */
  if (run->peak_memory > usage.value[USAGE_PEAK_MEMORY]) note(&usage, USAGE_PEAK_MEMORY, run->peak_memory);
  return usage;
}

struct usage usage_of_box(const struct agent *agent) {
  struct usage usage = {0};
  uint64_t sums[USAGE_KINDS] = {[USAGE_CPU_US] = agent->ended_cpu_us};
  for (int i = 0; i < agent->groups.count; i++)
    note_group(&usage, &agent->groups.hierarchies[i], agent->groups.hierarchies[i].dir);
  for (unsigned i = 0; i < agent->max_runs; i++) {
    /* The time of one whose init has ended is counted above. */
    if (agent->runs[i].state == RUN_FREE || !agent->runs[i].init_alive) continue;
    struct usage of_run = usage_of_run(agent, &agent->runs[i]);
    for (int kind = 0; kind < USAGE_KINDS; kind++) sums[kind] += of_run.value[kind];
  }
  if (agent->holders.cpu == HELD_BY_WATCHDOG) note(&usage, USAGE_CPU_US, sums[USAGE_CPU_US]);
  if (agent->holders.processes == HELD_BY_WATCHDOG) note(&usage, USAGE_PROCESSES, sums[USAGE_PROCESSES]);
  if (agent->holders.memory == HELD_BY_WATCHDOG) note(&usage, USAGE_MEMORY, sums[USAGE_MEMORY]);
  return usage;
}
