#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "canary.h"
#include "fail.h"
#include "live_socket.h"
#include "options.h"
#include "outer_box.h"
#include "relay.h"
#include "serve.h"
#include "system.h"

/* Descriptors of the standard streams become others, so that no program is started with them. */
static int above_streams(int fd) {
  int moved = fd > STDERR_FILENO ? fd : fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  if (moved < 0) fail_step("channel");
  return moved;
}

static _Noreturn void serve_in_container(const struct options *options) {
  /* Programs would then be root of the host, if without power. */
  if (geteuid() == 0) fail_usage("serve is not for root");
  /* Everything that this process may signal is then taken for a part of the box. */
  if (options->container_is_box && getpid() != 1) fail_usage("--boxes container is for process 1");
  options_hide(options);
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) fail_step("dumpable");
  struct serve_options serving = {
      .in_fd = above_streams(options->fd),
      .out_fd = above_streams(options->out_fd),
      .max_runs = options->container_is_box ? 1 : options->max_runs,
      .container_is_box = options->container_is_box,
      .listener = options->listen ? live_listen(options->listen) : -1,
      .gateway = options->gateway,
      .limits = options->limits,
  };
  if (use_null_streams() < 0) fail_step("streams");
  clearenv();
  serve(&serving);
}

int main(int count, char **arguments) {
  struct options options;
  if (count == 3 && strcmp(arguments[1], "canary") == 0) canary(arguments[2]);
  if (count >= 5 && strcmp(arguments[1], "relay") == 0) relay(arguments + 2);
  if (count == 3 && strcmp(arguments[1], "connect") == 0) live_connect(arguments[2]);
  bool for_box = count >= 2 && strcmp(arguments[1], "box") == 0;
  if (!for_box && (count < 2 || strcmp(arguments[1], "serve") != 0))
    fail_usage("the modes are box, serve, canary, connect and relay");
  options_parse(&options, arguments, for_box);
  if (for_box) outer_box(&options);
  serve_in_container(&options);
}
