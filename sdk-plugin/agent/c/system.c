#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

pid_t fork_into(unsigned long flags) { return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, NULL); }

int open_beneath(int dir, const char *path, int flags, mode_t mode) {
  struct open_how how = {
      .flags = (unsigned)flags,
      .mode = mode,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
  };
  return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

/* Of struct mount_attr, which older headers lack. */
struct mount_attributes {
  uint64_t set;
  uint64_t clear;
  uint64_t propagation;
  uint64_t user_namespace;
};

int add_mount_attributes(const char *path, uint64_t set, bool recursive) {
  struct mount_attributes attributes = {.set = set};
  unsigned flags = AT_SYMLINK_NOFOLLOW | (recursive ? AT_RECURSIVE : 0);
  return (int)syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &attributes, sizeof attributes);
}

int open_rooted(const char *path) {
  return (int)syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE | O_CLOEXEC);
}

static int compare_integers(const void *left, const void *right) {
  int a = *(const int *)left, b = *(const int *)right;
  return (a > b) - (a < b);
}

int close_all_but(int *keep, size_t count) {
  unsigned from = 3;
  qsort(keep, count, sizeof *keep, compare_integers);
  for (size_t i = 0; i < count; i++) {
    if (keep[i] < (int)from) continue;
    unsigned kept = (unsigned)keep[i];
    if (kept > from && syscall(SYS_close_range, from, kept - 1, 0) < 0) return -1;
    from = kept + 1;
  }
  return (int)syscall(SYS_close_range, from, ~0u, 0);
}

int use_null_streams(void) {
  int null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
    return -1;
  if (null > STDERR_FILENO) close(null);
  return 0;
}

int write_all(int fd, const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  while (length > 0) {
    ssize_t written = write(fd, at, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return -1;
    at += written;
    length -= (size_t)written;
  }
  return 0;
}

int write_file_at(int dir, const char *name, const char *text) {
  int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  size_t length = strlen(text);
  ssize_t written = write(fd, text, length);
  int error = errno;
  close(fd);
  errno = written < 0 ? error : EIO;
  return written == (ssize_t)length ? 0 : -1;
}

ssize_t read_file_at(int dir, const char *name, char *text, size_t room) {
  int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return -1;
  ssize_t length = read(fd, text, room - 1);
  close(fd);
  if (length >= 0) text[length] = 0;
  return length;
}

long long parse_number(const char *text, long long most) {
  if (text[0] < '0' || text[0] > '9') return -1;
  char *end;
  errno = 0;
  long long value = strtoll(text, &end, 10);
  return errno == 0 && *end == 0 && value <= most ? value : -1;
}
