#include "box_files.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "description.h"
#include "system.h"

static int current = -1;

static void as_user(bool user) {
  if (getuid() != 0) return;
  setfsgid(user ? BOX_USER : 0);
  setfsuid(user ? BOX_USER : 0);
}

static bool fail(struct file_error *error, const char *step) {
  bool full = errno == ENOSPC || errno == EDQUOT;
  *error = (struct file_error){full ? REFUSAL_DISK : REFUSAL_PATH, step};
  return false;
}

/* Opens the folder `name` below `dir`, which it closes, and makes it where it is missing. */
static int enter_folder(int dir, const char *name) {
  int made = mkdirat(dir, name, 0755);
  int next = made < 0 && errno != EEXIST ? -1 : open_beneath(dir, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  int error = errno;
  close(dir);
  errno = error;
  return next;
}

static int create_file(char *path, mode_t mode) {
  int dir = open(BOX_HOME, O_PATH | O_DIRECTORY | O_CLOEXEC);
  char *name = path;
  for (char *slash; dir >= 0 && (slash = strchr(name, '/')) != NULL; name = slash + 1) {
    *slash = 0;
    dir = enter_folder(dir, name);
  }
  if (dir < 0) return -1;
  int fd = open_beneath(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  int error = errno;
  close(dir);
  errno = error;
  return fd;
}

bool file_begin(const struct frame *frame, struct file_error *error) {
  struct file_description file;
  char path[PATH_MAX];
  file_finish();
  errno = EINVAL;
  if (!describe_file(frame, &file) || !path_stays_inside(file.path, file.path_length)) return fail(error, "path");
  memcpy(path, file.path, file.path_length);
  path[file.path_length] = 0;
  as_user(true);
  current = create_file(path, file.executable ? 0755 : 0644);
  as_user(false);
  if (current < 0) return fail(error, "create");
  return file_append(file.content, file.content_length, error);
}

bool file_append(const uint8_t *bytes, size_t length, struct file_error *error) {
  return write_all(current, bytes, length) == 0 || fail(error, "write");
}

void file_finish(void) {
  if (current >= 0) close(current);
  current = -1;
}

int file_open(const char *path) {
  as_user(true);
  int dir = open(BOX_HOME, O_PATH | O_DIRECTORY | O_CLOEXEC);
  /* Whatever it is, opening it must not wait. */
  int fd = dir < 0 ? -1 : open_beneath(dir, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  as_user(false);
  if (dir >= 0) close(dir);
  return fd;
}
