/* Catches what the programs of the box connect to, and asks the host about each. */
#include "live_net.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MOST_WAITING = 256, ANSWER_HEAD = 6, INPUT_ROOM = 128 << 10 };

/* Neither taken nor dropped yet. */
struct waiting {
  struct waiting *next;
  uint32_t id;
  int fd;
  bool told;
  union address address; /* that the program meant */
};

struct gateway {
  struct call *call;
  unsigned waiting_count;
  struct waiting *waiting;
  size_t answer_used; /* of an answer that is not whole yet */
  uint8_t answer[ANSWER_HEAD + UINT16_MAX];
};

static struct gateway *gateway;

static void let_wait(int fd, const union address *address) {
  static uint32_t last_id;
  struct waiting *waiting = gateway && gateway->waiting_count < MOST_WAITING ? calloc(1, sizeof *waiting) : NULL;
  if (waiting == NULL) {
    close_at_once(fd);
    return;
  }
  *waiting = (struct waiting){.fd = fd, .id = ++last_id, .address = *address};
  /* The oldest first. */
  struct waiting **end = &gateway->waiting;
  while (*end) end = &(*end)->next;
  *end = waiting;
  gateway->waiting_count++;
  call_ready(gateway->call);
}

static void on_caught(struct source *source, uint32_t events) {
  (void)events;
  int fd;
  while (read(source->fd, &fd, sizeof fd) == sizeof fd) {
    union address address;
    socklen_t length = sizeof address;
    if (getsockname(fd, &address.any, &length) < 0)
      close(fd);
    else if (address_port(&address) == DNS_PORT)
      questions_accept(fd);
    else
      let_wait(fd, &address);
  }
}

void gateway_start(void) {
  static struct source caught;
  if (gateway_ends() == NULL) return;
  source_init(&caught, gateway_ends()->caught, on_caught, NULL);
  source_want(&caught, EPOLLIN);
  questions_start();
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
    return fd;
  }
  return -1;
}

void gateway_close(void) {
  if (gateway == NULL) return;
  struct gateway *old = gateway;
  gateway = NULL;
  for (struct waiting *waiting = old->waiting, *next; waiting; waiting = next) {
    next = waiting->next;
    close_at_once(waiting->fd);
    free(waiting);
  }
  questions_close();
  free_later(old);
}

void gateway_begin(struct call *call, const struct frame *request) {
  (void)request;
  if (gateway_ends() == NULL) {
    call_fail(call, "unsupported", "the sandbox was made without a network");
    return;
  }
  if (gateway) call_end(gateway->call, NULL);
  gateway = calloc(1, sizeof *gateway);
  if (gateway == NULL) {
    call_fail_errno(call, ENOMEM);
    return;
  }
  gateway->call = call;
  call->input_stream = 1;
  questions_open(call);
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
  close_at_once(fd);
  call_end(call, NULL);
}
