#include "zygote.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "box_stages.h"
#include "privileges.h"
#include "system.h"

/* It is loaded by interpreters of any C library, from memory: there need not be a file of it in the box. */
__asm__(".pushsection .rodata\n"
        ".global zygote_library_start, zygote_library_end\n"
        "zygote_library_start: .incbin \"" ZYGOTE_LIBRARY_FILE "\"\n"
        "zygote_library_end:\n"
        ".popsection\n");
extern const uint8_t zygote_library_start[], zygote_library_end[];

static int open_library(void) {
  int fd = memfd_create("zygote", MFD_CLOEXEC);
  if (fd < 0) return -1;
  if (write_all(fd, zygote_library_start, (size_t)(zygote_library_end - zygote_library_start)) == 0) return fd;
  close(fd);
  return -1;
}

/* Descriptors with their final numbers, whatever they were; nothing else stays open. */
static bool arrange(const int *fds, int count) {
  int moved[8];
  for (int i = 0; i < count; i++)
    if ((moved[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, count)) < 0) return false;
  for (int i = 0; i < count; i++)
    if (dup2(moved[i], i) < 0) return false;
  return syscall(SYS_close_range, count, ~0u, 0) == 0;
}

static _Noreturn void become_zygote(const int *fds, char **arguments, char **environment) {
  reset_signals();
  if (arrange(fds, ZYGOTE_LIBRARY + 1) && keep_capabilities(0) == 0) execve(arguments[0], arguments, environment);
  _exit(EXIT_FAILURE);
}

static void close_pair(const int *pair) {
  if (pair[0] >= 0) close(pair[0]);
  if (pair[1] >= 0) close(pair[1]);
}

const char *zygote_start(struct zygote *zygote, char **arguments, char **environment) {
  /* Its streams are pipes, as those of programs are: an interpreter looks at what they are when it starts. */
  int control[2] = {-1, -1}, input[2] = {-1, -1}, output[2] = {-1, -1}, library = open_library();
  const char *step = NULL;
  if (library < 0)
    step = "zygote-library";
  else if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, control) < 0 ||
           fcntl(control[1], F_SETFL, 0) < 0 || pipe2(input, O_CLOEXEC) < 0 || pipe2(output, O_CLOEXEC) < 0)
    step = "zygote-streams";
  pid_t pid = step ? -1 : fork();
  if (pid == 0) {
    const int fds[] = {input[0], output[1], output[1], control[1], library};
    become_zygote(fds, arguments, environment);
  }
  int error = errno;
  if (library >= 0) close(library);
  close_pair(input);
  if (pid > 0) {
    close(control[1]);
    close(output[1]);
    *zygote = (struct zygote){.pid = pid, .control = control[0], .output = output[0]};
    return NULL;
  }
  close_pair(control);
  close_pair(output);
  errno = error;
  return step ? step : "zygote-fork";
}

bool zygote_ask(const struct zygote *zygote, uint32_t ticket, const struct box_plan *plan, int watch) {
  struct zygote_request request = {
      .ticket = ticket,
      .in_container = plan->in_container,
      .limits = plan->limits,
      .holders = plan->holders,
      .identity = plan->identity,
      .groups = *plan->groups,
  };
  int fds[REQUEST_FDS + MAX_HIERARCHIES] = {plan->link,        plan->gate,        plan->user_stdin,
                                           plan->user_stdout, plan->user_stderr, watch};
  size_t count = REQUEST_FDS + (size_t)plan->groups->count;
  memcpy(fds + REQUEST_FDS, plan->leaf->dirs, sizeof plan->leaf->dirs);
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(sizeof fds)];
  } control = {0};
  struct iovec part = {&request, sizeof request};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = CMSG_SPACE(count * sizeof *fds)};
  control.header = (struct cmsghdr){
      .cmsg_len = CMSG_LEN(count * sizeof *fds), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy(CMSG_DATA(&control.header), fds, count * sizeof *fds);
  return sendmsg(zygote->control, &message, MSG_NOSIGNAL) == (ssize_t)sizeof request;
}

int zygote_answer(const struct zygote *zygote, struct zygote_reply *reply) {
  ssize_t got = recv(zygote->control, reply, sizeof *reply, 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return 0;
  return got == (ssize_t)sizeof *reply ? 1 : -1;
}

void zygote_close(struct zygote *zygote) {
  if (zygote->pid == 0) return;
  kill(zygote->pid, SIGKILL);
  close(zygote->control);
  close(zygote->output);
  *zygote = (struct zygote){0};
}
