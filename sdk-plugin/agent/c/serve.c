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
#include "warm.h"

enum { FIXED_EVENTS = 3, EVENTS_PER_RUN = 4, EVENT_IN = 0, EVENT_OUT = 1, EVENT_CHILDREN = 2 };
enum { MOST_DESCRIPTORS = 4096 };
/* What the one box that stays is known by in the protocol. */
enum { LIVE_RUN = 1 };

static struct agent agent;
static struct pollfd *events;

static size_t event_count(void) { return FIXED_EVENTS + (size_t)agent.max_runs * EVENTS_PER_RUN + MOST_SETS; }

static struct pollfd *event_of_set(unsigned set) {
  return &events[FIXED_EVENTS + agent.max_runs * EVENTS_PER_RUN + set];
}

static void allocate(unsigned max_runs) {
  agent.max_runs = max_runs;
  agent.runs = calloc(max_runs, sizeof *agent.runs);
  agent.sets = calloc(MOST_SETS, sizeof *agent.sets);
  events = calloc(event_count(), sizeof *events);
  size_t rings = (size_t)max_runs * STDIN_WINDOW;
  uint8_t *ring = mmap(NULL, rings, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (agent.runs == NULL || agent.sets == NULL || events == NULL || ring == MAP_FAILED || madvise(ring, rings, MADV_DONTFORK) < 0)
    fail_step("memory");
  for (unsigned i = 0; i < max_runs; i++) agent.runs[i] = (struct run){.stdin_ring = ring + (size_t)i * STDIN_WINDOW, .box = NO_BOX};
}

/* A run holds up to a dozen descriptors. Where there are fewer, the run that lacks them is refused. */
static void allow_descriptors(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) < 0) return;
  if (limit.rlim_cur >= MOST_DESCRIPTORS) return;
  limit.rlim_cur = limit.rlim_max < MOST_DESCRIPTORS ? limit.rlim_max : MOST_DESCRIPTORS;
  setrlimit(RLIMIT_NOFILE, &limit);
}

/* Makes the one box that stays; what fails is said as the failure of a part of the outer wall is. */
static void make_live_box(const struct limits *limits) {
  struct run *run = &agent.runs[0];
  run->limits = *limits;
  struct box_plan plan = run_plan(&agent, run);
  const char *step = run_make_leaf(&agent, run);
  if (step == NULL) step = box_start(&run->box, &plan);
  if (step) fail_step(step);
  run->init_alive = true;
  run_adopt(run, LIVE_RUN, limits, 0);
  struct pollfd told = {.fd = run->box.link, .events = POLLIN};
  while (!run->is_built && !run->refused && run->box.link >= 0) {
    poll(&told, 1, -1);
    run_read_reports(run);
  }
  errno = run->refusal_error;
  if (!run->is_built) fail_step(run->refused ? run->refusal_step : "box-init");
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
  agent.listener = options->listener;
  agent.gateway = options->gateway;
  if (agent.listener >= 0) make_live_box(&options->limits);
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
    if (run)
      run_init_ended(&agent, run, usage_us(&usage));
    else
      warm_zygote_ended(&agent, pid);
  }
}

static bool is_live(void) { return agent.listener >= 0; }

static _Noreturn void end(int code) {
  warm_close(&agent);
  for (unsigned i = 0; i < agent.max_runs; i++) {
    run_end_box(&agent.runs[i]);
    /* A copy that a zygote has made, and not told of yet, ends by itself when it finds its gate closed. */
    if (agent.runs[i].asked) box_close(&agent.runs[i].box);
  }
  reap(0);
  for (unsigned i = 0; i < agent.max_runs; i++)
    if (agent.runs[i].state != RUN_FREE) removals_add(&agent.removals, &agent.groups, &agent.runs[i].leaf);
  removals_finish(&agent.removals, &agent.groups);
  exit(code);
}

/* The host has closed it, or is dead. */
static void client_is_gone(void) {
  if (!is_live()) end(0);
  agent.detached = true;
  agent.channel.in_fd = agent.channel.out_fd = -1;
  agent.channel.out.used = agent.channel.out_sent = 0;
}

static void take_frames(void) {
  struct frame frame;
  while (!channel_is_congested(&agent.channel)) {
    int whole = channel_frame(&agent.channel, &frame);
    if (whole < 0) end(EXIT_PROTOCOL);
    if (whole == 0) return;
    agent.waits_for_place = false;
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

static void listen_to_run(const struct run *run, struct pollfd *of_run) {
  bool active = run->init_alive || run->state >= RUN_DESCRIBED, running = run->state == RUN_RUNNING;
  of_run[0] = listen_to(run->box.link, active, active && dispatch_waits_for(&agent, run));
  of_run[1] = listen_to(run->box.program_stdout,
                        running && wants_output(&agent, run, &run->out, run->box.program_stdout), false);
  of_run[2] = listen_to(run->box.program_stderr,
                        running && wants_output(&agent, run, &run->err, run->box.program_stderr), false);
  of_run[3] = listen_to(run->box.program_stdin, false, active && run->stdin_used > 0);
}

static void wait_for_events(void) {
  bool congested = channel_is_congested(&agent.channel);
  uint64_t now = now_ns(), due = removals_due(&agent.removals), due_warm = warm_due(&agent);
  if (due_warm < due) due = due_warm;
  events[EVENT_IN] = listen_to(agent.channel.in_fd, !congested && agent.forwarding == NULL && !agent.waits_for_place, false);
  events[EVENT_OUT] = listen_to(agent.channel.out_fd, false, channel_has_output(&agent.channel));
  events[EVENT_CHILDREN] = listen_to(agent.child_events, true, false);
  for (unsigned i = 0; i < agent.max_runs; i++) {
    uint64_t deadline = run_deadline(&agent.runs[i]);
    if (deadline < due) due = deadline;
    listen_to_run(&agent.runs[i], &events[FIXED_EVENTS + i * EVENTS_PER_RUN]);
  }
  for (unsigned i = 0; i < MOST_SETS; i++) {
    const struct warm_set *set = &agent.sets[i];
    *event_of_set(i) = listen_to(set->zygote.control, set->zygote.pid > 0, false);
  }
  uint64_t pause = due > now ? due - now : 0;
  struct timespec timeout = {.tv_sec = (time_t)(pause / 1000000000u), .tv_nsec = (long)(pause % 1000000000u)};
  ppoll(events, event_count(), due == UINT64_MAX ? NULL : &timeout, NULL);
}

static void handle_run(struct run *run, const struct pollfd *of_run) {
  if (run->state == RUN_FREE) return;
  if (of_run[0].revents) run_read_reports(run);
  if (of_run[1].revents) pump_output(&agent, run, false);
  if (of_run[2].revents) pump_output(&agent, run, true);
  if (of_run[3].revents) pump_stdin(&agent, run);
}

static void handle_events(void) {
  struct signalfd_siginfo info;
  for (unsigned i = 0; i < agent.max_runs; i++)
    handle_run(&agent.runs[i], &events[FIXED_EVENTS + i * EVENTS_PER_RUN]);
  for (unsigned i = 0; i < MOST_SETS; i++)
    if (event_of_set(i)->revents) warm_read(&agent, &agent.sets[i]);
  if (events[EVENT_CHILDREN].revents) {
    while (read(agent.child_events, &info, sizeof info) > 0) continue;
    reap(WNOHANG);
  }
  if (events[EVENT_IN].revents && channel_fill(&agent.channel) == CHANNEL_CLOSED) client_is_gone();
  if (!agent.detached) take_frames();
  if (is_live() && !agent.runs[0].init_alive) end(0);
  uint64_t now = now_ns();
  for (unsigned i = 0; i < agent.max_runs; i++) {
    run_tick(&agent, &agent.runs[i], now);
    run_advance(&agent, &agent.runs[i]);
  }
  if (!agent.detached && channel_flush(&agent.channel) == CHANNEL_CLOSED) client_is_gone();
  warm_fill(&agent, now);
  removals_try(&agent.removals, &agent.groups, now);
}

void serve(const struct serve_options *options) {
  prepare(options);
  for (;;) {
    if (!agent.detached && channel_flush(&agent.channel) == CHANNEL_CLOSED) client_is_gone();
    wait_for_events();
    handle_events();
  }
}
