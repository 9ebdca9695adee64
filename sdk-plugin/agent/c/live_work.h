/* Calls that work on files: each in a process of its own, which is a program in the box like any other. */
#ifndef SOULBOX_LIVE_WORK_H
#define SOULBOX_LIVE_WORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "live_core.h"

enum { WORK_FD = 3, MOST_ENTRY = 2 * MOST_PATH + 128, MOST_DEPTH = 400 };

/* The work of a method; ends with work_end or work_fail. */
typedef void work(const struct frame *request);

work work_stat, work_list, work_read, work_write, work_folder, work_move, work_copy, work_remove, work_set, work_link;
work work_watch, work_search, work_pack, work_unpack;

/* Each waits until the service takes it. Where the call has ended meanwhile, so does the process. */
void work_item(const struct writer *item);
/* Of at most MOST_DATA bytes, which begin WORK_HEAD bytes after `buffer`. */
enum { WORK_HEAD = FRAME_HEADER + 1 };
void work_data(uint8_t *buffer, size_t length);
_Noreturn void work_end(const struct writer *result);
_Noreturn void work_fail(const char *code, const char *message);
_Noreturn void work_fail_errno(void);

/* What the client sends: 0 after SEND_END. `lost` is called where it never will come, before the process ends. */
size_t work_input(void *bytes, size_t room, void (*lost)(void));

/* The path of a request: absolute, without empty parts and `.`. Fails where it is missing. */
void work_path(const struct frame *request, uint8_t tag, char path[MOST_PATH]);
uint32_t work_flags(const struct frame *request, uint8_t tag);

/* An entry as fields; `writer` needs MOST_ENTRY bytes of room. */
void put_entry(struct writer *writer, const char *path, const struct stat *status);
_Noreturn void work_end_entry(const char *path, const struct stat *status);

/* Writes all, or fails. */
void work_write_file(int fd, const uint8_t *bytes, size_t length);

/* Makes the folders of which `path` needs each to be there, but not itself. */
void work_make_parents(const char *path);

/* Opens a regular file; never waits. -1 with errno: EISDIR, EINVAL for what is no file. */
int open_regular(int dir, const char *name, int flags, mode_t mode, struct stat *status);

enum tree_next { TREE_ON, TREE_SKIP, TREE_STOP };

struct found {
  int dir;
  const char *name; /* in `dir` */
  const char *path;
  const struct stat *status; /* not following links */
  unsigned depth;            /* 1: in the folder itself */
  bool after;                /* the second time that a folder is told, with everything in it done */
};

typedef enum tree_next tree_visitor(const struct found *found, void *context);

/* Visits everything in the folder. Where `strict`, it fails with what cannot be read; else that is passed over.
   Whether it was not stopped. */
bool tree_walk(const char *path, bool strict, tree_visitor *visit, void *context);

/* Copies one thing or, with `folders`, all below it. The bytes of its files. */
uint64_t copy_all(const char *from, const char *to, bool replace, bool folders);
/* Removes a folder and everything in it. */
void remove_all(const char *path);

#endif
