/* Walks through folders without following a link. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "live_work.h"

struct walk {
  char path[MOST_PATH];
  bool strict;
  tree_visitor *visit;
  void *context;
};

static void miss(const struct walk *walk) {
  /* What is gone meanwhile is not missed. */
  if (walk->strict && errno != ENOENT) work_fail_errno();
}

static bool walk_folder(struct walk *walk, int parent, const char *name, size_t length, unsigned depth);

static bool walk_entry(struct walk *walk, int dir, const char *name, size_t length, unsigned depth) {
  struct stat status;
  size_t name_length = strlen(name);
  errno = ENAMETOOLONG;
  if (length + 1 + name_length >= MOST_PATH || fstatat(dir, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
    miss(walk);
    return true;
  }
  if (length > 1) walk->path[length++] = '/';
  memcpy(walk->path + length, name, name_length + 1);
  struct found found = {dir, name, walk->path, &status, depth, false};
  enum tree_next next = walk->visit(&found, walk->context);
  if (next == TREE_ON && S_ISDIR(status.st_mode)) {
    if (!walk_folder(walk, dir, name, length + name_length, depth)) return false;
    walk->path[length + name_length] = 0;
    found.after = true;
    next = walk->visit(&found, walk->context);
  }
  return next != TREE_STOP;
}

static bool walk_folder(struct walk *walk, int parent, const char *name, size_t length, unsigned depth) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  DIR *folder = fd < 0 ? NULL : fdopendir(fd);
  errno = depth >= MOST_DEPTH ? EMFILE : errno;
  if (folder == NULL || depth >= MOST_DEPTH) {
    int error = errno;
    if (folder) closedir(folder);
    errno = error;
    miss(walk);
    return true;
  }
  bool on = true;
  for (struct dirent *entry; on && (entry = readdir(folder)) != NULL;) {
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    on = walk_entry(walk, dirfd(folder), entry->d_name, length, depth + 1);
    walk->path[length] = 0;
  }
  closedir(folder);
  return on;
}

bool tree_walk(const char *path, bool strict, tree_visitor *visit, void *context) {
  static struct walk walk;
  walk = (struct walk){.strict = strict, .visit = visit, .context = context};
  strcpy(walk.path, path);
  /* The folder itself may be named by a link. */
  int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) work_fail_errno();
  bool on = walk_folder(&walk, fd, ".", strlen(path), 0);
  close(fd);
  return on;
}
