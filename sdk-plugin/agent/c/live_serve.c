#include "live.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/fsuid.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "box.h"
#include "box_watch.h"
#include "live_calls.h"
#include "live_core.h"
#include "system.h"

enum { EVENTS_AT_ONCE = 64, IDLE_MS = 1000 };

const struct live_setup *live;

static int loop = -1;
static struct source listener, link_end, children;
static void **garbage;
static size_t garbage_count, garbage_room;

void source_init(struct source *source, int fd, void (*ready)(struct source *, uint32_t), void *owner) {
  *source = (struct source){.fd = fd, .ready = ready, .owner = owner};
}

void source_want(struct source *source, uint32_t events) {
  if (source->fd < 0 || source->events == events) return;
  struct epoll_event event = {.events = events, .data.ptr = source};
  int change = events == 0 ? EPOLL_CTL_DEL : source->events == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
  /* Fails only without memory, of which a service that cannot wait for anything has no more use. */
  if (epoll_ctl(loop, change, source->fd, &event) < 0) _exit(EXIT_FAILURE);
  source->events = events;
}

void source_close(struct source *source) {
  if (source->fd < 0) return;
  source_want(source, 0);
  close(source->fd);
  source->fd = -1;
}

void free_later(void *memory) {
  if (memory == NULL) return;
  if (garbage_count == garbage_room) {
    garbage_room = garbage_room ? garbage_room * 2 : 64;
    garbage = realloc(garbage, garbage_room * sizeof *garbage);
    if (garbage == NULL) _exit(EXIT_FAILURE);
  }
  garbage[garbage_count++] = memory;
}

static void on_listener(struct source *source, uint32_t events) {
  (void)events;
  int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) connection_open(fd);
}

static void on_link(struct source *source, uint32_t events) {
  (void)events;
  char dropped[256];
  ssize_t got = read(source->fd, dropped, sizeof dropped);
  if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) _exit(0);
}

static void on_children(struct source *source, uint32_t events) {
  (void)events;
  struct signalfd_siginfo info;
  while (read(source->fd, &info, sizeof info) > 0) continue;
  int status;
  for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG | __WALL)) > 0;) {
    workers_reaped(pid);
    processes_reaped(pid, status);
  }
}

static void look(void) {
  static uint64_t next;
  uint64_t now = now_ns();
  if (live->look == NULL || now < next) return;
  if (live->own_uid) setfsuid(0);
  live->look(live->context);
  if (live->own_uid) setfsuid(BOX_USER);
  next = now + (processes_run() ? WATCH_INTERVAL_MS : IDLE_MS) * UINT64_C(1000000);
}

static void prepare(void) {
  sigset_t child;
  sigemptyset(&child);
  sigaddset(&child, SIGCHLD);
  sigprocmask(SIG_BLOCK, &child, NULL);
  signal(SIGPIPE, SIG_IGN);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  /* For good: pipes and terminals then belong to the user, and nothing is opened with other rights. */
  if (live->own_uid) {
    setfsgid(BOX_USER);
    setfsuid(BOX_USER);
  }
  loop = epoll_create1(EPOLL_CLOEXEC);
  int events = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
  if (loop < 0 || events < 0) _exit(EXIT_FAILURE);
  fcntl(live->listener, F_SETFL, O_NONBLOCK);
  fcntl(live->listener, F_SETFD, FD_CLOEXEC);
  source_init(&listener, live->listener, on_listener, NULL);
  source_init(&link_end, live->link, on_link, NULL);
  source_init(&children, events, on_children, NULL);
  source_want(&listener, EPOLLIN);
  source_want(&link_end, EPOLLIN);
  source_want(&children, EPOLLIN);
  gateway_start();
}

_Noreturn void live_serve(const struct live_setup *setup) {
  live = setup;
  prepare();
  for (;;) {
    int wait = processes_tick(live->look && processes_run() ? WATCH_INTERVAL_MS : IDLE_MS);
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(loop, events, EVENTS_AT_ONCE, calls_have_work() ? 0 : wait);
    for (int i = 0; i < count; i++) {
      struct source *source = events[i].data.ptr;
      if (source->fd >= 0 && source->events != 0) source->ready(source, events[i].events);
    }
    look();
    calls_step();
    while (garbage_count > 0) free(garbage[--garbage_count]);
  }
}
