/* The start of a program. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box.h"
#include "box_stages.h"
#include "live_process.h"
#include "system.h"

enum {
  FLAG_INPUT = 1,
  FLAG_TERMINAL = 2,
  FLAG_CONTROL = 4,
  CONTROL_FD = 3,
  STATUS_FD = 4,
  FIRST_SPARE = 16, /* above what the program gets */
  PIPE_BYTES = 256 << 10,
  MOST_STRINGS = 8192,
};

/* What the child starts from; strings are in one block of memory. */
struct program {
  char **arguments, **environment;
  char *text;
  char folder[MOST_PATH];
  uint32_t flags;
  struct winsize size;
  int standard[3], control, status; /* the program's ends */
};

static void program_free(struct program *program) {
  free(program->arguments);
  free(program->text);
  for (int i = 0; i < 3; i++)
    if (program->standard[i] >= 0) close(program->standard[i]);
  if (program->control >= 0) close(program->control);
  if (program->status >= 0) close(program->status);
}

static bool read_strings(struct program *program, const struct frame *request) {
  struct field_reader reader = read_fields(request);
  struct field field;
  size_t counts[2] = {0, 0};
  while (next_field(&reader, &field) > 0)
    if (field.tag == 3 || field.tag == 4) {
      if (!is_text(&field)) return false;
      counts[field.tag - 3]++;
    }
  if (counts[0] == 0 || counts[0] + counts[1] > MOST_STRINGS) return false;
  char *text = program->text = malloc(request->length + 1);
  char **strings = program->arguments = calloc(counts[0] + counts[1] + 2, sizeof *strings);
  if (text == NULL || strings == NULL) return false;
  program->environment = strings + counts[0] + 1;
  char **next[2] = {program->arguments, program->environment};
  for (reader = read_fields(request); next_field(&reader, &field) > 0;) {
    if (field.tag != 3 && field.tag != 4) continue;
    *next[field.tag - 3]++ = text;
    memcpy(text, field.bytes, field.length);
    text[field.length] = 0;
    text += field.length + 1;
  }
  return program->arguments[0][0] != 0;
}

static bool keep_words(struct process *process, const struct program *program, const struct frame *request) {
  char tag[MOST_TAG + 1];
  uint8_t *bytes = process->arguments = malloc(MOST_ARGUMENTS);
  if (bytes == NULL) return false;
  struct writer writer = {bytes, 0, MOST_ARGUMENTS};
  for (char **argument = program->arguments; *argument; argument++) {
    size_t length = strlen(*argument);
    if (length + FIELD_HEADER > writer.room - writer.used) break;
    put_field(&writer, 4, *argument, length);
  }
  process->arguments_length = writer.used;
  uint8_t *smaller = realloc(bytes, writer.used ? writer.used : 1);
  if (smaller) process->arguments = smaller;
  if (get_text(request, 11, tag, sizeof tag) && (process->tag = strdup(tag)) == NULL) return false;
  return (process->folder = strdup(program->folder)) != NULL;
}

static int spare(int fd) {
  int moved = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SPARE);
  int error = errno;
  if (fd >= 0) close(fd);
  errno = error;
  return moved;
}

/* A pipe whose end for the service does not block. */
static int open_pipe(struct source *ours, int *theirs, bool output, void (*ready)(struct source *, uint32_t),
                     struct process *process) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -1;
  source_init(ours, ends[output ? 0 : 1], ready, process);
  *theirs = spare(ends[output ? 1 : 0]);
  /* Best effort: more of it spares changes between processes. */
  (void)fcntl(ours->fd, F_SETPIPE_SZ, PIPE_BYTES);
  return *theirs < 0 ? -1 : fcntl(ours->fd, F_SETFL, O_NONBLOCK);
}

/* Both ways over one descriptor, which has a copy for the direction to the program. */
static int open_both_ways(struct process *process, int fd, int stream) {
  struct source *output = &process->outputs[stream == STREAM_CONTROL ? 2 : 0];
  struct source *input = &process->inputs[stream == STREAM_CONTROL ? 1 : 0];
  source_init(output, fd, output_ready, process);
  int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return -1;
  source_init(input, copy, input_ready, process);
  return fcntl(fd, F_SETFL, O_NONBLOCK | O_RDWR);
}

static int open_terminal(struct process *process, struct program *program) {
  int master = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC), zero = 0;
  if (master < 0) return -1;
  if (open_both_ways(process, master, STREAM_OUTPUT) < 0) return -1;
  process->terminal_fd = fcntl(master, F_DUPFD_CLOEXEC, 0);
  if (process->terminal_fd < 0 || ioctl(master, TIOCSPTLCK, &zero) < 0) return -1;
  int slave = spare(ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (slave < 0) return -1;
  program->standard[0] = slave;
  return ioctl(master, TIOCSWINSZ, &program->size);
}

static int open_streams(struct process *process, struct program *program) {
  if (program->flags & FLAG_TERMINAL) {
    if (open_terminal(process, program) < 0) return -1;
  } else {
    if (open_pipe(&process->outputs[0], &program->standard[1], true, output_ready, process) < 0) return -1;
    if (open_pipe(&process->outputs[1], &program->standard[2], true, output_ready, process) < 0) return -1;
    if (program->flags & FLAG_INPUT) {
      if (open_pipe(&process->inputs[0], &program->standard[0], false, input_ready, process) < 0) return -1;
    } else if ((program->standard[0] = spare(open("/dev/null", O_RDONLY | O_CLOEXEC))) < 0) {
      return -1;
    }
  }
  if (!(program->flags & FLAG_CONTROL)) return 0;
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0) return -1;
  program->control = spare(ends[1]);
  if (open_both_ways(process, ends[0], STREAM_CONTROL) < 0) return -1;
  return program->control < 0 ? -1 : 0;
}

static _Noreturn void tell(int error) {
  write_all(STATUS_FD, &error, sizeof error);
  _exit(127);
}

static const char *path_of(char **environment) {
  for (; *environment; environment++)
    if (strncmp(*environment, "PATH=", 5) == 0) return *environment + 5;
  return "/usr/local/bin:/usr/bin:/bin";
}

static int execute(const struct program *program) {
  const char *name = program->arguments[0];
  if (strchr(name, '/')) {
    execve(name, program->arguments, program->environment);
    return errno;
  }
  int found = ENOENT;
  const char *folder = path_of(program->environment);
  for (;;) {
    size_t length = strcspn(folder, ":");
    char file[2 * MOST_PATH];
    if (length < MOST_PATH && strlen(name) < MOST_PATH) {
      snprintf(file, sizeof file, "%.*s%s%s", (int)length, folder, length ? "/" : "", name);
      execve(file, program->arguments, program->environment);
      if (errno != ENOENT && errno != ENOTDIR) found = errno;
    }
    if (found != ENOENT && found != EACCES) return found;
    if (folder[length] == 0) return found;
    folder += length + 1;
  }
}

static _Noreturn void become(const struct program *program) {
  bool terminal = program->flags & FLAG_TERMINAL;
  reset_signals();
  setsid();
  umask(022);
  bool failed = dup2(program->status, STATUS_FD) < 0 || fcntl(STATUS_FD, F_SETFD, FD_CLOEXEC) < 0;
  for (int i = 0; i < 3; i++) failed |= dup2(program->standard[terminal ? 0 : i], i) < 0;
  if (program->control >= 0)
    failed |= dup2(program->control, CONTROL_FD) < 0;
  else
    close(CONTROL_FD);
  if (failed || syscall(SYS_close_range, STATUS_FD + 1, ~0u, 0) < 0) tell(errno);
  if (terminal && ioctl(0, TIOCSCTTY, 0) < 0) tell(errno);
  if (!live->enter(live->context)) tell(EIO);
  if (chdir(BOX_HOME) < 0 && program->folder[0] != '/') tell(errno);
  if (chdir(program->folder) < 0) tell(errno);
  tell(execute(program));
}

/* It was executed, or an error came instead. */
static void on_started(struct source *source, uint32_t events) {
  (void)events;
  struct process *process = source->owner;
  int error;
  ssize_t got = read(source->fd, &error, sizeof error);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  struct call *call = process->start;
  process->start = NULL;
  source_close(source);
  if (call) call->state = NULL;
  if (got == sizeof error) {
    if (call) call_fail_errno(call, error);
    process_free(process);
    return;
  }
  if (call) process_end_call(call, process);
}

static int open_status(struct process *process, struct program *program) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return -1;
  source_init(&process->started_end, ends[0], on_started, process);
  program->status = spare(ends[1]);
  return program->status < 0 ? -1 : 0;
}

static bool launch(struct process *process, struct program *program) {
  if (open_streams(process, program) < 0 || open_status(process, program) < 0) return false;
  process->pid = fork();
  if (process->pid == 0) become(program);
  if (process->pid < 0) return false;
  source_want(&process->started_end, EPOLLIN);
  output_adjust(process);
  return true;
}

static const char *read_program(struct process *process, struct program *program, const struct frame *request) {
  uint32_t kept = DEFAULT_KEPT;
  uint64_t timeout = 0;
  if (!read_strings(program, request)) return "arguments or environment";
  strcpy(program->folder, BOX_HOME);
  if (has_field(request, 5) && !get_text(request, 5, program->folder, sizeof program->folder)) return "folder";
  if (has_field(request, 6) && !get_u32(request, 6, &program->flags)) return "flags";
  if (has_field(request, 9) && !get_u32(request, 9, &kept)) return "kept";
  if (has_field(request, 10) && !get_u64(request, 10, &timeout)) return "timeout";
  if (has_field(request, 11) && !get_text(request, 11, (char[MOST_TAG + 1]){0}, MOST_TAG + 1)) return "tag";
  program->size = (struct winsize){.ws_row = 24, .ws_col = 80};
  get_u16(request, 7, &program->size.ws_row);
  get_u16(request, 8, &program->size.ws_col);
  if (kept == 0 || kept > MOST_KEPT || timeout > INT64_MAX / 4) return "kept or timeout";
  process->ring.most = kept;
  process->terminal = program->flags & FLAG_TERMINAL;
  process->started = clock_ms();
  if (timeout > 0) process->deadline = now_ns() / 1000000 + timeout;
  return NULL;
}

void start_begin(struct call *call, const struct frame *request) {
  static uint32_t last_id;
  static const struct source none = {.fd = -1};
  struct program program = {.standard = {-1, -1, -1}, .control = -1, .status = -1};
  struct process *process = calloc(1, sizeof *process);
  if (process == NULL) {
    call_fail_errno(call, ENOMEM);
    return;
  }
  *process = (struct process){.next = processes,
                              .id = ++last_id,
                              .outputs = {none, none, none},
                              .inputs = {none, none},
                              .started_end = none,
                              .terminal_fd = -1};
  processes = process;
  const char *wrong = read_program(process, &program, request);
  if (wrong) {
    call_fail(call, "invalid", wrong);
  } else if (!keep_words(process, &program, request) || !launch(process, &program)) {
    call_fail_errno(call, errno);
  } else {
    process->start = call;
    call->state = process;
  }
  if (call->ended) process_free(process);
  program_free(&program);
}

void start_drop(struct call *call) {
  struct process *process = call->state;
  if (process) process->start = NULL;
}
