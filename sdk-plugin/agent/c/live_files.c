/* Calls on one file or folder, and lists of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "live_work.h"
#include "system.h"

enum { NO_REPLACE = 1, /* RENAME_NOREPLACE */ ITEM_BYTES = 32 << 10 };

void work_stat(const struct frame *request) {
  char path[MOST_PATH];
  struct stat status;
  work_path(request, 3, path);
  int flags = work_flags(request, 4) & 1 ? 0 : AT_SYMLINK_NOFOLLOW;
  if (fstatat(AT_FDCWD, path, &status, flags) < 0) work_fail_errno();
  work_end_entry(path, &status);
}

struct list {
  unsigned depth;
  uint32_t most, count;
  struct writer item;
};

static enum tree_next list_one(const struct found *found, void *context) {
  struct list *list = context;
  uint8_t bytes[MOST_ENTRY];
  struct writer entry = {bytes, 0, sizeof bytes};
  if (found->after) return TREE_ON;
  if (list->count == list->most) return TREE_STOP;
  list->count++;
  put_entry(&entry, found->path, found->status);
  put_field(&list->item, 1, bytes, entry.used);
  if (list->item.used >= ITEM_BYTES) {
    work_item(&list->item);
    list->item.used = 0;
  }
  return found->depth < list->depth ? TREE_ON : TREE_SKIP;
}

void work_list(const struct frame *request) {
  static uint8_t bytes[ITEM_BYTES + MOST_ENTRY + FIELD_HEADER];
  char path[MOST_PATH];
  struct list list = {.depth = 1, .most = UINT32_MAX, .item = {bytes, 0, sizeof bytes}};
  work_path(request, 3, path);
  get_u32(request, 4, &list.depth);
  get_u32(request, 5, &list.most);
  if (list.depth == 0) work_fail("invalid", "depth");
  bool whole = tree_walk(path, false, list_one, &list);
  if (list.item.used > 0) work_item(&list.item);
  uint8_t end[FIELD_HEADER + 1];
  struct writer result = {end, 0, sizeof end};
  put_field_u8(&result, 1, !whole);
  work_end(&result);
}

void work_read(const struct frame *request) {
  static uint8_t buffer[WORK_HEAD + MOST_DATA];
  char path[MOST_PATH];
  struct stat status;
  uint64_t offset = 0, length = UINT64_MAX;
  work_path(request, 3, path);
  get_u64(request, 4, &offset);
  get_u64(request, 5, &length);
  if (offset > INT64_MAX) work_fail("invalid", "offset");
  int fd = open_regular(AT_FDCWD, path, O_RDONLY, 0, &status);
  if (fd < 0 || lseek(fd, (off_t)offset, SEEK_SET) < 0) work_fail_errno();
  while (length > 0) {
    ssize_t got = read(fd, buffer + WORK_HEAD, length < MOST_DATA ? length : MOST_DATA);
    if (got < 0) work_fail_errno();
    if (got == 0) break;
    work_data(buffer, (size_t)got);
    length -= (uint64_t)got;
  }
  work_end_entry(path, &status);
}

void work_folder(const struct frame *request) {
  char path[MOST_PATH];
  uint32_t mode;
  work_path(request, 3, path);
  bool parents = work_flags(request, 4) & 1;
  if (parents) work_make_parents(path);
  struct stat status;
  bool made = mkdir(path, 0755) == 0;
  if (!made && !(parents && errno == EEXIST && stat(path, &status) == 0 && S_ISDIR(status.st_mode))) {
    if (!parents && errno == EROFS && stat(path, &status) == 0) errno = EEXIST;
    work_fail_errno();
  }
  if (made && get_u32(request, 5, &mode) && chmod(path, mode & 07777) < 0) work_fail_errno();
  if (stat(path, &status) < 0) work_fail_errno();
  work_end_entry(path, &status);
}

void work_move(const struct frame *request) {
  char from[MOST_PATH], to[MOST_PATH];
  struct stat status;
  work_path(request, 3, from);
  work_path(request, 4, to);
  bool replace = work_flags(request, 5) & 1;
  if (syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, replace ? 0 : NO_REPLACE) == 0) work_end(NULL);
  if (errno != EXDEV) work_fail_errno();
  /* The folders of a box can be mounts of their own. */
  if (lstat(from, &status) < 0) work_fail_errno();
  copy_all(from, to, replace, true);
  if (S_ISDIR(status.st_mode))
    remove_all(from);
  else if (unlink(from) < 0)
    work_fail_errno();
  work_end(NULL);
}

static enum tree_next remove_one(const struct found *found, void *context) {
  (void)context;
  bool folder = S_ISDIR(found->status->st_mode);
  if (folder && !found->after) return TREE_ON;
  if (unlinkat(found->dir, found->name, folder ? AT_REMOVEDIR : 0) < 0 && errno != ENOENT) work_fail_errno();
  return TREE_ON;
}

void remove_all(const char *path) {
  tree_walk(path, true, remove_one, NULL);
  if (rmdir(path) < 0) work_fail_errno();
}

void work_remove(const struct frame *request) {
  char path[MOST_PATH];
  struct stat status;
  work_path(request, 3, path);
  uint32_t flags = work_flags(request, 4);
  if (lstat(path, &status) < 0) {
    if (errno == ENOENT && (flags & 2)) work_end(NULL);
    work_fail_errno();
  }
  if (!S_ISDIR(status.st_mode)) {
    if (unlink(path) < 0) work_fail_errno();
  } else if (flags & 1) {
    remove_all(path);
  } else if (rmdir(path) < 0) {
    work_fail_errno();
  }
  work_end(NULL);
}

struct change {
  bool has_mode, has_time;
  uint32_t mode;
  struct timespec times[2];
};

static void change_one(int dir, const char *name, const struct change *change, bool is_link) {
  int flags = is_link ? AT_SYMLINK_NOFOLLOW : 0;
  if (change->has_mode && !is_link && fchmodat(dir, name, change->mode & 07777, 0) < 0) work_fail_errno();
  if (change->has_time && utimensat(dir, name, change->times, flags) < 0) work_fail_errno();
}

/* A folder after what is in it: its mode may close it. */
static enum tree_next change_found(const struct found *found, void *context) {
  if (S_ISDIR(found->status->st_mode) && !found->after) return TREE_ON;
  change_one(found->dir, found->name, context, S_ISLNK(found->status->st_mode));
  return TREE_ON;
}

void work_set(const struct frame *request) {
  char path[MOST_PATH];
  struct change change = {0};
  struct stat status;
  uint64_t modified;
  work_path(request, 3, path);
  bool all = work_flags(request, 4) & 1;
  change.has_mode = get_u32(request, 5, &change.mode);
  change.has_time = get_u64(request, 6, &modified);
  if (change.has_time) {
    if (modified > INT64_MAX) work_fail("invalid", "a time out of range");
    change.times[0].tv_nsec = UTIME_OMIT;
    change.times[1] = (struct timespec){(time_t)(modified / 1000), (long)(modified % 1000) * 1000000};
  }
  if (stat(path, &status) < 0) work_fail_errno();
  if (all && S_ISDIR(status.st_mode)) tree_walk(path, true, change_found, &change);
  change_one(AT_FDCWD, path, &change, false);
  if (stat(path, &status) < 0) work_fail_errno();
  work_end_entry(path, &status);
}

void work_link(const struct frame *request) {
  char path[MOST_PATH], target[MOST_PATH];
  work_path(request, 3, path);
  if (!get_text(request, 4, target, sizeof target) || target[0] == 0) work_fail("invalid", "target");
  if (symlink(target, path) < 0) work_fail_errno();
  work_end_entry(path, NULL);
}
