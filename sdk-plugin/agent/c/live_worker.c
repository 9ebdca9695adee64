/* The service's side of calls that work on files: starts their processes, and passes on what comes and goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box.h"
#include "box_stages.h"
#include "live_work.h"

enum {
  MOST_WORKERS = 16,
  MOST_WATCHES = 16,
  INPUT_ROOM = 256 << 10,
  SOCKET_BYTES = 512 << 10,
  FROM_ROOM = FRAME_HEADER + 1 + MOST_DATA + MOST_ENTRY,
};

struct worker {
  struct worker *next;
  struct call *call;
  pid_t pid; /* 0: it waits for its turn; -1: it was reaped */
  struct source socket;
  struct frame request; /* in memory of its own */
  bool readable, input_lost;
  size_t from_at, from_end, to_at, to_end;
  uint8_t *to; /* input that it has not taken; INPUT_ROOM bytes, where it takes any */
  uint8_t from[FROM_ROOM];
};

static struct worker *workers;

static const struct {
  uint8_t number;
  work *work;
} kinds[] = {
    {1, work_stat},  {2, work_list},    {3, work_read},    {4, work_write}, {5, work_folder},
    {6, work_move},  {7, work_copy},    {8, work_remove},  {9, work_set},   {10, work_link},
    {11, work_watch}, {12, work_search}, {13, work_pack}, {14, work_unpack},
};

enum { METHOD_WRITE = 4, METHOD_WATCH = 11 };

static bool is_watch(const struct worker *worker) { return worker->call->method->number == METHOD_WATCH; }

static _Noreturn void become(const struct worker *worker, int socket) {
  reset_signals();
  signal(SIGPIPE, SIG_IGN);
  setsid();
  if (dup2(socket, WORK_FD) < 0 || syscall(SYS_close_range, WORK_FD + 1, ~0u, 0) < 0) _exit(1);
  if (!live->enter(live->context)) work_fail("io", "its limits cannot be set");
  (void)!chdir(BOX_HOME);
  for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
    if (kinds[i].number == worker->call->method->number) kinds[i].work(&worker->request);
  _exit(0);
}

static void on_socket(struct source *source, uint32_t events);

static bool launch(struct worker *worker) {
  int ends[2], size = SOCKET_BYTES;
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return false;
  for (int i = 0; i < 2; i++) setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
  source_init(&worker->socket, ends[0], on_socket, worker);
  fcntl(ends[0], F_SETFL, O_NONBLOCK | O_RDWR);
  worker->pid = fork();
  if (worker->pid == 0) become(worker, ends[1]);
  int error = errno;
  close(ends[1]);
  if (worker->pid < 0) {
    worker->pid = 0;
    source_close(&worker->socket);
    errno = error;
    return false;
  }
  source_want(&worker->socket, EPOLLIN);
  if (worker->to == NULL) return true;
  call_grant(worker->call, INPUT_ROOM);
  /* Nothing at all was to come, and the client said so before this process was there. */
  if (worker->call->input_ended) shutdown(worker->socket.fd, SHUT_WR);
  return true;
}

/* Those of this kind that run already. */
static unsigned running(bool watches) {
  unsigned count = 0;
  for (struct worker *worker = workers; worker; worker = worker->next)
    count += worker->pid != 0 && is_watch(worker) == watches;
  return count;
}

static void flush_input(struct worker *worker) {
  size_t before = worker->to_at;
  while (worker->to_at < worker->to_end && !worker->input_lost) {
    ssize_t wrote = write(worker->socket.fd, worker->to + worker->to_at, worker->to_end - worker->to_at);
    if (wrote < 0 && errno == EAGAIN) break;
    /* It has said why already, or ends without a word. */
    if (wrote < 0 && errno != EINTR) worker->input_lost = true;
    if (wrote > 0) worker->to_at += (size_t)wrote;
  }
  if (worker->input_lost) worker->to_at = worker->to_end;
  if (worker->to_at > before) call_grant(worker->call, worker->to_at - before);
  if (worker->to_at == worker->to_end) {
    worker->to_at = worker->to_end = 0;
    if (worker->call->input_ended) shutdown(worker->socket.fd, SHUT_WR);
  }
}

static void adjust(struct worker *worker) {
  source_want(&worker->socket, (worker->readable ? 0 : EPOLLIN) | (worker->to_at < worker->to_end ? EPOLLOUT : 0));
}

static void on_socket(struct source *source, uint32_t events) {
  struct worker *worker = source->owner;
  if (events & EPOLLOUT) flush_input(worker);
  if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
    worker->readable = true;
    call_ready(worker->call);
  }
  adjust(worker);
}

static void worker_begin(struct call *call, const struct frame *request) {
  struct worker *worker = malloc(sizeof *worker);
  uint8_t *copy = malloc(request->length);
  if (worker == NULL || copy == NULL) {
    free(worker);
    free(copy);
    call_fail_errno(call, ENOMEM);
    return;
  }
  memset(worker, 0, offsetof(struct worker, from));
  memcpy(copy, request->payload, request->length);
  worker->next = workers;
  worker->call = call;
  worker->socket.fd = -1;
  worker->request = (struct frame){request->type, request->run, copy, request->length};
  workers = worker;
  call->state = worker;
  if (call->method->send && (worker->to = malloc(INPUT_ROOM)) == NULL)
    call_fail_errno(call, ENOMEM);
  else if (is_watch(worker) && running(true) >= MOST_WATCHES)
    call_fail(call, "too-many", "too many folders are watched");
  else
    call_ready(call);
}

/* As much of a DATA as the credit allows. Whether that was all of it. */
static bool pass_data(struct worker *worker, const struct frame *frame) {
  struct call *call = worker->call;
  size_t whole = frame->length - 1, length = whole;
  if (call->credit - 1 < (int64_t)length) length = (size_t)(call->credit - 1);
  call_data(call, frame->payload[0], frame->payload + 1, length);
  if (length == whole) return true;
  /* The rest as a frame of its own, in the place of the part that is gone. */
  uint8_t head[FRAME_HEADER + 1];
  struct writer writer = {head, 0, sizeof head};
  put_frame_header(&writer, LIVE_DATA, frame->run, whole - length + 1);
  put_u8(&writer, frame->payload[0]);
  worker->from_at += length;
  memcpy(worker->from + worker->from_at, head, sizeof head);
  return false;
}

/* Whether it goes on. */
static bool pass_frame(struct worker *worker, const struct frame *frame) {
  struct call *call = worker->call;
  struct writer result = {(uint8_t *)frame->payload, frame->length, frame->length};
  switch (frame->type) {
    case LIVE_END: call_end(call, &result); return false;
    case LIVE_FAIL: {
      char texts[2][300] = {"io", ""};
      get_text(frame, 1, texts[0], sizeof texts[0]);
      get_text(frame, 2, texts[1], sizeof texts[1]);
      call_fail(call, texts[0], texts[1]);
      return false;
    }
    default:
      /* A DATA needs a byte beyond the one that names its stream. */
      if (!call_may_send(call) || (frame->type == LIVE_DATA && call->credit < 2)) return false;
      if (frame->type == LIVE_DATA && !pass_data(worker, frame)) return false;
      if (frame->type == LIVE_ITEM) call_item(call, &result);
      worker->from_at += FRAME_HEADER + frame->length;
      return true;
  }
}

/* Passes on the whole frames that are there. */
static void pass_frames(struct worker *worker) {
  for (;;) {
    size_t there = worker->from_end - worker->from_at;
    const uint8_t *bytes = worker->from + worker->from_at;
    if (there < LENGTH_BYTES || there < LENGTH_BYTES + (size_t)load_u32(bytes)) return;
    struct frame frame = frame_at(bytes);
    if (!pass_frame(worker, &frame)) return;
  }
}

/* Whether more may be there. */
static bool fill(struct worker *worker) {
  if (worker->from_at > 0) {
    worker->from_end -= worker->from_at;
    memmove(worker->from, worker->from + worker->from_at, worker->from_end);
    worker->from_at = 0;
  }
  if (worker->from_end == FROM_ROOM) return false;
  ssize_t got = read(worker->socket.fd, worker->from + worker->from_end, FROM_ROOM - worker->from_end);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
    worker->readable = false;
    return false;
  }
  if (got <= 0) {
    call_fail(worker->call, "io", "what worked on it was ended");
    return false;
  }
  worker->from_end += (size_t)got;
  return true;
}

static void worker_step(struct call *call) {
  struct worker *worker = call->state;
  if (worker->pid == 0) {
    if (!is_watch(worker) && running(false) >= MOST_WORKERS) return;
    if (!launch(worker)) call_fail_errno(call, errno);
    return;
  }
  pass_frames(worker);
  /* As long as a whole frame waits for credit or room, nothing more is read. */
  while (!call->ended && worker->readable) {
    size_t there = worker->from_end - worker->from_at;
    bool waits = there >= LENGTH_BYTES && there >= LENGTH_BYTES + (size_t)load_u32(worker->from + worker->from_at);
    if (waits || !fill(worker)) break;
    pass_frames(worker);
  }
  if (call->ended) return;
  adjust(worker);
  /* For room it waits on the list of those that are ready; for credit not. */
  if (worker->readable && call->credit > 1) call_ready(call);
}

static void worker_send(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length) {
  (void)stream;
  struct worker *worker = call->state;
  memmove(worker->to, worker->to + worker->to_at, worker->to_end - worker->to_at);
  worker->to_end -= worker->to_at;
  worker->to_at = 0;
  memcpy(worker->to + worker->to_end, bytes, length);
  worker->to_end += length;
  flush_input(worker);
  adjust(worker);
}

static void worker_send_end(struct call *call, uint8_t stream) {
  (void)stream;
  struct worker *worker = call->state;
  if (worker->pid != 0) flush_input(worker);
}

static void worker_drop(struct call *call) {
  struct worker *worker = call->state;
  if (worker == NULL) return;
  for (struct worker **at = &workers; *at; at = &(*at)->next)
    if (*at == worker) {
      *at = worker->next;
      break;
    }
  source_close(&worker->socket);
  /* A write sees that its input is lost, and removes what it has made so far. */
  if (worker->pid > 0 && call->method->number != METHOD_WRITE) kill(worker->pid, SIGKILL);
  free((void *)worker->request.payload);
  free(worker->to);
  free_later(worker);
  for (struct worker *other = workers; other; other = other->next)
    if (other->pid == 0) call_ready(other->call);
}

void workers_reaped(pid_t pid) {
  for (struct worker *worker = workers; worker; worker = worker->next)
    if (worker->pid == pid) worker->pid = -1;
}

#define WORKER(number) {number, worker_begin, worker_step, NULL, NULL, worker_drop}
#define FED_WORKER(number) {number, worker_begin, worker_step, worker_send, worker_send_end, worker_drop}

const struct method worker_methods[] = {
    WORKER(1), WORKER(2), WORKER(3),  FED_WORKER(4), WORKER(5),  WORKER(6),  WORKER(7),      WORKER(8),
    WORKER(9), WORKER(10), WORKER(11), WORKER(12),    WORKER(13), FED_WORKER(14), {0},
};
