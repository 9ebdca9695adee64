#include "options.h"

#include <limits.h>
#include <string.h>

#include "description.h"
#include "fail.h"
#include "run.h"
#include "serve.h"
#include "system.h"

static const char *copy(const char *text) {
  char *copied = strdup(text);
  if (copied == NULL) fail_step("memory");
  return copied;
}

static uint32_t number(const char *text, long long least, long long most, const char *complaint) {
  long long value = parse_number(text, most);
  if (value < least) fail_usage(complaint);
  return (uint32_t)value;
}

static void add_path(struct options *options, const char *path) {
  if (options->path_count == MOST_PATHS) fail_usage("too many times --path");
  if (path[0] != '/') fail_usage("--path wants an absolute path");
  options->paths[options->path_count++] = copy(path);
}

static struct group_option *add_group(struct options *options, const char *dir) {
  if (options->group_count == MAX_HIERARCHIES) fail_usage("too many cgroup folders");
  if (dir[0] != '/') fail_usage("a cgroup folder wants an absolute path");
  struct group_option *group = &options->groups[options->group_count++];
  *group = (struct group_option){.dir = copy(dir)};
  return group;
}

/* `memory=/sys/fs/cgroup/memory/x`, or `cpu,cpuacct=…` where controllers share a hierarchy. */
static void add_v1_group(struct options *options, const char *text) {
  const char *equals = strchr(text, '=');
  if (equals == NULL) fail_usage("--cgroup wants CONTROLLER=FOLDER");
  struct group_option *group = add_group(options, equals + 1);
  for (const char *at = text; at < equals;) {
    size_t length = strcspn(at, ",=");
    group->memory |= length == 6 && memcmp(at, "memory", length) == 0;
    group->pids |= length == 4 && memcmp(at, "pids", length) == 0;
    group->cpuacct |= length == 7 && memcmp(at, "cpuacct", length) == 0;
    group->blkio |= length == 5 && memcmp(at, "blkio", length) == 0;
    at += length + 1;
  }
}

static bool take_for_serve(struct options *options, const char *name, const char *value) {
  if (strcmp(name, "--out-fd") == 0)
    options->out_fd = (int)number(value, 0, INT_MAX, "--out-fd wants a descriptor");
  else if (strcmp(name, "--boxes") == 0 && strcmp(value, "container") == 0)
    options->container_is_box = true;
  else
    return false;
  return true;
}

/* Of a box that stays: it has no limits of time. */
static bool take_for_live(struct options *options, const char *name, const char *value) {
  struct limits *limits = &options->limits;
  if (strcmp(name, "--listen") == 0)
    options->listen = copy(value);
  else if (strcmp(name, "--memory") == 0)
    limits->memory = (uint64_t)parse_number(value, INT64_MAX);
  else if (strcmp(name, "--disk") == 0)
    limits->disk = (uint64_t)parse_number(value, INT64_MAX);
  else if (strcmp(name, "--processes") == 0)
    limits->processes = number(value, 1, INT_MAX, "--processes is out of range");
  else if (strcmp(name, "--network") == 0 && strcmp(value, "gateway") == 0)
    options->gateway = true;
  else
    return false;
  return true;
}

/* Whether the mode takes the option. */
static bool take(struct options *options, const char *name, const char *value, bool for_box) {
  if (strcmp(name, "--fd") == 0)
    options->fd = (int)number(value, 0, INT_MAX, "--fd wants a descriptor");
  else if (strcmp(name, "--max-runs") == 0)
    options->max_runs = number(value, 1, MOST_RUNS, "--max-runs is out of range");
  else if (take_for_live(options, name, value))
    return true;
  else if (!for_box)
    return take_for_serve(options, name, value);
  else if (strcmp(name, "--path") == 0)
    add_path(options, value);
  else if (strcmp(name, "--hold") == 0)
    options->held = (int)number(value, 0, INT_MAX, "--hold wants a descriptor");
  else if (strcmp(name, "--uid-base") == 0)
    options->uid_base = number(value, 1, INT_MAX, "--uid-base is out of range");
  else if (strcmp(name, "--uid-count") == 0)
    options->uid_count = number(value, 1, INT_MAX, "--uid-count is out of range");
  else if (strcmp(name, "--cgroup") == 0)
    add_v1_group(options, value);
  else if (strcmp(name, "--cgroup2") == 0)
    add_group(options, value)->v2 = true;
  else
    return false;
  return true;
}

void options_parse(struct options *options, char **arguments, bool for_box) {
  *options = (struct options){.arguments = arguments, .fd = -1, .out_fd = -1, .listener = -1, .held = -1, .max_runs = DEFAULT_RUNS};
  for (char **at = arguments + 2; at[0]; at += 2) {
    if (at[1] == NULL) fail_usage("an option lacks its value");
    if (!take(options, at[0], at[1], for_box)) fail_usage("an unknown option");
  }
  if (options->fd < 0) fail_usage("--fd is missing");
  if (options->listen) {
    options->max_runs = 1;
    options->limits.wall_ms = options->limits.cpu_ms = MOST_MS;
    if (!limits_are_possible(&options->limits)) fail_usage("--listen wants --memory, --disk and --processes");
  }
  if (options->out_fd < 0) options->out_fd = options->fd;
  options->has_uids = options->uid_base > 0;
  /* Root of the agent's namespace, and two users of each run. */
  if (options->has_uids && options->uid_count < 1 + 2 * options->max_runs)
    fail_usage("--uid-count must be at least one more than twice --max-runs");
}

void options_hide(const struct options *options) {
  for (char **at = options->arguments; *at; at++) memset(*at, 0, strlen(*at));
}
