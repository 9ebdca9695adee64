/*
 * What a zygote's interpreter loads: it turns copies of the interpreter into inner boxes. It brings no C library along
 * and asks for no version of one, so that whichever the interpreter has will do.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../box_warm.h"
#include "../seccomp.h"
#include "../system.h"
#include "../zygote.h"

enum {
  NAMESPACES = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWUTS,
  FDS = REQUEST_FDS + MAX_HIERARCHIES,
};

/* The descriptors of a request; false at the end of the connection. */
static bool next_request(struct zygote_request *request, int *fds, size_t *count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(FDS * sizeof(int))];
  } control;
  struct iovec part = {request, sizeof *request};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got;
  do got = recvmsg(ZYGOTE_CONTROL, &message, MSG_CMSG_CLOEXEC);
  while (got < 0 && errno == EINTR);
  struct cmsghdr *header = got == (ssize_t)sizeof *request ? CMSG_FIRSTHDR(&message) : NULL;
  if (header == NULL) return false;
  *count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  memcpy(fds, CMSG_DATA(header), *count * sizeof(int));
  return *count == REQUEST_FDS + (size_t)request->groups.count;
}

static void reply(uint32_t ticket, int32_t pid) {
  struct zygote_reply message = {ticket, pid};
  if (send(ZYGOTE_CONTROL, &message, sizeof message, MSG_NOSIGNAL) < 0) _exit(0);
}

/* Life as the init of a box. Returns only in the program of the box. */
static void become_init(const struct zygote_request *request, const int *fds, const struct sock_fprog *filter) {
  static struct leaf leaf;
  static struct box_plan plan;
  sigset_t child;
  warm_keep_process();
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_SETMASK, &child, NULL);
  memset(leaf.dirs, -1, sizeof leaf.dirs);
  memcpy(leaf.dirs, fds + REQUEST_FDS, (size_t)request->groups.count * sizeof *leaf.dirs);
  plan = (struct box_plan){
      .in_container = request->in_container,
      .limits = request->limits,
      .holders = request->holders,
      .identity = request->identity,
      .groups = &request->groups,
      .leaf = &leaf,
      .filter = filter,
      .warm = WARM_FORK,
      .link = fds[0],
      .gate = fds[1],
      .user_stdin = fds[2],
      .user_stdout = fds[3],
      .user_stderr = fds[4],
  };
  void *watch = mmap(NULL, sizeof *plan.watch, PROT_READ | PROT_WRITE, MAP_SHARED, fds[5], 0);
  if (watch == MAP_FAILED) _exit(1);
  plan.watch = watch;
  box_init(&plan);
  munmap(watch, sizeof *plan.watch);
}

/*
 * Serves the agent. Returns in each copy that has become a program in a box, with its job to come on the descriptor 3:
 * 0, or -1 where the filter on system calls cannot be made. The caller is the only thread of its process.
 */
__attribute__((visibility("default"))) int soulbox_zygote(void) {
  static struct zygote_request request;
  int fds[FDS];
  size_t count;
  reply(ZYGOTE_READY, 0);
  while (next_request(&request, fds, &count)) {
    const struct sock_fprog *filter = seccomp_filter(request.holders.memory != HELD_BY_WATCHDOG);
    if (filter == NULL) return -1;
    pid_t pid = (pid_t)syscall(SYS_clone, CLONE_PARENT | NAMESPACES | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0) {
      become_init(&request, fds, filter);
      return 0;
    }
    int error = errno;
    for (size_t i = 0; i < count; i++) close(fds[i]);
    reply(request.ticket, pid < 0 ? -error : pid);
  }
  _exit(0);
}
