#include "live_process.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "system.h"

enum {
  MOST_ENDED = 256,
  MOST_ENDED_BYTES = 32 << 20, /* of the output of all that ended */
  KILL_PASSES = 8,
};

struct process *processes;

struct process *process_find(uint32_t id) {
  for (struct process *process = processes; process; process = process->next)
    if (process->id == id) return process;
  return NULL;
}

void process_describe(const struct process *process, struct writer *writer) {
  int status = process->status;
  put_field_u32(writer, 1, process->id);
  put_field_u32(writer, 2, (uint32_t)process->pid);
  if (process->tag) put_field_text(writer, 3, process->tag);
  put_bytes(writer, process->arguments, process->arguments_length);
  put_field_text(writer, 5, process->folder);
  put_field_u64(writer, 6, process->started);
  put_field_u8(writer, 7, process->has_ended ? 2 : 1);
  if (process->has_ended && WIFEXITED(status)) put_field_u32(writer, 8, (uint32_t)WEXITSTATUS(status));
  if (process->has_ended && WIFSIGNALED(status)) put_field_u8(writer, 9, (uint8_t)WTERMSIG(status));
  if (process->has_ended) put_field_u64(writer, 10, process->ended);
  put_field_u32(writer, 11, (uint32_t)(process->timed_out | process->memory << 1));
  put_field_u64(writer, 12, process->ring.end);
  put_field_u64(writer, 13, process->ring.start);
  put_field_u8(writer, 14, process->terminal);
}

void process_end_call(struct call *call, const struct process *process) {
  uint8_t bytes[SHORT_FRAME];
  struct writer writer = {bytes, 0, sizeof bytes};
  process_describe(process, &writer);
  call_end(call, &writer);
}

void process_free(struct process *process) {
  for (struct process **at = &processes; *at; at = &(*at)->next)
    if (*at == process) {
      *at = process->next;
      break;
    }
  for (int i = 0; i < 3; i++) source_close(&process->outputs[i]);
  for (int i = 0; i < 2; i++) source_close(&process->inputs[i]);
  source_close(&process->started_end);
  if (process->terminal_fd >= 0) close(process->terminal_fd);
  free(process->tag);
  free(process->folder);
  free(process->arguments);
  ring_empty(&process->ring);
  free_later(process);
}

/* The session of a process of this namespace, or -1. */
static pid_t session_of(const char *pid) {
  char path[64], text[512];
  int session;
  snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
  if (read_file_at(-1, path, text, sizeof text) <= 0) return -1;
  /* The name before it can hold anything. */
  const char *after = strrchr(text, ')');
  return after && sscanf(after + 1, " %*c %*d %*d %d", &session) == 1 ? session : -1;
}

static unsigned signal_session(pid_t session, int number) {
  DIR *folder = opendir("/proc");
  unsigned found = 0;
  for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
    if (isdigit((unsigned char)entry->d_name[0]) && session_of(entry->d_name) == session)
      found += kill((pid_t)atoi(entry->d_name), number) == 0;
  if (folder) closedir(folder);
  return found;
}

int process_signal(struct process *process, int number, bool session) {
  if (!session) {
    errno = ESRCH;
    return process->has_ended ? -1 : kill(process->pid, number);
  }
  /* Its number names the session as long as that has anyone; a process of that number is another one by now. */
  if (process->has_ended && kill(process->pid, 0) == 0) return errno = ESRCH, -1;
  unsigned found = signal_session(process->pid, number);
  errno = ESRCH;
  return found > 0 ? 0 : -1;
}

static void kill_session(struct process *process) {
  for (int pass = 0; pass < KILL_PASSES && process_signal(process, SIGKILL, true) == 0; pass++) continue;
}

bool processes_run(void) {
  for (struct process *process = processes; process; process = process->next)
    if (!process->has_ended) return true;
  return false;
}

int processes_tick(int most) {
  uint64_t now = now_ns() / 1000000;
  for (struct process *process = processes; process; process = process->next) {
    if (process->deadline == 0 || process->has_ended) continue;
    if (process->deadline > now) {
      if (process->deadline - now < (uint64_t)most) most = (int)(process->deadline - now);
      continue;
    }
    process->timed_out = true;
    process->deadline = 0;
    kill_session(process);
  }
  return most;
}

static bool killed_for_memory(int status) {
  static uint64_t known;
  if (live->memory_kills == NULL || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return false;
  uint64_t kills = live->memory_kills(live->context);
  if (kills <= known) return false;
  known = kills;
  return true;
}

/* The table is in the order of starts, the newest first; of those that ended, the newest are kept. */
static void keep_few(void) {
  unsigned ended = 0;
  size_t bytes = 0;
  for (struct process *process = processes, *next; process; process = next) {
    next = process->next;
    if (!process->has_ended) continue;
    bytes += process->ring.end - process->ring.start;
    if (bytes > MOST_ENDED_BYTES) ring_empty(&process->ring);
    if (++ended > MOST_ENDED) process_free(process);
  }
}

void processes_reaped(pid_t pid, int status) {
  struct process *process = processes;
  while (process && (process->pid != pid || process->has_ended)) process = process->next;
  if (process == NULL) return;
  process->has_ended = true;
  process->status = status;
  process->ended = clock_ms();
  process->memory = !process->timed_out && killed_for_memory(status);
  output_drain(process);
  ring_shrink(&process->ring);
  for (int i = 0; i < 2; i++) input_lost(process, i);
  output_tell(process);
  keep_few();
}

static struct process *requested(struct call *call, const struct frame *request) {
  uint32_t id;
  struct process *process = get_u32(request, 3, &id) ? process_find(id) : NULL;
  if (process == NULL) call_fail(call, "not-found", "no such process");
  return process;
}

static void signal_begin(struct call *call, const struct frame *request) {
  struct process *process = requested(call, request);
  uint8_t number;
  uint32_t flags = 0;
  if (process == NULL) return;
  get_u32(request, 5, &flags);
  if (!get_u8(request, 4, &number) || number == 0 || number >= NSIG)
    call_fail(call, "invalid", "no such signal");
  else if (process_signal(process, number, flags & 1) < 0)
    call_fail_errno(call, errno);
  else
    call_end(call, NULL);
}

static void resize_begin(struct call *call, const struct frame *request) {
  struct process *process = requested(call, request);
  struct winsize size = {0};
  if (process == NULL) return;
  if (!process->terminal || !get_u16(request, 4, &size.ws_row) || !get_u16(request, 5, &size.ws_col))
    call_fail(call, "invalid", "no terminal, or no size");
  else if (process->terminal_fd < 0 || process->has_ended || ioctl(process->terminal_fd, TIOCSWINSZ, &size) < 0)
    call_fail(call, "gone", "the process has ended");
  else
    call_end(call, NULL);
}

static void forget_begin(struct call *call, const struct frame *request) {
  struct process *process = requested(call, request);
  if (process == NULL) return;
  if (!process->has_ended) {
    call_fail(call, "invalid", "the process has not ended");
    return;
  }
  process_free(process);
  call_end(call, NULL);
}

const struct method process_methods[] = {
    {.number = 20, .begin = start_begin, .drop = start_drop},
    {.number = 21, .begin = attach_begin, .step = attach_step, .drop = attach_drop},
    {.number = 22, .begin = input_begin, .send = input_send, .send_end = input_send_end, .drop = input_drop},
    {.number = 23, .begin = signal_begin},
    {.number = 24, .begin = resize_begin},
    {.number = 25, .begin = listing_begin, .step = listing_step, .drop = listing_drop},
    {.number = 26, .begin = forget_begin},
    {0},
};
