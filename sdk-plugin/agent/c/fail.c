#include "fail.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void fail_step(const char *step) {
  dprintf(STDERR_FILENO, "soulbox-agent: %s: %s\n", step, strerror(errno));
  _exit(EXIT_SETUP);
}

void fail_path(const char *step, const char *path) {
  dprintf(STDERR_FILENO, "soulbox-agent: %s %s: %s\n", step, path, strerror(errno));
  _exit(EXIT_SETUP);
}

void fail_usage(const char *text) {
  dprintf(STDERR_FILENO, "soulbox-agent: %s\n", text);
  _exit(EXIT_USAGE);
}
