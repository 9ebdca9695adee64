/* What programs say, and those who listen. */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "live_process.h"

enum { ITEM_ROOM = MOST_DATA - 64, ITEM_HEAD = 256 };

struct attached {
  uint32_t process;
  uint64_t at;
};

struct listing {
  uint32_t after; /* ids fall along the table */
};

static struct attached *attached_to(const struct call *call, const struct process *process) {
  if (call->method->begin != attach_begin || call->ended || call->state == NULL) return NULL;
  struct attached *attached = call->state;
  return attached->process == process->id ? attached : NULL;
}

/* How much may come without anything being dropped that someone attached has not been sent. */
static uint64_t room_for(const struct process *process) {
  const struct ring *ring = &process->ring;
  uint64_t room = UINT64_MAX;
  for (struct call *call = calls; call; call = call->next) {
    const struct attached *attached = attached_to(call, process);
    if (attached == NULL) continue;
    uint64_t unsent = ring->end - attached->at;
    uint64_t left = unsent < ring->most ? ring->most - unsent : 0;
    if (left < room) room = left;
  }
  return room;
}

void output_tell(struct process *process) {
  for (struct call *call = calls; call; call = call->next)
    if (attached_to(call, process)) call_ready(call);
}

/* 1: read some; 0: nothing there, or no room; the source is closed at its end. */
static int read_some(struct source *source) {
  static uint8_t bytes[MOST_DATA];
  struct process *process = source->owner;
  uint64_t room = source->fd < 0 ? 0 : room_for(process);
  if (room == 0) return 0;
  ssize_t got = read(source->fd, bytes, room < sizeof bytes ? room : sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  if (got <= 0) {
    source_close(source);
    return 0;
  }
  ring_append(&process->ring, (uint8_t)(source - process->outputs + STREAM_OUTPUT), bytes, (size_t)got);
  return 1;
}

static void read_all(struct source *source) {
  enum { MOST_READS = 64 }; /* others that the process left running could go on for ever */
  for (int reads = 0; reads < MOST_READS && read_some(source); reads++) continue;
}

void output_ready(struct source *source, uint32_t events) {
  (void)events;
  struct process *process = source->owner;
  /* What was written to the standard streams before is told before. */
  if (source == &process->outputs[2])
    for (int i = 0; i < 2; i++) read_all(&process->outputs[i]);
  read_some(source);
  output_adjust(process);
  output_tell(process);
}

void output_adjust(struct process *process) {
  uint32_t events = room_for(process) > 0 ? EPOLLIN : 0;
  for (int i = 0; i < 3; i++) source_want(&process->outputs[i], events);
}

bool output_drain(struct process *process) {
  for (int i = 0; i < 3; i++) read_all(&process->outputs[i]);
  output_adjust(process);
  return room_for(process) > 0;
}

void attach_begin(struct call *call, const struct frame *request) {
  uint32_t id;
  struct process *process = get_u32(request, 3, &id) ? process_find(id) : NULL;
  if (process == NULL || process->start) {
    call_fail(call, "not-found", "no such process");
    return;
  }
  uint64_t from = process->ring.start;
  if ((has_field(request, 4) && !get_u64(request, 4, &from)) || from > process->ring.end) {
    call_fail(call, "invalid", "an offset that is not reached yet");
    return;
  }
  struct attached *attached = malloc(sizeof *attached);
  if (attached == NULL) {
    call_fail_errno(call, ENOMEM);
    return;
  }
  *attached = (struct attached){id, from};
  call->state = attached;
  call_ready(call);
}

static void tell_gap(struct call *call, struct attached *attached, uint64_t start) {
  uint8_t bytes[64];
  struct writer item = {bytes, 0, sizeof bytes};
  put_field_u64(&item, 4, attached->at);
  put_field_u64(&item, 5, start);
  attached->at = start;
  call_item(call, &item);
}

static void tell_part(struct call *call, struct attached *attached, const struct ring *ring) {
  static uint8_t bytes[ITEM_ROOM + ITEM_HEAD];
  struct writer item = {bytes, 0, sizeof bytes};
  uint8_t stream;
  const uint8_t *part;
  size_t length = ring_part(ring, attached->at, &stream, &part);
  if (length > ITEM_ROOM) length = ITEM_ROOM;
  put_field_u8(&item, 1, stream);
  put_field_u64(&item, 2, attached->at);
  put_field(&item, 3, part, length);
  attached->at += length;
  call_item(call, &item);
}

void attach_step(struct call *call) {
  struct attached *attached = call->state;
  struct process *process = process_find(attached->process);
  if (process == NULL) {
    call_fail(call, "gone", "the process was forgotten");
    return;
  }
  const struct ring *ring = &process->ring;
  while (call_may_send(call)) {
    if (attached->at < ring->start) {
      tell_gap(call, attached, ring->start);
    } else if (attached->at < ring->end) {
      tell_part(call, attached, ring);
    } else if (!process->has_ended || !output_drain(process) || attached->at < ring->end) {
      break;
    } else {
      process_end_call(call, process);
      return;
    }
  }
  /* With the end no credit is needed. */
  if (process->has_ended && attached->at == ring->end && output_drain(process) && attached->at == ring->end) {
    process_end_call(call, process);
    return;
  }
  output_adjust(process);
  if (call->credit > 0 && attached->at < ring->end) call_ready(call);
}

void attach_drop(struct call *call) {
  struct attached *attached = call->state;
  if (attached == NULL) return;
  struct process *process = process_find(attached->process);
  call->state = NULL;
  if (process) output_adjust(process);
  free(attached);
}

void listing_begin(struct call *call, const struct frame *request) {
  (void)request;
  struct listing *listing = malloc(sizeof *listing);
  if (listing == NULL) {
    call_fail_errno(call, ENOMEM);
    return;
  }
  *listing = (struct listing){UINT32_MAX};
  call->state = listing;
  call_ready(call);
}

static void put_process(struct writer *item, const struct process *process) {
  uint8_t bytes[SHORT_FRAME];
  struct writer one = {bytes, 0, sizeof bytes};
  process_describe(process, &one);
  put_field(item, 1, bytes, one.used);
}

void listing_step(struct call *call) {
  static uint8_t bytes[MOST_DATA];
  struct listing *listing = call->state;
  struct process *process = processes;
  while (process && process->id >= listing->after) process = process->next;
  while (process && call_may_send(call)) {
    struct writer item = {bytes, 0, sizeof bytes};
    for (; process && item.room - item.used > SHORT_FRAME + FIELD_HEADER; process = process->next) {
      listing->after = process->id;
      if (process->start == NULL) put_process(&item, process);
    }
    if (item.used > 0) call_item(call, &item);
  }
  if (process == NULL)
    call_end(call, NULL);
  else if (call->credit > 0)
    call_ready(call);
}

void listing_drop(struct call *call) { free(call->state); }
