/* The programs that the live service started, and what it keeps of them. */
#ifndef SOULBOX_LIVE_PROCESS_H
#define SOULBOX_LIVE_PROCESS_H

#include <sys/types.h>

#include "live_core.h"
#include "live_ring.h"

enum {
  STREAM_INPUT = 0,
  STREAM_OUTPUT = 1,
  STREAM_ERRORS = 2,
  STREAM_CONTROL = 3,
  MOST_TAG = 1024,
  MOST_ARGUMENTS = 16 << 10, /* bytes of arguments that are told */
  DEFAULT_KEPT = 1 << 20,
  MOST_KEPT = 8 << 20,
};

struct process {
  struct process *next;
  uint32_t id;
  pid_t pid;
  char *tag, *folder;
  uint8_t *arguments; /* as fields of a process */
  size_t arguments_length;
  uint64_t started, ended, deadline; /* ms: of the wall clock, and monotonic */
  bool has_ended, timed_out, memory, terminal;
  int status;
  struct source outputs[3]; /* by STREAM_* less 1; `owner` is the process */
  struct source inputs[2];  /* standard input or terminal, control */
  struct source started_end; /* says why it could not be executed */
  struct call *start;        /* the call that waits for that */
  struct ring ring;
  int terminal_fd; /* for its size, or -1 */
};

extern struct process *processes;

struct process *process_find(uint32_t id);
/* As a field list. `writer` needs SHORT_FRAME bytes of room. */
void process_describe(const struct process *process, struct writer *writer);
void process_end_call(struct call *call, const struct process *process);
/* Forgets it: of one that ended, or was never executed. */
void process_free(struct process *process);

/* Sends the signal to its group or to everything in its session. -1 with errno. */
int process_signal(struct process *process, int number, bool session);

/* Reads what its programs said, as far as those who are attached leave room. */
void output_ready(struct source *source, uint32_t events);
/* Waits for output again, or stops it. */
void output_adjust(struct process *process);
/* Reads all that is there, after the process ended. Whether nothing is left to be read. */
bool output_drain(struct process *process);
/* Lets those attached send. */
void output_tell(struct process *process);

void input_ready(struct source *source, uint32_t events);
/* The input cannot be written to any more. */
void input_lost(struct process *process, int index);

void start_begin(struct call *call, const struct frame *request);
void start_drop(struct call *call);
void attach_begin(struct call *call, const struct frame *request);
void attach_step(struct call *call);
void attach_drop(struct call *call);
void input_begin(struct call *call, const struct frame *request);
void input_send(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length);
void input_send_end(struct call *call, uint8_t stream);
void input_drop(struct call *call);
void listing_begin(struct call *call, const struct frame *request);
void listing_step(struct call *call);
void listing_drop(struct call *call);

#endif
