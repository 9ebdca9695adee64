#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "system.h"

enum {
  /* The cgroup namespace comes later, inside the leaf. */
  BOX_NAMESPACES = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS,
};

static void close_fd(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

/* The pipe belongs to the user of the box, whose programs open /dev/stdout and the like anew. Not by a change of this
   process's own user for a moment: that would make the kernel forget to end it with its parent. */
static int make_pipe(int *agent_end, int *user_end, bool agent_reads, const struct box_identity *identity) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  *agent_end = ends[agent_reads ? 0 : 1];
  *user_end = ends[agent_reads ? 1 : 0];
  if (identity->own_uid && fchown(*user_end, identity->user, identity->user) < 0) return -1;
  return fcntl(*agent_end, F_SETFL, O_NONBLOCK);
}

static int make_pipes(struct box *box, struct box_plan *plan) {
  const struct box_identity *identity = &plan->identity;
  bool failed = make_pipe(&box->program_stdin, &plan->user_stdin, false, identity) < 0 ||
                make_pipe(&box->program_stdout, &plan->user_stdout, true, identity) < 0 ||
                make_pipe(&box->program_stderr, &plan->user_stderr, true, identity) < 0;
  return failed ? -1 : 0;
}

static int make_link(struct box *box, struct box_plan *plan) {
  int ends[2], gate[2];
  if (pipe2(gate, O_CLOEXEC) < 0) return -1;
  plan->gate = gate[0];
  box->gate = gate[1];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  box->link = ends[0];
  plan->link = ends[1];
  return fcntl(box->link, F_SETFL, O_NONBLOCK);
}

static int write_map(pid_t pid, const char *name, const char *text) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, name);
  return write_file_at(AT_FDCWD, path, text);
}

static const char *write_maps(pid_t pid, const struct box_identity *identity) {
  char text[96];
  if (identity->own_uid) {
    snprintf(text, sizeof text, "0 %u 1\n%d %u 1\n", identity->supervisor, BOX_USER, identity->user);
    if (write_map(pid, "gid_map", text) < 0) return "gid-map";
    return write_map(pid, "uid_map", text) < 0 ? "uid-map" : NULL;
  }
  if (write_map(pid, "setgroups", "deny") < 0) return "setgroups";
  snprintf(text, sizeof text, "%d %u 1\n", BOX_USER, (unsigned)getegid());
  if (write_map(pid, "gid_map", text) < 0) return "gid-map";
  snprintf(text, sizeof text, "%d %u 1\n", BOX_USER, (unsigned)geteuid());
  return write_map(pid, "uid_map", text) < 0 ? "uid-map" : NULL;
}

static pid_t fork_init(const struct box_plan *plan) {
  /* The maps of a process that is not dumpable belong to root of the host. Nothing else runs here that could
     look at the child before it turns this off again. */
  prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
  pid_t pid = fork_into(plan->container_is_box ? 0 : BOX_NAMESPACES);
  if (pid == 0) {
    box_init(plan);
    _exit(EXIT_FAILURE);
  }
  int error = errno;
  prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  errno = error;
  return pid;
}

static const char *map_watch(struct box *box, struct box_plan *plan, int shared) {
  int flags = MAP_SHARED | (shared < 0 ? MAP_ANONYMOUS : 0);
  void *watch = mmap(NULL, sizeof *box->watch, PROT_READ | PROT_WRITE, flags, shared, 0);
  if (watch == MAP_FAILED) return "memory";
  plan->watch = box->watch = watch;
  return NULL;
}

static const char *prepare(struct box *box, struct box_plan *plan, int shared) {
  *box = NO_BOX;
  plan->link = plan->gate = plan->user_stdin = plan->user_stdout = plan->user_stderr = -1;
  const char *step = map_watch(box, plan, shared);
  if (step) return step;
  if (make_link(box, plan) < 0) return "link";
  return make_pipes(box, plan) < 0 ? "pipes" : NULL;
}

const char *box_release(struct box *box, const struct box_identity *identity) {
  const char *step = identity ? write_maps(box->init, identity) : NULL;
  if (step) return step;
  if (write_all(box->gate, "m", 1) < 0) return "gate";
  close_fd(&box->gate);
  return NULL;
}

static const char *start(struct box *box, struct box_plan *plan) {
  const char *step = prepare(box, plan, -1);
  if (step) return step;
  box->init = fork_init(plan);
  if (box->init < 0) return "namespaces";
  box->everything = plan->container_is_box ? -1 : box->init;
  return box_release(box, plan->container_is_box ? NULL : &plan->identity);
}

void box_close_ends(struct box_plan *plan) {
  close_fd(&plan->link);
  close_fd(&plan->gate);
  close_fd(&plan->user_stdin);
  close_fd(&plan->user_stdout);
  close_fd(&plan->user_stderr);
}

/* Undoes what was done of a start that failed. */
static const char *undo(struct box *box, const char *step, int error) {
  if (box->init > 0) {
    kill(box->init, SIGKILL);
    waitpid(box->init, NULL, 0);
  }
  box_close(box);
  errno = error;
  return step;
}

const char *box_start(struct box *box, struct box_plan *plan) {
  const char *step = start(box, plan);
  int error = errno;
  box_close_ends(plan);
  return step ? undo(box, step, error) : NULL;
}

const char *box_prepare(struct box *box, struct box_plan *plan, int *watch) {
  *watch = memfd_create("watch", MFD_CLOEXEC);
  const char *step = *watch < 0 || ftruncate(*watch, sizeof *box->watch) < 0 ? "memory" : prepare(box, plan, *watch);
  if (step == NULL) return NULL;
  int error = errno;
  close_fd(watch);
  box_close_ends(plan);
  return undo(box, step, error);
}

void box_close(struct box *box) {
  close_fd(&box->link);
  close_fd(&box->gate);
  close_fd(&box->program_stdin);
  close_fd(&box->program_stdout);
  close_fd(&box->program_stderr);
  close_fd(&box->kept);
  if (box->watch) munmap(box->watch, sizeof *box->watch);
  box->watch = NULL;
}
