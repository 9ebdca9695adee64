/* What OPEN, FILE and STAGE say, checked. */
#ifndef SOULBOX_DESCRIPTION_H
#define SOULBOX_DESCRIPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "limits.h"
#include "wire.h"

enum { MAX_PATH_BYTES = 4095, MAX_STRINGS = 8192 };

/* No limit of time can be longer. */
static const uint64_t MOST_MS = UINT64_C(31) * 24 * 3600 * 1000;

struct file_description {
  const uint8_t *path;
  uint32_t path_length;
  const uint8_t *content;
  uint32_t content_length;
  bool executable;
};

struct stage_description {
  uint32_t arguments, environment; /* how many */
  bool takes_stdin, takes_warm;
  const uint8_t *kept; /* the path of the file that is kept of it; NULL where none is */
  uint32_t kept_length;
};

/* What WARM says, but for the strings. */
struct warm_description {
  uint32_t set;
  bool forks;
  uint32_t arguments, environment; /* how many */
  size_t text;                     /* their bytes, each with a NUL */
  uint32_t count;
  struct limits limits;
  struct frame file; /* a FILE, of length 0 where there is none */
};

/* Each returns whether the frame is well formed; not whether what it says can be done. */
bool describe_open(const struct frame *frame, struct limits *limits, uint32_t *credit, uint32_t *set);
bool describe_file(const struct frame *frame, struct file_description *file);
bool describe_stage(const struct frame *frame, struct stage_description *stage);
bool describe_warm(const struct frame *frame, struct warm_description *warm);

/* Whether each limit is one that a box can have. */
bool limits_are_possible(const struct limits *limits);

/* Whether there is a program to start by an absolute path, and every environment entry has a name. */
bool program_is_possible(const struct frame *frame, uint32_t arguments, uint32_t environment);

/* Whether a path is relative and free of `.`, `..` and empty parts. */
bool path_stays_inside(const uint8_t *path, size_t length);

#endif
