#include "live_calls.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "channel.h"
#include "live_core.h"

struct call *calls;

static struct channel channel;
static struct source connection = {.fd = -1};
static uint32_t last_id;
static size_t call_count;
static bool more_input, work;

static void unlink_ended(void) {
  for (struct call **at = &calls; *at;) {
    struct call *call = *at;
    if (!call->ended) {
      at = &call->next;
      continue;
    }
    *at = call->next;
    call_count--;
    free_later(call);
  }
}

static void finish(struct call *call) {
  if (call->ended) return;
  call->ended = true;
  work = true;
  if (call->method->drop) call->method->drop(call);
}

static void connection_close(void) {
  for (struct call *call = calls; call; call = call->next) finish(call);
  unlink_ended();
  gateway_close();
  source_close(&connection);
  more_input = false;
}

static void put_frame(uint8_t type, uint32_t id, const uint8_t *payload, size_t length) {
  put_frame_header(&channel.out, type, id, length);
  if (length > 0) put_bytes(&channel.out, payload, length);
  work = true;
}

void call_end(struct call *call, const struct writer *result) {
  if (call->ended) return;
  put_frame(LIVE_END, call->id, result ? result->bytes : NULL, result ? result->used : 0);
  finish(call);
}

void call_fail(struct call *call, const char *code, const char *message) {
  if (call->ended) return;
  uint8_t bytes[512];
  struct writer writer = {bytes, 0, sizeof bytes};
  put_field_text(&writer, 1, code);
  size_t length = strnlen(message, 256);
  put_field(&writer, 2, message, length);
  put_frame(LIVE_FAIL, call->id, bytes, writer.used);
  finish(call);
}

void call_fail_errno(struct call *call, int error) { call_fail(call, fail_code(error), strerror(error)); }

void call_ready(struct call *call) { call->ready = work = true; }

void call_grant(struct call *call, uint64_t bytes) {
  call->owed += bytes;
  call_ready(call);
}

bool call_may_send(const struct call *call) {
  return !call->ended && call->credit > 0 && !channel_is_congested(&channel);
}

void call_payload(struct call *call, uint8_t type, const uint8_t *payload, size_t length) {
  put_frame(type, call->id, payload, length);
  call->credit -= (int64_t)length;
}

void call_item(struct call *call, const struct writer *item) {
  call_payload(call, LIVE_ITEM, item->bytes, item->used);
}

void call_data(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length) {
  put_frame_header(&channel.out, LIVE_DATA, call->id, length + 1);
  put_u8(&channel.out, stream);
  if (length > 0) put_bytes(&channel.out, bytes, length);
  call->credit -= (int64_t)length + 1;
  work = true;
}

static const struct method *find_method(uint8_t number) {
  static const struct method *const tables[] = {worker_methods, process_methods, net_methods};
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    for (const struct method *method = tables[i]; method->number; method++)
      if (method->number == number) return method;
  return NULL;
}

static bool is_well_formed(const struct frame *frame) {
  struct field_reader reader = read_fields(frame);
  struct field field;
  int more;
  while ((more = next_field(&reader, &field)) > 0) continue;
  return more == 0;
}

static bool begin_call(const struct frame *frame) {
  static const struct method none = {0};
  uint8_t number;
  uint32_t credit = 0;
  if (frame->run <= last_id || !is_well_formed(frame) || !get_u8(frame, 1, &number)) return false;
  if (has_field(frame, 2) && !get_u32(frame, 2, &credit)) return false;
  last_id = frame->run;
  struct call *call = calloc(1, sizeof *call);
  if (call == NULL) return false;
  *call = (struct call){.next = calls, .id = frame->run, .credit = credit, .method = find_method(number)};
  calls = call;
  bool known = call->method != NULL;
  if (!known) call->method = &none;
  if (++call_count > MOST_CALLS) {
    call->method = &none;
    call_fail(call, "too-many", "too many calls at once");
  } else if (!known) {
    call_fail(call, "unsupported", "no such method");
  } else {
    call->method->begin(call, frame);
  }
  return true;
}

static struct call *find_call(uint32_t id) {
  for (struct call *call = calls; call; call = call->next)
    if (call->id == id && !call->ended) return call;
  return NULL;
}

static bool take_send(struct call *call, const struct frame *frame) {
  size_t length = frame->length - 1;
  if (call->method->send == NULL || call->input_ended || frame->payload[0] != call->input_stream ||
      length > call->granted)
    return false;
  call->granted -= length;
  if (length > 0) call->method->send(call, frame->payload[0], frame->payload + 1, length);
  return true;
}

static bool take_send_end(struct call *call, const struct frame *frame) {
  if (call->method->send_end == NULL || call->input_ended || frame->length != 1 ||
      frame->payload[0] != call->input_stream)
    return false;
  call->input_ended = true;
  call->method->send_end(call, frame->payload[0]);
  return true;
}

static bool take_credit(struct call *call, const struct frame *frame) {
  if (frame->length != 4) return false;
  int64_t credit = call->credit + load_u32(frame->payload);
  call->credit = credit < INT64_C(1) << 40 ? credit : INT64_C(1) << 40;
  call_ready(call);
  return true;
}

/* False where the protocol forbids it. */
static bool take_frame(const struct frame *frame) {
  if (frame->type == LIVE_PING) {
    if (frame->run != 0 || frame->length != 8) return false;
    put_frame(LIVE_PONG, 0, frame->payload, frame->length);
    return true;
  }
  if (frame->type == LIVE_CALL) return begin_call(frame);
  if (frame->run == 0 || frame->run > last_id) return false;
  struct call *call = find_call(frame->run);
  switch (frame->type) {
    case LIVE_SEND: return frame->length > 0 && (call == NULL || take_send(call, frame));
    case LIVE_SEND_END: return call == NULL || take_send_end(call, frame);
    case LIVE_CREDIT: return call == NULL || take_credit(call, frame);
    case LIVE_CANCEL:
      if (frame->length != 0) return false;
      if (call) call_fail(call, "cancelled", "cancelled");
      return true;
    default: return false;
  }
}

static void take_frames(void) {
  struct frame frame;
  int whole = 1;
  while (!channel_is_congested(&channel) && (whole = channel_frame(&channel, &frame)) > 0) {
    if (!take_frame(&frame)) {
      connection_close();
      return;
    }
    channel_consume(&channel, &frame);
  }
  if (whole < 0) connection_close();
  more_input = connection.fd >= 0 && whole > 0;
}

static void on_connection(struct source *source, uint32_t events) {
  (void)source;
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    /* While it is congested, what is there already is not taken, and the rest waits in the socket. */
    if (!more_input && channel_fill(&channel) == CHANNEL_CLOSED) {
      connection_close();
      return;
    }
    more_input = true;
  }
  work = true;
}

static void say_hello(void) {
  uint8_t bytes[4096];
  struct writer hello = {bytes, 0, sizeof bytes};
  static const uint8_t version[] = {LIVE_VERSION, 0};
  put_field(&hello, 1, version, sizeof version);
  for (const char *const *fact = live->facts; fact && *fact; fact++) put_field_text(&hello, 2, *fact);
  put_field_u64(&hello, 3, live->boot);
  put_frame(LIVE_HELLO, 0, bytes, hello.used);
}

void connection_open(int fd) {
  connection_close();
  if (channel.in == NULL && channel_init(&channel, fd, fd) < 0) _exit(EXIT_FAILURE);
  channel.in_fd = channel.out_fd = fd;
  channel.in_at = channel.in_end = channel.out.used = channel.out_sent = 0;
  last_id = 0;
  source_init(&connection, fd, on_connection, NULL);
  source_want(&connection, EPOLLIN);
  say_hello();
}

static void step_call(struct call *call) {
  call->ready = false;
  if (call->owed > 0) {
    uint8_t bytes[5];
    uint32_t granted = call->owed < UINT32_MAX ? (uint32_t)call->owed : UINT32_MAX;
    struct writer grant = {bytes, 0, sizeof bytes};
    put_u8(&grant, call->input_stream);
    put_u32(&grant, granted);
    put_frame(LIVE_INPUT_CREDIT, call->id, bytes, sizeof bytes);
    call->owed -= granted;
    call->granted += granted;
  }
  if (call->method->step) call->method->step(call);
}

/* The list from `first` on, then what was before it. */
static void rotate(struct call *first) {
  if (first == calls) return;
  struct call *last = first, *before = calls;
  while (last->next) last = last->next;
  while (before->next != first) before = before->next;
  last->next = calls;
  before->next = NULL;
  calls = first;
}

static void step_all(void) {
  for (struct call *call = calls; call && connection.fd >= 0; call = call->next) {
    if (!call->ready || call->ended) continue;
    if (channel_is_congested(&channel)) {
      /* Whose turn it would have been comes first when there is room. */
      rotate(call);
      return;
    }
    step_call(call);
  }
}

bool calls_have_work(void) { return work; }

void calls_step(void) {
  work = false;
  if (more_input) take_frames();
  step_all();
  unlink_ended();
  if (connection.fd < 0) {
    work = false;
    return;
  }
  bool was_congested = channel_is_congested(&channel);
  if (channel_flush(&channel) == CHANNEL_CLOSED) {
    connection_close();
    return;
  }
  bool congested = channel_is_congested(&channel);
  uint32_t events = more_input ? 0 : EPOLLIN;
  if (channel_has_output(&channel)) events |= EPOLLOUT;
  source_want(&connection, events);
  /* What waited for room goes on, now that there is some. */
  work = !congested && (was_congested || more_input);
  for (struct call *call = calls; call && !work; call = call->next) work = call->ready && !congested;
}
