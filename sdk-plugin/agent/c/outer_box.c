#include "outer_box.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "live_socket.h"
#include "outer_groups.h"
#include "outer_root.h"
#include "privileges.h"
#include "serve.h"
#include "system.h"

enum {
  /* No cgroup namespace: where version 2 is mounted with `nsdelegate`, as systemd does, the agent could then not move
     runs into leaves beside its own. Each box gets one, within its leaf. */
  OUTER_NAMESPACES = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNET,
  /* The user of an ordinary user's box: not 0, whose mapping onwards would want a capability of its own. */
  LONE_USER = 1000,
};

static void die_with_parent(void) {
  if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0) fail_step("parent-death");
}

/* One byte each way keeps launcher and agent in step. An end of stream means that the other one is dead. */
static void tell(int sync) {
  if (write_all(sync, "", 1) < 0) _exit(EXIT_SETUP);
}

static void await(int sync) {
  char byte;
  if (read(sync, &byte, 1) != 1) _exit(EXIT_SETUP);
}

static void become_agent_user(const struct options *options) {
  if (!options->has_uids) return;
  if (setgroups(0, NULL) < 0) fail_step("setgroups");
  if (setresgid(0, 0, 0) < 0) fail_step("setgid");
  if (setresuid(0, 0, 0) < 0) fail_step("setuid");
}

static void drop_powers(const struct options *options) {
  const struct rlimit no_core = {0, 0};
  /* For the maps of the boxes, and the pipes of their users. */
  const uint64_t for_users = CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_CHOWN);
  uint64_t kept = options->has_uids ? for_users : 0;
  if (setrlimit(RLIMIT_CORE, &no_core) < 0) fail_step("core-limit");
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) fail_step("no-new-privs");
  if (lock_securebits() < 0) fail_step("securebits");
  if (empty_bounding_set() < 0) fail_step("bounding-set");
  if (keep_capabilities(kept) < 0) fail_step("capabilities");
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) fail_step("dumpable");
}

/* The agent: process 1 of the new namespaces. */
static _Noreturn void agent(const struct options *options, const struct cgroups *groups, int sync) {
  struct serve_options serving = {
      .in_fd = options->fd,
      .out_fd = options->fd,
      .max_runs = options->max_runs,
      .own_uids = options->has_uids,
      .outer_wall = true,
      .groups = *groups,
      .listener = options->listener,
      .gateway = options->gateway,
      .limits = options->limits,
  };
  options_hide(options);
  await(sync); /* for an ordinary user: the maps are there */
  build_outer_root(options, options->has_uids);
  if (options->has_uids) {
    if (unshare(CLONE_NEWUSER) < 0) fail_step("userns");
    tell(sync);
    await(sync);
  }
  become_agent_user(options);
  if (use_null_streams() < 0) fail_step("streams");
  drop_powers(options);
  die_with_parent();
  tell(sync);
  await(sync);
  close(sync);
  umask(022);
  clearenv();
  serve(&serving);
}

static void write_map(pid_t pid, const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  if (write_file_at(AT_FDCWD, path, text) < 0) fail_step(name);
}

static void write_range(pid_t pid, const struct options *options) {
  char text[64];
  snprintf(text, sizeof text, "0 %u %u\n", options->uid_base, options->uid_count);
  write_map(pid, "gid_map", text);
  write_map(pid, "uid_map", text);
}

static void write_own(pid_t pid) {
  char text[64];
  write_map(pid, "setgroups", "deny");
  snprintf(text, sizeof text, "%d %u 1\n", LONE_USER, (unsigned)getegid());
  write_map(pid, "gid_map", text);
  snprintf(text, sizeof text, "%d %u 1\n", LONE_USER, (unsigned)geteuid());
  write_map(pid, "uid_map", text);
}

/* The launcher keeps no power beside waiting. */
static void become_nobody(const struct options *options) {
  uint32_t user = options->uid_base;
  if (options->has_uids &&
      (setgroups(0, NULL) < 0 || setresgid(user, user, user) < 0 || setresuid(user, user, user) < 0))
    fail_step("launcher-user");
  if (keep_capabilities(0) < 0) fail_step("launcher-capabilities");
  if (!options->listen) die_with_parent();
}

static _Noreturn void launcher(const struct options *options, pid_t pid, int sync) {
  int status, kept[] = {sync, options->held};
  if (close_all_but(kept, 2) < 0) fail_step("descriptors");
  if (!options->has_uids) write_own(pid);
  tell(sync);
  if (options->has_uids) {
    char byte;
    if (read(sync, &byte, 1) == 1) {
      write_range(pid, options);
      tell(sync);
    }
  }
  become_nobody(options);
  char byte;
  if (read(sync, &byte, 1) == 1) tell(sync);
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SETUP);
}

static void close_inherited(const struct options *options, const struct cgroups *groups, int sync) {
  int kept[MAX_HIERARCHIES + 3];
  size_t count = 0;
  kept[count++] = options->fd;
  kept[count++] = sync;
  if (options->listener >= 0) kept[count++] = options->listener;
  for (int i = 0; i < groups->count; i++) kept[count++] = groups->hierarchies[i].dir;
  if (close_all_but(kept, count) < 0) fail_step("descriptors");
}

void outer_box(struct options *options) {
  struct cgroups groups;
  int sync[2];
  bool is_root = geteuid() == 0;
  if (is_root != options->has_uids)
    fail_usage(is_root ? "root must give --uid-base" : "only root can give --uid-base");
  if (fcntl(options->fd, F_GETFD) < 0) fail_step("channel");
  if (!options->listen) die_with_parent(); /* a box that stays does not end with its host */
  /* Best effort: the boxes within raise theirs further. */
  (void)write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", "300");
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sync) < 0) fail_step("socketpair");
  if (options->listen) options->listener = live_listen(options->listen);
  enter_delegated_groups(options);
  pid_t pid = fork_into(OUTER_NAMESPACES | (is_root ? 0 : CLONE_NEWUSER));
  if (pid < 0) fail_step(is_root ? "namespaces" : "userns");
  if (pid > 0) launcher(options, pid, sync[0]);
  close(sync[0]);
  open_delegated_groups(options, &groups);
  close_inherited(options, &groups, sync[1]);
  agent(options, &groups, sync[1]);
}
