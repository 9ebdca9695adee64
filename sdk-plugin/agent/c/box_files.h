/* Writes the files of a run, inside its box and as its user. */
#ifndef SOULBOX_BOX_FILES_H
#define SOULBOX_BOX_FILES_H

#include "wire.h"

struct file_error {
  int refusal; /* enum refusal */
  const char *step;
};

/* Makes the file that a FILE frame describes, and its folders. False: `error` and errno say why not. */
bool file_begin(const struct frame *frame, struct file_error *error);

/* Adds to the last file. */
bool file_append(const uint8_t *bytes, size_t length, struct file_error *error);

void file_finish(void);

/* Opens a file of the run to be read, as its user. -1 where it is none that this user may read. */
int file_open(const char *path);

#endif
