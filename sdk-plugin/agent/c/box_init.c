#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "box_files.h"
#include "box_stages.h"
#include "box_walls.h"
#include "box_warm.h"
#include "box_watch.h"
#include "system.h"
#include "wire.h"

/* The kernel's out-of-memory killer shall take what runs in a box before anything of the host. */
#define MOST_KILLABLE "1000"
/* The live service is to outlive what it starts. */
#define LESS_KILLABLE "500"

static int child_events = -1;

/* The agent died, or closed the box: with this process, the first of its namespace, everything in it ends. */
static _Noreturn void leave(void) { _exit(0); }

static void send_report(const struct box_plan *plan, const struct box_report *report) {
  if (write_all(plan->link, report, sizeof *report) < 0) leave();
}

/* With a file, which the agent then has open too. */
static void send_report_with(const struct box_plan *plan, struct box_report *report, int file) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof file)];
  } control = {0};
  struct iovec part = {report, sizeof *report};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
  control.header =
      (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof file), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.header), &file, sizeof file);
  if (sendmsg(plan->link, &message, MSG_NOSIGNAL) != (ssize_t)sizeof *report) leave();
}

static _Noreturn void refuse(const struct box_plan *plan, enum refusal refusal, const char *step, int error) {
  struct box_report report = {.kind = REPORT_REFUSED, .refusal = (uint8_t)refusal, .value = error};
  snprintf(report.step, sizeof report.step, "%s", step);
  send_report(plan, &report);
  leave();
}

static void read_exactly(const struct box_plan *plan, void *bytes, size_t length) {
  uint8_t *at = bytes;
  while (length > 0) {
    ssize_t got = read(plan->link, at, length);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) leave();
    at += got;
    length -= (size_t)got;
  }
}

static const char *enter_cgroups(const struct box_plan *plan) {
  const char *step = leaf_enter(plan->groups, plan->leaf);
  if (step) return step;
  int kept[] = {plan->link, plan->user_stdin, plan->user_stdout, plan->user_stderr, plan->listener, watch_open_leaf(plan)};
  if (close_all_but(kept, sizeof kept / sizeof *kept) < 0) return "descriptors";
  if (plan->container_is_box) return NULL;
  return unshare(CLONE_NEWCGROUP) < 0 ? "cgroup-namespace" : NULL;
}

/* Until the agent has written the maps of the box's users. */
static void wait_at_gate(const struct box_plan *plan) {
  char open;
  ssize_t got;
  do got = read(plan->gate, &open, 1);
  while (got < 0 && errno == EINTR);
  if (got != 1) leave();
  close(plan->gate);
}

static const char *open_child_events(void) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  child_events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  return child_events < 0 ? "child-events" : NULL;
}

static const char *build(const struct box_plan *plan) {
  const char *step;
  prctl(PR_SET_NAME, "box-init", 0, 0, 0);
  umask(022);
  /* Best effort: without it the kernel merely chooses by size. */
  (void)write_file_at(AT_FDCWD, "/proc/self/oom_score_adj", plan->live_service ? LESS_KILLABLE : MOST_KILLABLE);
  /* Before anything that can fail: until then this process cannot end unknown to the agent. */
  wait_at_gate(plan);
  if ((step = enter_cgroups(plan))) return step;
  if ((step = take_identity(&plan->identity))) return step;
  if (!plan->container_is_box) {
    if ((step = build_network())) return step;
    if (plan->build_gateway && (step = plan->build_gateway())) return step;
    if ((step = build_filesystem(plan->limits.disk, plan->in_container, plan->live_service != NULL, plan->build_gateway != NULL))) return step;
  }
  if (watch_prepare(plan) < 0) return "watch";
  if ((step = open_child_events())) return step;
  if (plan->container_is_box) return close_to_others();
  return drop_supervisor_powers(plan->holders.memory == HELD_BY_WATCHDOG);
}

static void wait_for_frames(const struct box_plan *plan) {
  static uint8_t bytes[FRAME_HEADER + MAX_PAYLOAD];
  struct file_error error;
  for (;;) {
    read_exactly(plan, bytes, FRAME_HEADER);
    read_exactly(plan, bytes + FRAME_HEADER, load_u32(bytes) - FRAME_OVERHEAD);
    struct frame frame = frame_at(bytes);
    switch (frame.type) {
      case FRAME_FILE:
        if (!file_begin(&frame, &error)) refuse(plan, error.refusal, error.step, errno);
        break;
      case FRAME_APPEND:
        if (!file_append(frame.payload, frame.length, &error)) refuse(plan, error.refusal, error.step, errno);
        break;
      case FRAME_STAGE:
        if (!stage_add(&frame)) refuse(plan, REFUSAL_INVALID, "stages", E2BIG);
        break;
      default:
        file_finish();
        return;
    }
  }
}

/* Ends all that is left. A process that forks meanwhile is found: it cannot finish the fork with the signal pending. */
static void end_everything(void) {
  kill(-1, SIGKILL);
  while (waitpid(-1, NULL, __WALL) > 0 || errno == EINTR) continue;
}

/* Waits for `pid` as others come and go; its wait status, and what it used. */
static int wait_for(pid_t pid, const struct box_plan *plan, uint64_t cpu_base_us, struct rusage *usage) {
  struct pollfd events[] = {{.fd = child_events, .events = POLLIN}, {.fd = plan->link, .events = POLLIN}};
  uint64_t next_look = 0;
  for (;;) {
    poll(events, 2, WATCH_INTERVAL_MS);
    if (events[1].revents) leave();
    struct signalfd_siginfo info;
    while (read(child_events, &info, sizeof info) > 0) continue;
    int status;
    for (pid_t ended; (ended = wait4(-1, &status, WNOHANG | __WALL, usage)) > 0;)
      if (ended == pid) return status;
    if (now_ns() < next_look) continue;
    if (watch_look(plan, cpu_base_us, false)) kill(-1, SIGKILL);
    next_look = now_ns() + WATCH_INTERVAL_MS * UINT64_C(1000000);
  }
}

static void run_stage(unsigned index, const struct box_plan *plan) {
  struct box_report report = {.kind = REPORT_ENDED};
  struct rusage usage = {0};
  uint64_t begun = now_ns(), started_us, cpu_base_us = reaped_cpu_us();
  plan->watch->peak_memory = 0;
  plan->watch->used_warm = plan->watch->processes_reached = plan->watch->disk_full = false;
  pid_t pid = warm_use(index, plan, &started_us);
  if (pid > 0) cpu_base_us += started_us;
  if (pid < 0) pid = stage_start(index, plan);
  if (pid < 0) refuse(plan, REFUSAL_SETUP, "fork", errno);
  report.value = wait_for(pid, plan, cpu_base_us, &usage);
  report.wall_us = (now_ns() - begun) / 1000;
  report.max_rss = (uint64_t)usage.ru_maxrss * 1024;
  watch_look(plan, cpu_base_us, true);
  end_everything();
  report.cpu_us = less(reaped_cpu_us(), cpu_base_us);
  int kept = stage_kept(index) && report.value == 0 ? file_open(stage_kept(index)) : -1;
  if (kept < 0) {
    send_report(plan, &report);
  } else {
    send_report_with(plan, &report, kept);
    close(kept);
  }
}

static unsigned next_stage(const struct box_plan *plan) {
  uint8_t bytes[FRAME_HEADER + 1];
  read_exactly(plan, bytes, sizeof bytes);
  struct frame frame = frame_at(bytes);
  if (frame.type != FRAME_RUN_STAGE || frame.payload[0] >= stage_count()) leave();
  return frame.payload[0];
}

/* Where none comes to wait, the first stage starts a program of its own. */
static void start_warm(const struct box_plan *plan) {
  struct box_report report = {.kind = REPORT_WARM, .value = warm_await(plan) ? 0 : -1};
  send_report(plan, &report);
}

void box_init(const struct box_plan *plan) {
  const char *step = build(plan);
  if (step) refuse(plan, REFUSAL_SETUP, step, errno);
  if (plan->warm_file.length > 0) {
    struct file_error error;
    if (!file_begin(&plan->warm_file, &error)) refuse(plan, error.refusal, error.step, errno);
    file_finish();
  }
  if (plan->warm) {
    if (!warm_start(plan)) return;
    start_warm(plan);
  }
  struct box_report ready = {.kind = REPORT_READY};
  if (plan->live_service) {
    send_report(plan, &ready);
    plan->live_service(plan);
  }
  wait_for_frames(plan);
  send_report(plan, &ready);
  for (;;) run_stage(next_stage(plan), plan);
}
