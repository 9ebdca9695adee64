#ifndef SOULBOX_FAIL_H
#define SOULBOX_FAIL_H

enum {
  EXIT_USAGE = 64,    /* wrong arguments */
  EXIT_PROTOCOL = 76, /* the client broke the protocol */
  EXIT_SETUP = 71,    /* the outer wall could not be built */
};

/* Writes `soulbox-agent: STEP: strerror(errno)` to standard error and exits with EXIT_SETUP. */
_Noreturn void fail_step(const char *step);

/* The same for a step that concerns one path. */
_Noreturn void fail_path(const char *step, const char *path);

/* Writes `soulbox-agent: TEXT` and exits with EXIT_USAGE. */
_Noreturn void fail_usage(const char *text);

#endif
