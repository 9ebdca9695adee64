/* Tells what happens to files. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "live_work.h"

enum {
  CREATED = 1,
  WRITTEN = 2,
  REMOVED = 3,
  RENAMED = 4,
  ATTRIBUTES = 5,
  LOST = 6,
  HEARD = IN_CREATE | IN_CLOSE_WRITE | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB,
  PAIR_MS = 10, /* the second part of a rename comes at once */
  MOST_SCANNED = 4096,
  EVENT_ROOM = 64 << 10,
};

static int events = -1;
static bool recursive;
static char root[MOST_PATH];
static char **folders; /* by watch descriptor; NULL: not watched */
static int folder_room;
static uint32_t folder_count;
/* What a look into a new folder told, whose own event may be still to come. */
static uint64_t scanned[MOST_SCANNED];
static unsigned scanned_count;

static struct {
  uint32_t cookie; /* 0: nothing waits */
  bool folder;
  char path[MOST_PATH];
} moved;

static void tell(uint8_t kind, const char *path, const char *to) {
  uint8_t bytes[2 * MOST_PATH + 64];
  struct writer item = {bytes, 0, sizeof bytes};
  put_field_u8(&item, 2, kind);
  if (path) put_field_text(&item, 3, path);
  if (to) put_field_text(&item, 4, to);
  work_item(&item);
}

static uint64_t hash(const char *path) {
  uint64_t value = UINT64_C(0xcbf29ce484222325);
  for (; *path; path++) value = (value ^ (uint8_t)*path) * UINT64_C(0x100000001b3);
  return value;
}

static bool was_scanned(const char *path) {
  uint64_t value = scanned_count ? hash(path) : 0;
  for (unsigned i = 0; i < scanned_count; i++)
    if (scanned[i] == value) {
      scanned[i] = scanned[--scanned_count];
      return true;
    }
  return false;
}

/* Whether it was not watched before. */
static bool add_folder(const char *path) {
  const uint32_t heard = HEARD | IN_DELETE_SELF | IN_DONT_FOLLOW | IN_ONLYDIR | IN_EXCL_UNLINK;
  int descriptor = inotify_add_watch(events, path, heard);
  if (descriptor < 0) {
    if (errno == ENOSPC) work_fail("too-many", "more folders than can be watched");
    return false; /* gone, or closed to us */
  }
  if (descriptor >= folder_room) {
    int room = descriptor * 2 + 64;
    folders = realloc(folders, (size_t)room * sizeof *folders);
    if (folders == NULL) work_fail("too-many", "no memory");
    memset(folders + folder_room, 0, (size_t)(room - folder_room) * sizeof *folders);
    folder_room = room;
  }
  bool known = folders[descriptor] && strcmp(folders[descriptor], path) == 0;
  if (!folders[descriptor]) folder_count++;
  free(folders[descriptor]);
  if ((folders[descriptor] = strdup(path)) == NULL) work_fail("too-many", "no memory");
  return !known;
}

static enum tree_next add_found(const struct found *found, void *context) {
  const bool *telling = context;
  if (found->after) return TREE_ON;
  bool folder = S_ISDIR(found->status->st_mode);
  bool added = folder && recursive && add_folder(found->path);
  if (*telling && (added || !folder)) {
    if (scanned_count < MOST_SCANNED) scanned[scanned_count++] = hash(found->path);
    tell(CREATED, found->path, NULL);
  }
  return TREE_ON;
}

/* Watches a folder and those in it. What was made in it before that is told, where it is `new`. */
static void add_tree(const char *path, bool new) {
  struct stat status;
  add_folder(path);
  if (recursive && lstat(path, &status) == 0 && S_ISDIR(status.st_mode)) tree_walk(path, false, add_found, &new);
}

static bool is_below(const char *path, const char *folder) {
  size_t length = strlen(folder);
  return strncmp(path, folder, length) == 0 && (path[length] == 0 || path[length] == '/');
}

static void forget_folders(const char *path) {
  for (int i = 0; i < folder_room; i++)
    if (folders[i] && is_below(folders[i], path)) inotify_rm_watch(events, i);
}

static void rename_folders(const char *from, const char *to) {
  for (int i = 0; i < folder_room; i++) {
    if (folders[i] == NULL || !is_below(folders[i], from)) continue;
    size_t rest = strlen(from), length = strlen(folders[i]) - rest, head = strlen(to);
    char *path = malloc(head + length + 1);
    if (path == NULL) work_fail("too-many", "no memory");
    memcpy(path, to, head);
    memcpy(path + head, folders[i] + rest, length + 1);
    free(folders[i]);
    folders[i] = path;
  }
}

/* What was moved went where nobody watches. */
static void settle_moved(void) {
  if (moved.cookie == 0) return;
  moved.cookie = 0;
  if (moved.folder) forget_folders(moved.path);
  tell(REMOVED, moved.path, NULL);
}

static void tell_created(const char *path, bool folder) {
  if (!was_scanned(path)) tell(CREATED, path, NULL);
  if (folder && recursive) add_tree(path, true);
}

static void tell_moved_to(const char *path, bool folder, uint32_t cookie) {
  if (moved.cookie != cookie) {
    settle_moved();
    tell_created(path, folder);
    return;
  }
  moved.cookie = 0;
  tell(RENAMED, moved.path, path);
  if (folder) rename_folders(moved.path, path);
}

/* Several writes in a row are told once. */
static void tell_written(const char *path, bool starts_over) {
  static char last[MOST_PATH];
  if (starts_over) last[0] = 0;
  if (path == NULL || strcmp(last, path) == 0) return;
  strcpy(last, path);
  tell(WRITTEN, path, NULL);
}

static void take_event(const struct inotify_event *event) {
  char path[2 * MOST_PATH];
  if (event->mask & IN_Q_OVERFLOW) {
    tell(LOST, NULL, NULL);
    /* Folders may have been made meanwhile. */
    add_tree(root, false);
    return;
  }
  if (event->wd < 0 || event->wd >= folder_room || folders[event->wd] == NULL) return;
  if (event->mask & IN_IGNORED) {
    free(folders[event->wd]);
    folders[event->wd] = NULL;
    folder_count--;
    return;
  }
  size_t length = strlen(folders[event->wd]), name = event->len ? strlen(event->name) : 0;
  if (length + 1 + name >= MOST_PATH) return;
  strcpy(path, folders[event->wd]);
  if (name > 0) {
    if (length > 1) strcat(path, "/");
    strcat(path, event->name);
  }
  bool folder = event->mask & IN_ISDIR;
  if (moved.cookie && !(event->mask & IN_MOVED_TO)) settle_moved();
  if (!(event->mask & (IN_MODIFY | IN_CLOSE_WRITE))) tell_written(NULL, true);
  if (event->mask & IN_CREATE) tell_created(path, folder);
  if (event->mask & (IN_MODIFY | IN_CLOSE_WRITE)) tell_written(path, false);
  /* A folder of its own that goes is told by the one above it. */
  if (event->mask & IN_DELETE) tell(REMOVED, path, NULL);
  if ((event->mask & IN_DELETE_SELF) && strcmp(path, root) == 0) tell(REMOVED, path, NULL);
  if ((event->mask & IN_ATTRIB) && (name > 0 || strcmp(path, root) == 0)) tell(ATTRIBUTES, path, NULL);
  if (event->mask & IN_MOVED_TO) tell_moved_to(path, folder, event->cookie);
  if (event->mask & IN_MOVED_FROM) {
    moved.cookie = event->cookie;
    moved.folder = folder;
    strcpy(moved.path, path);
  }
}

static void take_events(void) {
  static uint8_t bytes[EVENT_ROOM] __attribute__((aligned(8)));
  ssize_t got = read(events, bytes, sizeof bytes);
  if (got < 0 && errno != EINTR && errno != EAGAIN) work_fail_errno();
  for (ssize_t at = 0; at < got;) {
    const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
    take_event(event);
    at += (ssize_t)(sizeof *event + event->len);
  }
}

static _Noreturn void watch(void) {
  struct pollfd ends[] = {{.fd = events, .events = POLLIN}, {.fd = WORK_FD}};
  for (;;) {
    int ready = poll(ends, 2, moved.cookie ? PAIR_MS : -1);
    if (ends[1].revents) _exit(0);
    if (ready == 0) settle_moved();
    if (ends[0].revents) take_events();
    if (poll(ends, 1, 0) == 0) {
      scanned_count = 0;
      tell_written(NULL, true);
    }
  }
}

void work_watch(const struct frame *request) {
  struct stat status;
  uint8_t bytes[FIELD_HEADER + 4];
  struct writer item = {bytes, 0, sizeof bytes};
  work_path(request, 3, root);
  recursive = work_flags(request, 4) & 1;
  if (stat(root, &status) < 0) work_fail_errno();
  events = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (events < 0) work_fail("too-many", "no more can be watched");
  char *resolved = realpath(root, NULL);
  if (resolved && strlen(resolved) < MOST_PATH) strcpy(root, resolved);
  free(resolved);
  if (S_ISDIR(status.st_mode)) {
    add_tree(root, false);
    if (folder_count == 0) work_fail("denied", "it cannot be watched");
  } else {
    folders = calloc(folder_room = 64, sizeof *folders);
    int descriptor = inotify_add_watch(events, root, HEARD | IN_DELETE_SELF);
    if (descriptor < 0 || folders == NULL || descriptor >= folder_room) work_fail_errno();
    folders[descriptor] = strdup(root);
  }
  put_field_u32(&item, 1, folder_count);
  work_item(&item);
  watch();
}
