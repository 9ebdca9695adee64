#include "live_socket.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "fail.h"
#include "system.h"

enum { WAITING = 16, BUFFER = 64 << 10 };

static struct sockaddr_un address_of(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) fail_usage("the path of the socket is too long");
  strcpy(address.sun_path, path);
  return address;
}

int live_listen(const char *path) {
  const struct sockaddr_un address = address_of(path);
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unlink(path);
  mode_t mask = umask(0177);
  if (listener < 0 || bind(listener, (const struct sockaddr *)&address, sizeof address) < 0 ||
      listen(listener, WAITING) < 0)
    fail_step("live-listen");
  umask(mask);
  return listener;
}

static void copy(int from, int to) {
  static char bytes[BUFFER];
  ssize_t got;
  do got = read(from, bytes, sizeof bytes);
  while (got < 0 && errno == EINTR);
  if (got <= 0 || write_all(to, bytes, (size_t)got) < 0) _exit(0);
}

void live_connect(const char *path) {
  const struct sockaddr_un address = address_of(path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  signal(SIGPIPE, SIG_IGN);
  if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof address) < 0) fail_step("live-connect");
  struct pollfd polled[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  for (;;) {
    if (poll(polled, 2, -1) < 0 && errno != EINTR) fail_step("live-poll");
    if (polled[0].revents) copy(STDIN_FILENO, fd);
    if (polled[1].revents) copy(fd, STDOUT_FILENO);
  }
}
