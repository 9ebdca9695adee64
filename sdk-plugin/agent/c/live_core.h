/* What the parts of the live service share: descriptors to wait for, calls, and what they send. */
#ifndef SOULBOX_LIVE_CORE_H
#define SOULBOX_LIVE_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "live.h"
#include "wire.h"

enum live_frame {
  LIVE_CALL = 0x21,
  LIVE_SEND = 0x22,
  LIVE_SEND_END = 0x23,
  LIVE_CREDIT = 0x24,
  LIVE_CANCEL = 0x25,
  LIVE_PING = 0x26,
  LIVE_HELLO = 0xa1,
  LIVE_DATA = 0xa2,
  LIVE_ITEM = 0xa3,
  LIVE_INPUT_CREDIT = 0xa4,
  LIVE_END = 0xa5,
  LIVE_FAIL = 0xa6,
  LIVE_PONG = 0xa7,
};

enum {
  LIVE_VERSION = 1,
  MOST_CALLS = 256,
  MOST_DATA = 64 << 10,  /* bytes in one DATA */
  SHORT_FRAME = 24 << 10, /* room for what is sent without asking for room: an END or FAIL */
  MOST_PATH = 4096,
};

extern const struct live_setup *live;

/* A descriptor in the event loop. */
struct source {
  int fd; /* -1: none */
  uint32_t events;
  void (*ready)(struct source *source, uint32_t events);
  void *owner;
};

/* Takes over `fd`, and waits for nothing yet. */
void source_init(struct source *source, int fd, void (*ready)(struct source *, uint32_t), void *owner);
/* With 0 also the end of the other side goes unheard. */
void source_want(struct source *source, uint32_t events);
void source_close(struct source *source);

/* Frees it when no event that is being handled can mean it any more. */
void free_later(void *memory);

struct call;

struct method {
  uint8_t number;
  /* Reads the request; may end the call. What it refers to is gone afterwards. */
  void (*begin)(struct call *call, const struct frame *request);
  /* Sends what can be sent; called when the call is ready, and there is room. May end the call. */
  void (*step)(struct call *call);
  /* Within what was granted. NULL: takes none. */
  void (*send)(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length);
  void (*send_end)(struct call *call, uint8_t stream);
  /* Releases what the call holds; after its end, or when it is cancelled or its connection lost. */
  void (*drop)(struct call *call);
};

struct call {
  struct call *next;
  const struct method *method;
  void *state;
  uint32_t id;
  uint8_t input_stream; /* the one stream that it takes */
  bool ready, ended, input_ended;
  int64_t credit;
  uint64_t granted; /* bytes that the client may still send */
  uint64_t owed;    /* bytes to grant with the next step */
};

extern const struct method worker_methods[], process_methods[], net_methods[];

extern struct call *calls;

/* Each ends the call: nothing of it may be used afterwards but by its own `drop`. `result` may be NULL. */
void call_end(struct call *call, const struct writer *result);
void call_fail(struct call *call, const char *code, const char *message);
void call_fail_errno(struct call *call, int error);

/* The code of LIVE.md for an error of the system. */
const char *fail_code(int error);

/* Lets `step` be called. */
void call_ready(struct call *call);

/* Grants input, of `input_stream`. */
void call_grant(struct call *call, uint64_t bytes);

/* Whether the call may send now: there is credit, and room for an ITEM or DATA of MOST_DATA bytes. */
bool call_may_send(const struct call *call);
void call_item(struct call *call, const struct writer *item);
void call_data(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length);

/* As call_data and call_item, for a payload that is complete. */
void call_payload(struct call *call, uint8_t type, const uint8_t *payload, size_t length);

/* Fields of a request. Each false where the field is missing or not of its form. */
bool get_u8(const struct frame *request, uint8_t tag, uint8_t *value);
bool get_u16(const struct frame *request, uint8_t tag, uint16_t *value);
bool get_u32(const struct frame *request, uint8_t tag, uint32_t *value);
bool get_u64(const struct frame *request, uint8_t tag, uint64_t *value);
/* Copies a text without NUL, and ends it with one. */
bool get_text(const struct frame *request, uint8_t tag, char *text, size_t room);
bool has_field(const struct frame *request, uint8_t tag);

void put_field_u32(struct writer *writer, uint8_t tag, uint32_t value);
void put_field_text(struct writer *writer, uint8_t tag, const char *text);

uint64_t clock_ms(void);

/* For the loop: children that ended, and time that passed. */
void processes_reaped(pid_t pid, int status);
void workers_reaped(pid_t pid);
bool processes_run(void);
/* Milliseconds until a timeout is due, at most `most`. */
int processes_tick(int most);

/* For the loop: what the gateway of the box catches, where there is one. */
void gateway_start(void);
/* Ends what only a connection keeps. */
void gateway_close(void);

#endif
