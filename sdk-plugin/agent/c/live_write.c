/* Files that are written, and copied. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live_work.h"
#include "system.h"

enum { APPEND = 1, EXCLUSIVE = 2, PARENTS = 4, WHOLE = 8, NO_REPLACE = 1, PIECE = 256 << 10 };

static uint8_t piece[PIECE];
static char beside[MOST_PATH + 64]; /* what becomes the file; empty where it is written in place */

static void remove_beside(void) {
  if (beside[0]) unlink(beside);
}

static _Noreturn void fail_writing(void) {
  int error = errno;
  remove_beside();
  errno = error;
  work_fail_errno();
}

static void take_input(int fd) {
  for (size_t got; (got = work_input(piece, sizeof piece, remove_beside)) > 0;)
    if (write_all(fd, piece, got) < 0) fail_writing();
}

static void write_in_place(const char *path, uint32_t flags, const uint32_t *mode) {
  struct stat status;
  int how = O_WRONLY | O_CREAT | (flags & APPEND ? O_APPEND : 0) | (flags & EXCLUSIVE ? O_EXCL : 0);
  int fd = open_regular(AT_FDCWD, path, how, mode ? *mode & 0777 : 0644, &status);
  if (fd < 0) work_fail_errno();
  /* Not with the opening of it: what is no regular file is left as it is. */
  if (!(flags & APPEND) && ftruncate(fd, 0) < 0) work_fail_errno();
  if (mode && fchmod(fd, *mode & 07777) < 0) work_fail_errno();
  take_input(fd);
  if (fstat(fd, &status) < 0) work_fail_errno();
  work_end_entry(path, &status);
}

static void write_beside(const char *given, uint32_t flags, const uint32_t *mode) {
  char path[MOST_PATH];
  struct stat old, status;
  bool exists = lstat(given, &old) == 0;
  errno = EEXIST;
  if (exists && (flags & EXCLUSIVE)) work_fail_errno();
  strcpy(path, given);
  /* What a link names is replaced, not the link. */
  if (exists && S_ISLNK(old.st_mode) && (realpath(given, path) == NULL || lstat(path, &old) < 0)) work_fail_errno();
  errno = exists && S_ISDIR(old.st_mode) ? EISDIR : EINVAL;
  if (exists && !S_ISREG(old.st_mode)) work_fail_errno();
  size_t folder = (size_t)(strrchr(path, '/') - path);
  snprintf(beside, sizeof beside, "%.*s/.soulbox-%d-%llx", (int)folder, path, (int)getpid(),
           (unsigned long long)now_ns());
  int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0) {
    beside[0] = 0;
    work_fail_errno();
  }
  take_input(fd);
  if ((mode || exists) && fchmod(fd, mode ? *mode & 07777 : old.st_mode & 07777) < 0) fail_writing();
  unsigned how = flags & EXCLUSIVE ? NO_REPLACE : 0;
  if (fstat(fd, &status) < 0 || syscall(SYS_renameat2, AT_FDCWD, beside, AT_FDCWD, path, how) < 0) fail_writing();
  work_end_entry(given, &status);
}

void work_write(const struct frame *request) {
  char path[MOST_PATH];
  uint32_t mode;
  work_path(request, 3, path);
  uint32_t flags = work_flags(request, 4);
  if ((flags & APPEND) && (flags & WHOLE)) work_fail("invalid", "what is appended cannot replace all");
  if (flags & PARENTS) work_make_parents(path);
  const uint32_t *asked = get_u32(request, 5, &mode) ? &mode : NULL;
  if (flags & WHOLE)
    write_beside(path, flags, asked);
  else
    write_in_place(path, flags, asked);
}

struct copy {
  size_t from_length, to_length;
  char to[2 * MOST_PATH];
  bool replace;
  dev_t device; /* of the new folder, which may be inside the old one */
  ino_t node;
  uint64_t bytes;
};

static uint64_t copy_content(int from, int to) {
  uint64_t copied = 0;
  for (;;) {
    ssize_t got = copy_file_range(from, NULL, to, NULL, 1 << 30, 0);
    if (got < 0) break;
    if (got == 0 && copied > 0) return copied;
    if (got == 0) break; /* also where it cannot say how long it is */
    copied += (uint64_t)got;
  }
  for (ssize_t got; (got = read(from, piece, sizeof piece)) != 0;) {
    if (got < 0) work_fail_errno();
    work_write_file(to, piece, (size_t)got);
    copied += (uint64_t)got;
  }
  return copied;
}

static uint64_t copy_file(int dir, const char *name, const char *to, bool replace) {
  struct stat status, old;
  int source = open_regular(dir, name, O_RDONLY | O_NOFOLLOW, 0, &status);
  if (source < 0) work_fail_errno();
  int target = open_regular(AT_FDCWD, to, O_WRONLY | O_CREAT | O_NOFOLLOW | (replace ? 0 : O_EXCL), 0600, &old);
  if (target < 0) work_fail_errno();
  if (old.st_dev == status.st_dev && old.st_ino == status.st_ino) work_fail("invalid", "it is the same file");
  if (ftruncate(target, 0) < 0) work_fail_errno();
  uint64_t bytes = copy_content(source, target);
  struct timespec times[] = {status.st_atim, status.st_mtim};
  if (fchmod(target, status.st_mode & 0777) < 0 || futimens(target, times) < 0) work_fail_errno();
  close(source);
  close(target);
  return bytes;
}

static void copy_link(int dir, const char *name, const char *to, bool replace) {
  char target[MOST_PATH];
  ssize_t length = readlinkat(dir, name, target, sizeof target - 1);
  if (length < 0) work_fail_errno();
  target[length] = 0;
  if (replace && unlink(to) < 0 && errno != ENOENT) work_fail_errno();
  if (symlink(target, to) < 0) work_fail_errno();
}

static void make_copy_folder(const char *to, bool replace) {
  struct stat status;
  if (mkdir(to, 0755) == 0) return;
  if (!replace || errno != EEXIST) work_fail_errno();
  errno = ENOTDIR;
  if (lstat(to, &status) < 0 || !S_ISDIR(status.st_mode)) work_fail_errno();
}

static enum tree_next copy_one(const struct found *found, void *context) {
  struct copy *copy = context;
  const struct stat *status = found->status;
  const char *rest = found->path + copy->from_length;
  errno = ENAMETOOLONG;
  if (copy->to_length + strlen(rest) >= MOST_PATH) work_fail_errno();
  strcpy(copy->to + copy->to_length, rest);
  if (S_ISDIR(status->st_mode)) {
    if (status->st_dev == copy->device && status->st_ino == copy->node) return TREE_SKIP;
    if (!found->after) make_copy_folder(copy->to, copy->replace);
    if (found->after && chmod(copy->to, status->st_mode & 0777) < 0) work_fail_errno();
  } else if (S_ISLNK(status->st_mode)) {
    copy_link(found->dir, found->name, copy->to, copy->replace);
  } else {
    copy->bytes += copy_file(found->dir, found->name, copy->to, copy->replace);
  }
  return TREE_ON;
}

uint64_t copy_all(const char *from, const char *to, bool replace, bool folders) {
  static struct copy copy;
  struct stat status, made;
  if (lstat(from, &status) < 0) work_fail_errno();
  if (S_ISLNK(status.st_mode)) {
    copy_link(AT_FDCWD, from, to, replace);
    return 0;
  }
  if (!S_ISDIR(status.st_mode)) return copy_file(AT_FDCWD, from, to, replace);
  errno = EISDIR;
  if (!folders) work_fail_errno();
  make_copy_folder(to, replace);
  if (stat(to, &made) < 0) work_fail_errno();
  if (made.st_dev == status.st_dev && made.st_ino == status.st_ino) work_fail("invalid", "it is the same folder");
  copy = (struct copy){.from_length = strlen(from), .to_length = strlen(to), .replace = replace,
                       .device = made.st_dev, .node = made.st_ino};
  strcpy(copy.to, to);
  tree_walk(from, true, copy_one, &copy);
  if (chmod(to, status.st_mode & 0777) < 0) work_fail_errno();
  return copy.bytes;
}

void work_copy(const struct frame *request) {
  char from[MOST_PATH], to[MOST_PATH];
  uint8_t bytes[FIELD_HEADER + sizeof(uint64_t)];
  struct writer result = {bytes, 0, sizeof bytes};
  work_path(request, 3, from);
  work_path(request, 4, to);
  uint32_t flags = work_flags(request, 5);
  put_field_u64(&result, 1, copy_all(from, to, flags & 1, flags & 2));
  work_end(&result);
}
