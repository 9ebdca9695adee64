#include "box_watch.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "system.h"

enum {
  SHARED_MAPPING_LOOKS = 5, /* every so many looks */
  MAPS_BUFFER = 16384,
  /* A socket can queue so much in the kernel; a few of them do not matter. */
  SOCKET_BYTES = 208 << 10,
  FREE_SOCKETS = 64,
};

/* One disk, unless the container brought more. */
static int disks[] = {-1, -1, -1};
static char own_pid[16];
static int oom = -1;
static DIR *processes;

struct totals {
  uint64_t private_bytes;
  uint64_t address_bytes;
  uint64_t cpu_us;
  uint64_t threads;
};

int watch_open_leaf(const struct box_plan *plan) { return oom = leaf_open_oom(plan->groups, plan->leaf, plan->live_service != NULL); }

int watch_prepare(const struct box_plan *plan) {
  static const char *const folders[] = {BOX_HOME, "/tmp", "/dev/shm"};
  for (int i = 0; i < (plan->container_is_box ? 3 : 1); i++) {
    disks[i] = open(folders[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (disks[i] < 0) return -1;
  }
  snprintf(own_pid, sizeof own_pid, "%d", (int)getpid());
  const struct holders *holders = &plan->holders;
  if (holders->memory && holders->processes && holders->cpu) return 0;
  processes = opendir("/proc");
  return processes == NULL ? -1 : 0;
}

uint64_t less(uint64_t value, uint64_t part) { return value > part ? value - part : 0; }

uint64_t reaped_cpu_us(void) {
  struct rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  return (uint64_t)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000u +
         (uint64_t)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

static uint64_t disk_bytes(struct box_watch *watch) {
  uint64_t bytes = 0;
  for (int i = 0; i < 3 && disks[i] >= 0; i++) {
    struct statvfs now;
    if (fstatvfs(disks[i], &now) < 0) continue;
    if (now.f_bfree == 0 || now.f_ffree == 0) watch->disk_full = true;
    bytes += (uint64_t)(now.f_blocks - now.f_bfree) * now.f_frsize;
  }
  return bytes;
}

static bool add_memory(const char *pid, struct totals *totals) {
  char path[300], text[128];
  unsigned long long size, resident, shared;
  snprintf(path, sizeof path, "%s/statm", pid);
  if (read_file_at(dirfd(processes), path, text, sizeof text) <= 0) return false;
  if (sscanf(text, "%llu %llu %llu", &size, &resident, &shared) != 3) return false;
  uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  totals->address_bytes += size * page;
  if (resident > shared) totals->private_bytes += (resident - shared) * page;
  return true;
}

static void add_times(const char *pid, struct totals *totals) {
  char path[300], text[1024];
  unsigned long long user, system, ended_user, ended_system, threads;
  snprintf(path, sizeof path, "%s/stat", pid);
  if (read_file_at(dirfd(processes), path, text, sizeof text) <= 0) return;
  /* The second field is a name that the program chose; only the last parenthesis ends it. */
  const char *after = strrchr(text, ')');
  static const char fields[] = " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %llu %llu %*d %*d %llu";
  if (after == NULL || sscanf(after + 1, fields, &user, &system, &ended_user, &ended_system, &threads) != 5) return;
  totals->cpu_us += (user + system + ended_user + ended_system) * (1000000u / (uint64_t)sysconf(_SC_CLK_TCK));
  totals->threads += threads;
}

typedef void visitor(const char *pid, void *context);

/* Every process but this one, and the agent where it shares the namespace. */
static void visit_processes(visitor *visit, void *context) {
  rewinddir(processes);
  for (struct dirent *entry; (entry = readdir(processes)) != NULL;)
    if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, "1") != 0 &&
        strcmp(entry->d_name, own_pid) != 0)
      visit(entry->d_name, context);
}

static void add_process(const char *pid, void *context) {
  struct totals *totals = context;
  if (add_memory(pid, totals)) add_times(pid, totals);
}

/* Private and shared memory, in this order. */
static void add_share(const char *pid, void *context) {
  uint64_t *bytes = context;
  char path[300], text[2048];
  snprintf(path, sizeof path, "%s/smaps_rollup", pid);
  if (read_file_at(dirfd(processes), path, text, sizeof text) <= 0) return;
  static const char *const keys[] = {"\nPss_Anon:", "\nPss_Shmem:"};
  for (int i = 0; i < 2; i++) {
    const char *line = strstr(text, keys[i]);
    if (line) bytes[i] += strtoull(line + strlen(keys[i]), NULL, 10) * 1024;
  }
}

/* Shared anonymous memory can stay allocated while no page of it is mapped: only the size of the mapping is sure. */
static void add_shared_mappings(const char *pid, void *context) {
  uint64_t *bytes = context;
  char path[300], text[MAPS_BUFFER];
  snprintf(path, sizeof path, "%s/maps", pid);
  int fd = openat(dirfd(processes), path, O_RDONLY | O_CLOEXEC);
  FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
  if (maps == NULL) return;
  while (fgets(text, sizeof text, maps)) {
    unsigned long long from, to;
    if (strstr(text, "/dev/zero") && sscanf(text, "%llx-%llx", &from, &to) == 2) *bytes += to - from;
  }
  fclose(maps);
}

static uint64_t socket_bytes(void) {
  char text[256];
  unsigned long long sockets = 0;
  if (read_file_at(dirfd(processes), "self/net/sockstat", text, sizeof text) <= 0) return 0;
  sscanf(text, "sockets: used %llu", &sockets);
  return sockets > FREE_SOCKETS ? (sockets - FREE_SOCKETS) * SOCKET_BYTES : 0;
}

static bool memory_is_exceeded(const struct box_plan *plan, const struct totals *totals, uint64_t beside) {
  static unsigned look;
  uint64_t limit = plan->limits.memory, bytes[2] = {totals->private_bytes, 0};
  if (bytes[0] + beside > limit) {
    /* Pages that a fork left shared were counted more than once. */
    bytes[0] = 0;
    visit_processes(add_share, bytes);
  }
  uint64_t seen = bytes[0] + bytes[1] + beside;
  plan->watch->memory = seen;
  if (seen > plan->watch->peak_memory) plan->watch->peak_memory = seen;
  if (seen <= limit && totals->address_bytes > limit && look++ % SHARED_MAPPING_LOOKS == 0) {
    bytes[1] = 0;
    visit_processes(add_shared_mappings, &bytes[1]);
    seen = bytes[0] + bytes[1] + beside;
  }
  return seen > limit;
}

bool watch_look(const struct box_plan *plan, uint64_t cpu_base_us, bool main_has_ended) {
  struct box_watch *watch = plan->watch;
  const struct holders *holders = &plan->holders;
  uint64_t files = disk_bytes(watch);
  bool over = leaf_oom_kills(oom) > 0;
  /* The container's mounts are as large as any run may want. */
  if (plan->container_is_box && files > plan->limits.disk) over = watch->disk_full = true;
  if (processes == NULL) return over;
  struct totals totals = {0};
  visit_processes(add_process, &totals);
  watch->tasks = totals.threads;
  watch->cpu_us = totals.cpu_us + reaped_cpu_us();
  uint64_t tasks = totals.threads + main_has_ended;
  if (holders->processes == HELD_BY_WATCHDOG && tasks >= plan->limits.processes) watch->processes_reached = true;
  if (holders->memory == HELD_BY_WATCHDOG && memory_is_exceeded(plan, &totals, files + socket_bytes()))
    over = watch->memory_exceeded = true;
  if (holders->cpu == HELD_BY_WATCHDOG &&
      less(totals.cpu_us + reaped_cpu_us(), cpu_base_us) >= plan->limits.cpu_ms * 1000)
    over = watch->cpu_exceeded = true;
  return over;
}

static uint64_t ended_for_memory;

uint64_t watch_memory_kills(void) { return ended_for_memory + leaf_oom_kills(oom); }

struct largest {
  pid_t pid;
  uint64_t bytes;
};

static void find_largest(const char *pid, void *context) {
  struct largest *largest = context;
  struct totals totals = {0};
  if (!add_memory(pid, &totals) || totals.private_bytes < largest->bytes) return;
  *largest = (struct largest){(pid_t)strtol(pid, NULL, 10), totals.private_bytes};
}

void watch_live(const struct box_plan *plan) {
  struct largest largest = {0};
  watch_look(plan, 0, false);
  if (!plan->watch->memory_exceeded) return;
  plan->watch->memory_exceeded = false;
  visit_processes(find_largest, &largest);
  if (largest.pid <= 1 || kill(largest.pid, SIGKILL) < 0) return;
  ended_for_memory++;
}
