#include "outer_paths.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "box.h"
#include "fail.h"
#include "system.h"

enum { MOST_LINKS = 40 };

/* A path on its way to being resolved: `done` is what is known to be no link. */
struct walk {
  const char *asked;
  char done[PATH_MAX];
  char rest[PATH_MAX];
  int links;
};

static _Noreturn void fail_walk(const struct walk *walk, int error) {
  errno = error;
  fail_path("path", walk->asked);
}

static bool is_at_or_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

/* Folders that the box fills itself: what was bound there would be hidden, or would replace what keeps it safe. */
static bool belongs_to_box(const char *path) {
  static const char *const below[] = {"/proc", "/sys", "/dev", "/tmp", BOX_HOME, OLD_ROOT};
  static const char *const exactly[] = {"", "/etc", "/home", "/etc/passwd", "/etc/group", "/etc/hosts",
                                        "/etc/nsswitch.conf", "/etc/resolv.conf"};
  for (size_t i = 0; i < sizeof below / sizeof *below; i++)
    if (is_at_or_below(path, below[i])) return true;
  for (size_t i = 0; i < sizeof exactly / sizeof *exactly; i++)
    if (strcmp(path, exactly[i]) == 0) return true;
  return false;
}

static void join(const struct walk *walk, char *out, const char *head, const char *tail) {
  if ((size_t)snprintf(out, PATH_MAX, "%s%s", head, tail) >= PATH_MAX) fail_walk(walk, ENAMETOOLONG);
}

/* Takes the first part off `rest`: false when there is none. */
static bool next_part(struct walk *walk, char *part) {
  size_t skip = strspn(walk->rest, "/");
  size_t length = strcspn(walk->rest + skip, "/");
  if (length > NAME_MAX) fail_walk(walk, ENAMETOOLONG);
  memcpy(part, walk->rest + skip, length);
  part[length] = 0;
  memmove(walk->rest, walk->rest + skip + length, strlen(walk->rest + skip + length) + 1);
  return length > 0;
}

/* Whether `here` shows `host` already, because a folder above it was bound. */
static bool shows(const char *here, const struct stat *host) {
  struct stat info;
  return lstat(here, &info) == 0 && info.st_dev == host->st_dev && info.st_ino == host->st_ino;
}

static bool exists(const char *path) {
  struct stat info;
  return lstat(path, &info) == 0;
}

static void follow_link(struct walk *walk, const char *here, const char *host) {
  char target[PATH_MAX], rest[PATH_MAX];
  if (++walk->links > MOST_LINKS) fail_walk(walk, ELOOP);
  ssize_t length = readlink(host, target, sizeof target - 1);
  if (length < 0) fail_walk(walk, errno);
  target[length] = 0;
  if (!exists(here)) {
    if (belongs_to_box(here)) fail_walk(walk, EBUSY);
    if (symlink(target, here) < 0) fail_walk(walk, errno);
  }
  if (target[0] == '/') walk->done[0] = 0;
  join(walk, rest, "/", walk->rest);
  join(walk, walk->rest, target, rest);
}

static void bind_here(const struct walk *walk, const char *host, bool is_folder, bool as_root) {
  const char *here = walk->done;
  if (belongs_to_box(here)) fail_walk(walk, EBUSY);
  if (!as_root && faccessat(AT_FDCWD, host, is_folder ? R_OK | X_OK : R_OK, AT_EACCESS) < 0) fail_walk(walk, errno);
  if (!exists(here)) {
    int fd = is_folder ? mkdir(here, 0755) : open(here, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) fail_walk(walk, errno);
    if (!is_folder) close(fd);
  }
  uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
  if (mount(host, here, NULL, MS_BIND | MS_REC, NULL) < 0 || add_mount_attributes(here, attributes, true) < 0)
    fail_walk(walk, errno);
}

/* `..` can only come from the target of a link, and what is done is free of links. */
static void go_up(struct walk *walk) {
  char *slash = strrchr(walk->done, '/');
  if (slash) *slash = 0;
}

void bind_path(const char *path, bool as_root) {
  struct walk walk = {.asked = path};
  char part[NAME_MAX + 1], here[PATH_MAX], host[PATH_MAX];
  struct stat info = {0};
  join(&walk, walk.rest, path, "");
  while (next_part(&walk, part)) {
    if (strcmp(part, ".") == 0) continue;
    if (strcmp(part, "..") == 0) {
      go_up(&walk);
      continue;
    }
    join(&walk, here, walk.done, "/");
    join(&walk, here, strcpy(host, here), part);
    join(&walk, host, OLD_ROOT, here);
    if (lstat(host, &info) < 0) fail_walk(&walk, errno);
    if (S_ISLNK(info.st_mode)) {
      follow_link(&walk, here, host);
      continue;
    }
    memcpy(walk.done, here, sizeof here);
    bool last = walk.rest[strspn(walk.rest, "/")] == 0;
    if (!last && S_ISDIR(info.st_mode) && !exists(here) && mkdir(here, 0755) < 0) fail_walk(&walk, errno);
  }
  join(&walk, host, OLD_ROOT, walk.done);
  if (walk.done[0] == 0 || lstat(host, &info) < 0) fail_walk(&walk, EINVAL);
  if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) fail_walk(&walk, EINVAL);
  if (!shows(walk.done, &info)) bind_here(&walk, host, S_ISDIR(info.st_mode), as_root);
}
