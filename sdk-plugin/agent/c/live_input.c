/* What is written to programs: each call holds what its program has not taken yet. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "live_process.h"

enum { INPUT_ROOM = 128 << 10, END_OF_TRANSMISSION = 4 };

struct input {
  uint32_t process;
  int index; /* of the process's inputs */
  bool closes;
  size_t at, end;
  uint8_t bytes[INPUT_ROOM];
};

static struct input *input_of(const struct call *call, const struct process *process, int index) {
  if (call->method->begin != input_begin || call->ended || call->state == NULL) return NULL;
  struct input *input = call->state;
  return input->process == process->id && input->index == index ? input : NULL;
}

static void close_input(struct process *process, int index) {
  struct source *source = &process->inputs[index];
  static const uint8_t end = END_OF_TRANSMISSION;
  if (index == 0 && process->terminal) {
    /* Nobody can be told where it is full: it has other input to take first. */
    (void)!write(source->fd, &end, 1);
    return;
  }
  if (index == 1) shutdown(source->fd, SHUT_WR);
  source_close(source);
}

/* Writes what is taken. Whether all of it was. */
static bool write_some(struct call *call, struct process *process) {
  struct input *input = call->state;
  struct source *source = &process->inputs[input->index];
  size_t before = input->at;
  while (input->at < input->end) {
    ssize_t wrote = write(source->fd, input->bytes + input->at, input->end - input->at);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) break;
    if (wrote < 0) {
      input_lost(process, input->index);
      return false;
    }
    input->at += (size_t)wrote;
  }
  if (input->at > before) call_grant(call, input->at - before);
  if (input->at < input->end) return false;
  input->at = input->end = 0;
  if (!call->input_ended) return true;
  if (input->closes) close_input(process, input->index);
  call_end(call, NULL);
  return true;
}

void input_ready(struct source *source, uint32_t events) {
  (void)events;
  struct process *process = source->owner;
  int index = (int)(source - process->inputs);
  bool waiting = false;
  for (struct call *call = calls; call && source->fd >= 0; call = call->next) {
    struct input *input = input_of(call, process, index);
    if (input && input->at < input->end && !write_some(call, process)) waiting = true;
  }
  source_want(source, waiting ? EPOLLOUT : 0);
}

void input_lost(struct process *process, int index) {
  source_close(&process->inputs[index]);
  /* What was all written has reached it: the end of a program is often the answer to its last line. */
  for (struct call *call = calls; call; call = call->next) {
    struct input *input = input_of(call, process, index);
    if (input && input->at < input->end) call_fail(call, "gone", "its input is closed");
  }
}

void input_begin(struct call *call, const struct frame *request) {
  uint32_t id, flags = 0;
  uint8_t stream = 0;
  struct process *process = get_u32(request, 3, &id) ? process_find(id) : NULL;
  if (process == NULL || process->start) {
    call_fail(call, "not-found", "no such process");
    return;
  }
  get_u8(request, 4, &stream);
  get_u32(request, 5, &flags);
  if (stream != STREAM_INPUT && stream != STREAM_CONTROL) {
    call_fail(call, "invalid", "no such stream");
    return;
  }
  int index = stream == STREAM_CONTROL;
  if (process->inputs[index].fd < 0) {
    call_fail(call, "gone", "it has no such input, or not any more");
    return;
  }
  struct input *input = malloc(sizeof *input);
  if (input == NULL) {
    call_fail_errno(call, ENOMEM);
    return;
  }
  input->process = id;
  input->index = index;
  input->closes = flags & 1;
  input->at = input->end = 0;
  call->state = input;
  call_grant(call, INPUT_ROOM);
}

static void write_or_wait(struct call *call) {
  struct input *input = call->state;
  struct process *process = process_find(input->process);
  if (process == NULL || process->inputs[input->index].fd < 0) {
    if (call->input_ended && input->at == input->end)
      call_end(call, NULL);
    else
      call_fail(call, "gone", "its input is closed");
    return;
  }
  int index = input->index;
  if (!write_some(call, process) && !call->ended) source_want(&process->inputs[index], EPOLLOUT);
}

void input_send(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length) {
  (void)stream;
  struct input *input = call->state;
  /* Granted is what was written, so that there is room once what is left is moved. */
  memmove(input->bytes, input->bytes + input->at, input->end - input->at);
  input->end -= input->at;
  input->at = 0;
  memcpy(input->bytes + input->end, bytes, length);
  input->end += length;
  write_or_wait(call);
}

void input_send_end(struct call *call, uint8_t stream) {
  (void)stream;
  write_or_wait(call);
}

void input_drop(struct call *call) {
  free(call->state);
  call->state = NULL;
}
