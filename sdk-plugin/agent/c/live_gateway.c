/* Catches what the programs of the box connect to, and asks the host about each. */
#include "live_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST_PORTS = 32, MOST_WAITING = 256, DNS_PORT = 53, ANSWER_HEAD = 6, INPUT_ROOM = 128 << 10 };

/* Accepted, and neither taken nor dropped yet. */
struct waiting {
  struct waiting *next;
  uint32_t id;
  int fd;
  bool told;
  union address address; /* that the program meant */
};

struct gateway {
  struct call *call;
  struct source listeners[2 * MOST_PORTS];
  unsigned listener_count, waiting_count;
  struct waiting *waiting;
  size_t answer_used; /* of an answer that is not whole yet */
  uint8_t answer[ANSWER_HEAD + UINT16_MAX];
};

static struct gateway *gateway;

int open_bound(int family, int type, uint16_t port) {
  int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  if (fd < 0) return -1;
  union address address;
  socklen_t length = address_fill(&address, family, false, port);
  if (family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  if (type == SOCK_STREAM) setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(fd, &address.any, length) == 0 && (type != SOCK_STREAM || listen(fd, SOMAXCONN) == 0)) return fd;
  int error = errno;
  close(fd);
  errno = error;
  return -1;
}

static void listen_again(void) {
  bool room = gateway->waiting_count < MOST_WAITING;
  for (unsigned i = 0; i < gateway->listener_count; i++) source_want(&gateway->listeners[i], room ? EPOLLIN : 0);
}

static void on_listener(struct source *source, uint32_t events) {
  (void)events;
  static uint32_t last_id;
  int fd = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
  struct waiting *waiting = fd < 0 ? NULL : calloc(1, sizeof *waiting);
  socklen_t length = sizeof waiting->address;
  if (waiting == NULL || getsockname(fd, &waiting->address.any, &length) < 0) {
    if (fd >= 0) close(fd);
    free(waiting);
    return;
  }
  waiting->fd = fd;
  waiting->id = ++last_id;
  /* The oldest first. */
  struct waiting **end = &gateway->waiting;
  while (*end) end = &(*end)->next;
  *end = waiting;
  gateway->waiting_count++;
  listen_again();
  call_ready(gateway->call);
}

/* Takes it out of those that wait: its descriptor, or -1. */
static int take_waiting(uint32_t id) {
  if (gateway == NULL) return -1;
  for (struct waiting **at = &gateway->waiting; *at; at = &(*at)->next) {
    struct waiting *waiting = *at;
    if (waiting->id != id) continue;
    int fd = waiting->fd;
    *at = waiting->next;
    free(waiting);
    gateway->waiting_count--;
    listen_again();
    return fd;
  }
  return -1;
}

/* Closes it so that its program is told at once. */
static void reset(int fd) {
  struct linger now = {.l_onoff = 1};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

void gateway_close(void) {
  if (gateway == NULL) return;
  struct gateway *old = gateway;
  gateway = NULL;
  for (unsigned i = 0; i < old->listener_count; i++) source_close(&old->listeners[i]);
  for (struct waiting *waiting = old->waiting, *next; waiting; waiting = next) {
    next = waiting->next;
    reset(waiting->fd);
    free(waiting);
  }
  questions_close();
  free_later(old);
}

static bool open_port(uint16_t port) {
  static const int families[] = {AF_INET, AF_INET6};
  for (int i = 0; i < 2; i++) {
    int fd = open_bound(families[i], SOCK_STREAM, port);
    /* What a program of the box listens on already is its own; and there may be no IPv6. */
    if (fd < 0 && (errno == EADDRINUSE || (families[i] == AF_INET6 && errno != EACCES))) continue;
    if (fd < 0) return false;
    struct source *source = &gateway->listeners[gateway->listener_count++];
    source_init(source, fd, on_listener, NULL);
    source_want(source, EPOLLIN);
  }
  return true;
}

void gateway_begin(struct call *call, const struct frame *request) {
  struct field_reader reader = read_fields(request);
  struct field field;
  unsigned ports = 0;
  if (gateway) call_end(gateway->call, NULL);
  gateway = calloc(1, sizeof *gateway);
  if (gateway == NULL) {
    call_fail_errno(call, ENOMEM);
    return;
  }
  gateway->call = call;
  call->input_stream = 1;
  while (next_field(&reader, &field) > 0) {
    if (field.tag != 3) continue;
    uint16_t port = field.length == 2 ? (uint16_t)(field.bytes[0] | field.bytes[1] << 8) : 0;
    if (port == 0 || ports++ == MOST_PORTS) {
      call_fail(call, "invalid", "no port, or too many");
      return;
    }
    if (port != DNS_PORT && !open_port(port)) {
      call_fail_errno(call, errno);
      return;
    }
  }
  if (!questions_open(call)) {
    call_fail_errno(call, errno);
    return;
  }
  call_grant(call, INPUT_ROOM);
}

void gateway_step(struct call *call) {
  for (struct waiting *waiting = gateway->waiting; waiting && call_may_send(call); waiting = waiting->next) {
    if (waiting->told) continue;
    uint8_t bytes[128];
    char text[INET6_ADDRSTRLEN];
    struct writer item = {bytes, 0, sizeof bytes};
    uint16_t port = address_port(&waiting->address);
    uint8_t number[] = {(uint8_t)port, (uint8_t)(port >> 8)};
    address_text(&waiting->address, text);
    put_field_u32(&item, 1, waiting->id);
    put_field_text(&item, 2, text);
    put_field(&item, 3, number, sizeof number);
    waiting->told = true;
    call_item(call, &item);
  }
  questions_tell(call);
}

void gateway_send(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length) {
  (void)stream;
  call_grant(call, length);
  while (length > 0) {
    size_t used = gateway->answer_used, wanted = ANSWER_HEAD;
    if (used >= ANSWER_HEAD) wanted += gateway->answer[4] | (size_t)gateway->answer[5] << 8;
    size_t part = wanted - used < length ? wanted - used : length;
    memcpy(gateway->answer + used, bytes, part);
    bytes += part;
    length -= part;
    gateway->answer_used = used += part;
    if (used < ANSWER_HEAD) continue;
    wanted = ANSWER_HEAD + (gateway->answer[4] | (size_t)gateway->answer[5] << 8);
    if (used < wanted) continue;
    question_answer(load_u32(gateway->answer), gateway->answer + ANSWER_HEAD, wanted - ANSWER_HEAD);
    gateway->answer_used = 0;
  }
}

void gateway_drop(struct call *call) {
  if (gateway && gateway->call == call) gateway_close();
}

void take_begin(struct call *call, const struct frame *request) {
  uint32_t id;
  int fd = get_u32(request, 3, &id) ? take_waiting(id) : -1;
  if (fd < 0)
    call_fail(call, "not-found", "no such connection");
  else
    stream_begin(call, fd);
}

void drop_begin(struct call *call, const struct frame *request) {
  uint32_t id;
  int fd = get_u32(request, 3, &id) ? take_waiting(id) : -1;
  if (fd < 0) {
    call_fail(call, "not-found", "no such connection");
    return;
  }
  reset(fd);
  call_end(call, NULL);
}
