/* Makes a tar. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "live_tar.h"
#include "live_work.h"

enum { MOST_PAX = 2 * MOST_PATH + 512 };

static uint8_t buffer[WORK_HEAD + MOST_DATA];
static size_t used;
static uint64_t entries;
static size_t base; /* so much of a path is not part of its name */

static void flush(void) {
  if (used > 0) work_data(buffer, used);
  used = 0;
}

static void emit(const void *bytes, size_t length) {
  const uint8_t *at = bytes;
  while (length > 0) {
    size_t part = MOST_DATA - used < length ? MOST_DATA - used : length;
    memcpy(buffer + WORK_HEAD + used, at, part);
    used += part;
    at += part;
    length -= part;
    if (used == MOST_DATA) flush();
  }
}

static void pad(uint64_t length) {
  static const uint8_t zeros[TAR_BLOCK];
  emit(zeros, (TAR_BLOCK - length % TAR_BLOCK) % TAR_BLOCK);
}

static void finish_head(struct tar_head *head, char type) {
  head->type = type;
  memcpy(head->magic, "ustar", 6);
  memcpy(head->version, "00", 2);
  snprintf(head->checksum, sizeof head->checksum, "%06o", tar_checksum(head));
  head->checksum[7] = ' ';
  emit(head, sizeof *head);
}

/* `length key=value\n`, where the length counts itself. */
static size_t put_pax(char *text, size_t room, const char *key, const char *value) {
  size_t rest = strlen(key) + strlen(value) + 3, length = rest + 1;
  for (size_t digits = 0, last = 0; digits == 0 || digits != last;) {
    last = digits;
    digits = (size_t)snprintf(NULL, 0, "%zu", length);
    length = rest + digits;
  }
  return (size_t)snprintf(text, room, "%zu %s=%s\n", length, key, value);
}

/* Puts a name into its place, in two parts where it must be. Whether it fits. */
static bool fit_name(struct tar_head *head, const char *name) {
  size_t length = strlen(name);
  if (length <= sizeof head->name) {
    memcpy(head->name, name, length);
    return true;
  }
  const char *slash = strchr(length - sizeof head->name > 0 ? name + length - sizeof head->name - 1 : name, '/');
  if (slash == NULL || slash == name || slash[1] == 0 || (size_t)(slash - name) > sizeof head->prefix) return false;
  memcpy(head->prefix, name, (size_t)(slash - name));
  memcpy(head->name, slash + 1, strlen(slash + 1));
  return true;
}

static void put_head(const char *name, const char *target, char type, const struct stat *status, uint64_t size) {
  struct tar_head head = {0};
  char pax[MOST_PAX], number[24];
  size_t length = 0;
  if (!fit_name(&head, name)) {
    memcpy(head.name, name, sizeof head.name);
    length += put_pax(pax + length, sizeof pax - length, "path", name);
  }
  if (strlen(target) > sizeof head.target) length += put_pax(pax + length, sizeof pax - length, "linkpath", target);
  memcpy(head.target, target, strnlen(target, sizeof head.target));
  bool large = size > 077777777777;
  if (large) {
    snprintf(number, sizeof number, "%llu", (unsigned long long)size);
    length += put_pax(pax + length, sizeof pax - length, "size", number);
  }
  if (length > 0) {
    struct tar_head before = {.name = "pax"};
    snprintf(before.mode, sizeof before.mode, "%07o", 0644);
    snprintf(before.size, sizeof before.size, "%011o", (unsigned)length);
    finish_head(&before, 'x');
    emit(pax, length);
    pad(length);
  }
  uint64_t modified = status->st_mtim.tv_sec > 0 ? (uint64_t)status->st_mtim.tv_sec : 0;
  snprintf(head.mode, sizeof head.mode, "%07o", status->st_mode & 07777);
  snprintf(head.uid, sizeof head.uid, "%07o", 0);
  snprintf(head.gid, sizeof head.gid, "%07o", 0);
  snprintf(head.size, sizeof head.size, "%011llo", large ? 0ULL : (unsigned long long)size);
  snprintf(head.modified, sizeof head.modified, "%011llo", (unsigned long long)(modified & 077777777777));
  finish_head(&head, type);
  entries++;
}

/* As long as was said, whatever becomes of the file meanwhile. */
static void put_content(int fd, uint64_t size) {
  static uint8_t bytes[MOST_DATA];
  uint64_t left = size;
  while (left > 0) {
    ssize_t got = read(fd, bytes, left < sizeof bytes ? left : sizeof bytes);
    if (got < 0) work_fail_errno();
    if (got == 0) {
      memset(bytes, 0, sizeof bytes);
      got = left < sizeof bytes ? (ssize_t)left : (ssize_t)sizeof bytes;
    }
    emit(bytes, (size_t)got);
    left -= (uint64_t)got;
  }
  pad(size);
}

static void pack_one(int dir, const char *name, const char *path, const struct stat *status) {
  const char *shown = path + base;
  char text[MOST_PATH + 1];
  if (S_ISDIR(status->st_mode)) {
    snprintf(text, sizeof text, "%s/", shown);
    put_head(text, "", '5', status, 0);
  } else if (S_ISLNK(status->st_mode)) {
    ssize_t length = readlinkat(dir, name, text, MOST_PATH);
    if (length < 0) work_fail_errno();
    text[length] = 0;
    put_head(shown, text, '2', status, 0);
  } else if (S_ISREG(status->st_mode)) {
    struct stat opened;
    int fd = open_regular(dir, name, O_RDONLY | O_NOFOLLOW, 0, &opened);
    if (fd < 0 && errno == ENOENT) return;
    if (fd < 0) work_fail_errno();
    put_head(shown, "", '0', &opened, (uint64_t)opened.st_size);
    put_content(fd, (uint64_t)opened.st_size);
    close(fd);
  }
}

static enum tree_next pack_found(const struct found *found, void *context) {
  (void)context;
  if (!found->after) pack_one(found->dir, found->name, found->path, found->status);
  return TREE_ON;
}

static void pack_path(const char *path) {
  struct stat status;
  if (lstat(path, &status) < 0) work_fail_errno();
  const char *slash = strrchr(path, '/');
  base = (size_t)(slash + 1 - path);
  if (path[base] == 0) work_fail("invalid", "the root has no name");
  pack_one(AT_FDCWD, path, path, &status);
  if (S_ISDIR(status.st_mode)) tree_walk(path, true, pack_found, NULL);
}

void work_pack(const struct frame *request) {
  static const uint8_t end[2 * TAR_BLOCK];
  struct field_reader reader = read_fields(request);
  struct field field;
  bool any = false;
  while (next_field(&reader, &field) > 0) {
    if (field.tag != 3) continue;
    char path[MOST_PATH];
    struct frame one = {.payload = field.bytes - FIELD_HEADER, .length = field.length + FIELD_HEADER};
    work_path(&one, 3, path);
    pack_path(path);
    any = true;
  }
  if (!any) work_fail("invalid", "no paths");
  emit(end, sizeof end);
  flush();
  uint8_t bytes[FIELD_HEADER + sizeof entries];
  struct writer result = {bytes, 0, sizeof bytes};
  put_field_u64(&result, 1, entries);
  work_end(&result);
}
