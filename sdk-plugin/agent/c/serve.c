#include "serve.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dispatch.h"
#include "fail.h"
#include "run_frames.h"
#include "run_streams.h"
#include "seccomp.h"
#include "system.h"

enum { FIXED_EVENTS = 3, EVENTS_PER_RUN = 4, EVENT_IN = 0, EVENT_OUT = 1, EVENT_CHILDREN = 2 };
enum { MOST_DESCRIPTORS = 4096 };

static struct agent agent;
static struct pollfd *events;

static void allocate(unsigned max_runs) {
  agent.max_runs = max_runs;
  agent.runs = calloc(max_runs, sizeof *agent.runs);
  events = calloc(FIXED_EVENTS + (size_t)max_runs * EVENTS_PER_RUN, sizeof *events);
  size_t rings = (size_t)max_runs * STDIN_WINDOW;
  uint8_t *ring = mmap(NULL, rings, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (agent.runs == NULL || events == NULL || ring == MAP_FAILED || madvise(ring, rings, MADV_DONTFORK) < 0)
    fail_step("memory");
  for (unsigned i = 0; i < max_runs; i++) agent.runs[i].stdin_ring = ring + (size_t)i * STDIN_WINDOW;
}

/* A run holds up to a dozen descriptors. Where there are fewer, the run that lacks them is refused. */
static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  if (limit.rlim_cur >= MOST_DESCRIPTORS) return;
  limit.rlim_cur = limit.rlim_max < MOST_DESCRIPTORS ? limit.rlim_max : MOST_DESCRIPTORS;
  setrlimit(RLIMIT_NOFILE, &limit);
}

static void prepare(const struct serve_options *options) {
  sigset_t child;
  allow_descriptors();
  signal(SIGPIPE, SIG_IGN);
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  agent.child_events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (agent.child_events < 0) fail_step("child-events");
  if (channel_init(&agent.channel, options->in_fd, options->out_fd) < 0) fail_step("channel");
  agent.groups = options->groups;
  agent.holders = cgroup_holders(&agent.groups);
  agent.own_uids = options->own_uids;
  agent.outer_wall = options->outer_wall;
  agent.container_is_box = options->container_is_box;
  agent.filter = seccomp_filter(agent.holders.memory != HELD_BY_WATCHDOG);
  if (agent.filter == NULL) fail_step("seccomp");
  allocate(options->max_runs);
  send_hello(&agent);
}

static struct run *run_of(pid_t init) {
  for (unsigned i = 0; i < agent.max_runs; i++)
    if (agent.runs[i].init_alive && agent.runs[i].box.init == init) return &agent.runs[i];
  return NULL;
}

static uint64_t usage_us(const struct rusage *usage) {
  return (uint64_t)(usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000u +
         (uint64_t)(usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
}

static void reap(int flags) {
  struct rusage usage;
  for (pid_t pid; (pid = wait4(-1, NULL, flags, &usage)) > 0;) {
    struct run *run = run_of(pid);
    if (run) run_init_ended(&agent, run, usage_us(&usage));
  }
}

static _Noreturn void end(int code) {
  for (unsigned i = 0; i < agent.max_runs; i++) run_end_box(&agent.runs[i]);
  reap(0);
  for (unsigned i = 0; i < agent.max_runs; i++)
    if (agent.runs[i].state != RUN_FREE) removals_add(&agent.removals, &agent.groups, &agent.runs[i].leaf);
  removals_finish(&agent.removals, &agent.groups);
  exit(code);
}

static void take_frames(void) {
  struct frame frame;
  while (!channel_is_congested(&agent.channel)) {
    int whole = channel_frame(&agent.channel, &frame);
    if (whole < 0) end(EXIT_PROTOCOL);
    if (whole == 0) return;
    enum dispatched result = dispatch(&agent, &frame);
    if (result == DISPATCH_VIOLATION) end(EXIT_PROTOCOL);
    if (agent.shutdown) end(0);
    if (result == DISPATCH_LATER) return;
    agent.forwarding = NULL;
    agent.forwarded = 0;
    channel_consume(&agent.channel, &frame);
  }
}

static struct pollfd listen_to(int fd, bool in, bool out) {
  short wanted = (short)((in ? POLLIN : 0) | (out ? POLLOUT : 0));
  return (struct pollfd){.fd = wanted ? fd : -1, .events = wanted};
}

static bool is_free(const struct run *run) { return run->state == RUN_FREE; }

static void listen_to_run(const struct run *run, struct pollfd *of_run) {
  bool active = !is_free(run), running = run->state == RUN_RUNNING;
  of_run[0] = listen_to(run->box.link, active, active && dispatch_waits_for(&agent, run));
  of_run[1] = listen_to(run->box.program_stdout,
                        running && wants_output(&agent, run, &run->out, run->box.program_stdout), false);
  of_run[2] = listen_to(run->box.program_stderr,
                        running && wants_output(&agent, run, &run->err, run->box.program_stderr), false);
  of_run[3] = listen_to(run->box.program_stdin, false, active && run->stdin_used > 0);
}

static void wait_for_events(void) {
  bool congested = channel_is_congested(&agent.channel);
  uint64_t now = now_ns(), due = removals_due(&agent.removals);
  events[EVENT_IN] = listen_to(agent.channel.in_fd, !congested && agent.forwarding == NULL, false);
  events[EVENT_OUT] = listen_to(agent.channel.out_fd, false, channel_has_output(&agent.channel));
  events[EVENT_CHILDREN] = listen_to(agent.child_events, true, false);
  for (unsigned i = 0; i < agent.max_runs; i++) {
    uint64_t deadline = run_deadline(&agent.runs[i]);
    if (deadline < due) due = deadline;
    listen_to_run(&agent.runs[i], &events[FIXED_EVENTS + i * EVENTS_PER_RUN]);
  }
  uint64_t pause = due > now ? due - now : 0;
  struct timespec timeout = {.tv_sec = (time_t)(pause / 1000000000u), .tv_nsec = (long)(pause % 1000000000u)};
  ppoll(events, FIXED_EVENTS + agent.max_runs * EVENTS_PER_RUN, due == UINT64_MAX ? NULL : &timeout, NULL);
}

static void handle_run(struct run *run, const struct pollfd *of_run) {
  if (is_free(run)) return;
  if (of_run[0].revents) run_read_reports(run);
  if (of_run[1].revents) pump_output(&agent, run, false);
  if (of_run[2].revents) pump_output(&agent, run, true);
  if (of_run[3].revents) pump_stdin(&agent, run);
}

static void handle_events(void) {
  struct signalfd_siginfo info;
  for (unsigned i = 0; i < agent.max_runs; i++)
    handle_run(&agent.runs[i], &events[FIXED_EVENTS + i * EVENTS_PER_RUN]);
  if (events[EVENT_CHILDREN].revents) {
    while (read(agent.child_events, &info, sizeof info) > 0) continue;
    reap(WNOHANG);
  }
  if (events[EVENT_IN].revents && channel_fill(&agent.channel) == CHANNEL_CLOSED) end(0);
  take_frames();
  uint64_t now = now_ns();
  for (unsigned i = 0; i < agent.max_runs; i++) {
    run_tick(&agent, &agent.runs[i], now);
    run_advance(&agent, &agent.runs[i]);
  }
  if (channel_flush(&agent.channel) == CHANNEL_CLOSED) end(0);
  removals_try(&agent.removals, &agent.groups, now);
}

void serve(const struct serve_options *options) {
  prepare(options);
  for (;;) {
    if (channel_flush(&agent.channel) == CHANNEL_CLOSED) end(0);
    wait_for_events();
    handle_events();
  }
}
