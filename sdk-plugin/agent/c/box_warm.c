#include "box_warm.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "box_stages.h"
#include "system.h"

/* A fork is quick, and a client may be waiting for it; a start takes what it takes. */
enum { FORK_MS = 5000, START_MS = 30000 };

static pid_t waiting = -1;
static int job = -1;

/* What the zygote has, its interpreter's handlers above all, and the init of a box must not. */
static struct sigaction kept[NSIG];
static char kept_name[16];

void warm_keep_process(void) {
  prctl(PR_GET_NAME, kept_name, 0, 0, 0);
  for (int number = 1; number < NSIG; number++) sigaction(number, NULL, &kept[number]);
}

static void restore_process(void) {
  sigset_t none;
  prctl(PR_SET_NAME, kept_name, 0, 0, 0);
  for (int number = 1; number < NSIG; number++) sigaction(number, &kept[number], NULL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void start_program(const struct box_plan *plan, int end) {
  if (plan->warm == WARM_START) reset_signals();
  if (!enter_box(plan, true, end)) _exit(EXIT_FAILURE);
  if (plan->warm == WARM_START) {
    execve(plan->warm_arguments[0], plan->warm_arguments, plan->warm_environment);
    _exit(EXIT_FAILURE);
  }
  restore_process();
  /* The change of user has made it secret; a program may look at itself. */
  if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0) _exit(EXIT_FAILURE);
}

bool warm_start(const struct box_plan *plan) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return true;
  waiting = fork();
  if (waiting == 0) {
    start_program(plan, ends[1]);
    return false;
  }
  close(ends[1]);
  job = ends[0];
  return true;
}

bool warm_await(const struct box_plan *plan) {
  /* Of the link only its end matters now: frames may be there already. */
  struct pollfd events[] = {{.fd = job, .events = POLLIN}, {.fd = plan->link}};
  char ready;
  if (waiting < 0) return false;
  while (poll(events, 2, plan->warm == WARM_FORK ? FORK_MS : START_MS) < 0 && errno == EINTR) continue;
  if (events[1].revents == 0 && events[0].revents && read(job, &ready, 1) == 1) return true;
  kill(waiting, SIGKILL);
  close(job);
  waiting = -1;
  return false;
}

static uint64_t cpu_of(pid_t pid) {
  clockid_t clock;
  struct timespec used;
  if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) < 0) return 0;
  return (uint64_t)used.tv_sec * 1000000u + (uint64_t)used.tv_nsec / 1000;
}

static bool give(const uint8_t *bytes, size_t length) {
  while (length > 0) {
    ssize_t sent = send(job, bytes, length, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes += sent;
    length -= (size_t)sent;
  }
  return true;
}

static bool hand_over(unsigned index) {
  size_t length;
  uint8_t *bytes = stage_job(index, &length);
  bool given = bytes != NULL && give(bytes, length);
  free(bytes);
  return given;
}

pid_t warm_use(unsigned index, const struct box_plan *plan, uint64_t *cpu_us) {
  pid_t pid = waiting;
  *cpu_us = 0;
  if (pid < 0) return -1;
  waiting = -1;
  bool lives = stage_takes_warm(index) && waitpid(pid, NULL, WNOHANG) == 0;
  if (lives) *cpu_us = cpu_of(pid);
  bool used = lives && hand_over(index);
  close(job);
  if (!used) {
    kill(pid, SIGKILL);
    return -1;
  }
  plan->watch->used_warm = true;
  return pid;
}
