#include "relay.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fail.h"
#include "system.h"

enum { MOST_PAIRS = 64, BUFFER = 16384, FIXED = 2 };

/* One direction of a connection: bytes read from `from` that `to` did not take yet. */
struct flow {
  int from, to;
  bool ended;
  size_t start, length;
  char bytes[BUFFER];
};

struct pair {
  int inside, outside; /* -1 where there is none */
  struct flow out, in;
};

static struct pair pairs[MOST_PAIRS];

static int listen_inside(uint16_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  int yes = 1;
  if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) < 0 ||
      bind(listener, (struct sockaddr *)&address, sizeof address) < 0 || listen(listener, MOST_PAIRS) < 0)
    fail_step("relay-listen");
  return listener;
}

static int connect_outside(const struct sockaddr_un *address) {
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd >= 0 && connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 &&
      fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
    return fd;
  if (fd >= 0) close(fd);
  return -1;
}

static void drop(struct pair *pair) {
  close(pair->inside);
  close(pair->outside);
  pair->inside = pair->outside = -1;
}

static void accept_one(int listener, const struct sockaddr_un *address) {
  int inside = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (inside < 0) return;
  struct pair *free_pair = NULL;
  for (int at = 0; at < MOST_PAIRS && free_pair == NULL; at++)
    if (pairs[at].inside < 0) free_pair = &pairs[at];
  int outside = free_pair == NULL ? -1 : connect_outside(address);
  if (outside < 0) {
    close(inside);
    return;
  }
  free_pair->inside = inside;
  free_pair->outside = outside;
  free_pair->out = (struct flow){.from = inside, .to = outside};
  free_pair->in = (struct flow){.from = outside, .to = inside};
}

static bool would_block(void) { return errno == EAGAIN || errno == EINTR; }

/* Moves what can be moved without waiting. Returns false when the connection is broken. */
static bool pump(struct flow *flow) {
  if (flow->length == 0 && !flow->ended) {
    ssize_t got = read(flow->from, flow->bytes, BUFFER);
    if (got < 0) return would_block();
    flow->start = 0;
    flow->length = (size_t)got;
    flow->ended = got == 0;
    if (flow->ended) shutdown(flow->to, SHUT_WR);
  }
  while (flow->length > 0) {
    ssize_t put = write(flow->to, flow->bytes + flow->start, flow->length);
    if (put < 0) return would_block();
    flow->start += (size_t)put;
    flow->length -= (size_t)put;
  }
  return true;
}

static short wanted(const struct flow *reading, const struct flow *writing) {
  short events = 0;
  if (reading->length == 0 && !reading->ended) events |= POLLIN;
  if (writing->length > 0) events |= POLLOUT;
  return events;
}

/* `hung`: nobody is at the other end outside any more, which poll would go on to say. */
static void serve_pair(struct pair *pair, bool hung) {
  bool whole = pump(&pair->out) && pump(&pair->in);
  bool told = pair->in.ended && pair->in.length == 0;
  if (!whole || (told && (hung || pair->out.ended))) drop(pair);
}

/* Carries connections until the process behind `program` has ended. */
static void carry(int listener, int program, const struct sockaddr_un *address) {
  struct pollfd polled[FIXED + 2 * MOST_PAIRS];
  for (;;) {
    polled[0] = (struct pollfd){.fd = program, .events = POLLIN};
    polled[1] = (struct pollfd){.fd = listener, .events = POLLIN};
    for (int at = 0; at < MOST_PAIRS; at++) {
      struct pair *pair = &pairs[at];
      polled[FIXED + 2 * at] = (struct pollfd){.fd = pair->inside, .events = wanted(&pair->out, &pair->in)};
      polled[FIXED + 2 * at + 1] = (struct pollfd){.fd = pair->outside, .events = wanted(&pair->in, &pair->out)};
    }
    if (poll(polled, FIXED + 2 * MOST_PAIRS, -1) < 0 && errno != EINTR) fail_step("relay-poll");
    if (polled[0].revents != 0) return;
    for (int at = 0; at < MOST_PAIRS; at++) {
      short inside = polled[FIXED + 2 * at].revents, outside = polled[FIXED + 2 * at + 1].revents;
      if (pairs[at].inside >= 0 && (inside | outside) != 0) serve_pair(&pairs[at], (outside & POLLHUP) != 0);
    }
    if (polled[1].revents != 0) accept_one(listener, address);
  }
}

void relay(char **arguments) {
  long long port = parse_number(arguments[0], 65535);
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (port < 1 || strlen(arguments[1]) >= sizeof address.sun_path) fail_usage("relay wants PORT SOCKET PROGRAM");
  strcpy(address.sun_path, arguments[1]);
  for (int at = 0; at < MOST_PAIRS; at++) pairs[at].inside = pairs[at].outside = -1;
  int listener = listen_inside((uint16_t)port);
  signal(SIGPIPE, SIG_IGN);
  pid_t child = fork();
  if (child < 0) fail_step("relay-fork");
  if (child == 0) {
    signal(SIGPIPE, SIG_DFL);
    execv(arguments[2], arguments + 2);
    _exit(127);
  }
  int program = (int)syscall(SYS_pidfd_open, child, 0);
  if (program < 0) fail_step("relay-pidfd");
  carry(listener, program, &address);
  int status = 0;
  if (waitpid(child, &status, 0) < 0) fail_step("relay-wait");
  _exit(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}
