/* Takes a tar apart, within one folder: no name and no link in it leads out. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "description.h"
#include "live_tar.h"
#include "live_work.h"
#include "system.h"

enum { REPLACE = 1, MOST_EXTENDED = 64 << 10, INPUT_PIECE = 256 << 10 };

struct entry {
  char name[MOST_PATH], target[MOST_PATH];
  bool has_name, has_target, has_size; /* said by what came before the entry itself */
  uint64_t size;
  uint32_t mode;
  int64_t modified;
};

static uint8_t input[INPUT_PIECE];
static size_t input_at, input_end;
static int folder = -1;
static bool replace;
static uint64_t most_bytes = UINT64_MAX, most_entries = UINT64_MAX, bytes, entries;

/* Up to `room` bytes that are there; 0 at the end. */
static size_t some(const uint8_t **at, size_t room) {
  if (input_at == input_end) {
    input_end = work_input(input, sizeof input, NULL);
    input_at = 0;
  }
  size_t length = input_end - input_at < room ? input_end - input_at : room;
  *at = input + input_at;
  input_at += length;
  return length;
}

/* False where it ended before the first of them. */
static bool exactly(void *to, size_t length) {
  uint8_t *next = to;
  for (size_t left = length; left > 0;) {
    const uint8_t *at;
    size_t got = some(&at, left);
    if (got == 0 && left == length) return false;
    if (got == 0) work_fail("invalid", "the archive is cut");
    if (next) {
      memcpy(next, at, got);
      next += got;
    }
    left -= got;
  }
  return true;
}

static void skip(uint64_t length) {
  for (; length > 0; length -= length < INPUT_PIECE ? length : INPUT_PIECE)
    if (!exactly(NULL, length < INPUT_PIECE ? length : INPUT_PIECE)) work_fail("invalid", "the archive is cut");
}

static uint64_t padding(uint64_t size) { return (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK; }

/* Octal, or of base 256 where that did not do. */
static uint64_t number(const char *text, size_t length) {
  uint64_t value = 0;
  if ((uint8_t)text[0] & 0x80) {
    for (size_t i = 1; i < length; i++) {
      if (value >> 55) work_fail("invalid", "a number out of range");
      value = value << 8 | (uint8_t)text[i];
    }
    return value;
  }
  size_t at = 0;
  while (at < length && text[at] == ' ') at++;
  for (; at < length && text[at] >= '0' && text[at] <= '7'; at++) value = value * 8 + (uint64_t)(text[at] - '0');
  if (at < length && text[at] != 0 && text[at] != ' ') work_fail("invalid", "a number that is none");
  return value;
}

/* Without a slash at its end, and without `./` at its beginning. */
static void take_name(char to[MOST_PATH], const char *name, size_t length) {
  if (length >= MOST_PATH) work_fail("too-large", "too long a name");
  memcpy(to, name, length);
  to[length] = 0;
}

static void clean_name(char *name) {
  size_t from = 0;
  while (name[from] == '.' && name[from + 1] == '/') {
    from += 2;
    while (name[from] == '/') from++;
  }
  memmove(name, name + from, strlen(name + from) + 1);
  for (size_t length = strlen(name); length > 0 && name[length - 1] == '/';) name[--length] = 0;
  if (strcmp(name, ".") == 0) name[0] = 0;
}

static void take_record(struct entry *entry, const char *key, const char *value, size_t length) {
  if (strcmp(key, "path") == 0) {
    take_name(entry->name, value, length);
    entry->has_name = true;
  } else if (strcmp(key, "linkpath") == 0) {
    take_name(entry->target, value, length);
    entry->has_target = true;
  } else if (strcmp(key, "size") == 0) {
    char *end;
    errno = 0;
    entry->size = strtoull(value, &end, 10);
    entry->has_size = true;
    if (errno || end == value) work_fail("invalid", "a size that is none");
  }
}

static void take_pax(struct entry *entry, char *text, size_t length) {
  for (size_t at = 0; at < length;) {
    char *end;
    unsigned long record = strtoul(text + at, &end, 10);
    size_t digits = (size_t)(end - (text + at));
    if (*end != ' ' || record <= digits + 1 || record > length - at || text[at + record - 1] != '\n')
      work_fail("invalid", "an extended header that is none");
    char *key = end + 1, *last = text + at + record - 1;
    char *equals = memchr(key, '=', (size_t)(last - key));
    if (equals == NULL) work_fail("invalid", "an extended header that is none");
    *equals = *last = 0;
    take_record(entry, key, equals + 1, (size_t)(last - equals - 1));
    at += record;
  }
}

static void take_extended(struct entry *entry, char type, uint64_t size) {
  static char text[MOST_EXTENDED + 1];
  if (size > MOST_EXTENDED) work_fail("too-large", "too long a header");
  if (size > 0 && !exactly(text, size)) work_fail("invalid", "the archive is cut");
  text[size] = 0;
  skip(padding(size));
  if (type == 'x') take_pax(entry, text, size);
  if (type == 'L') take_record(entry, "path", text, strlen(text));
  if (type == 'K') take_record(entry, "linkpath", text, strlen(text));
}

static void check_name(const char *name) {
  if (!path_stays_inside((const uint8_t *)name, strlen(name))) work_fail("denied", "a name that leaves the folder");
}

/* The folder that `name` is in, with those above it made; `name` becomes what it is called there. */
static int open_parent(char **name) {
  char *slash = strrchr(*name, '/');
  if (slash == NULL) return open_beneath(folder, ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
  char path[MOST_PATH];
  take_name(path, *name, (size_t)(slash - *name));
  for (char *at = path; (at = strchr(at, '/')) != NULL || (at = strchr(path, 0));) {
    char kept = *at;
    *at = 0;
    char *last = strrchr(path, '/');
    if (last) *last = 0;
    int above = open_beneath(folder, last ? path : ".", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (last) *last = '/';
    if (above < 0 || (mkdirat(above, last ? last + 1 : path, 0755) < 0 && errno != EEXIST)) work_fail_errno();
    close(above);
    *at = kept;
    if (kept == 0) break;
    at++;
  }
  *name = slash + 1;
  return open_beneath(folder, path, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
}

static void make_way(int dir, const char *name) {
  if (replace && unlinkat(dir, name, 0) < 0 && errno != ENOENT) work_fail_errno();
}

static void make_file(struct entry *entry, int dir, const char *name) {
  bytes += entry->size;
  if (entry->size > most_bytes || bytes > most_bytes) work_fail("too-large", "more bytes than are allowed");
  make_way(dir, name);
  int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (fd < 0) work_fail_errno();
  for (uint64_t left = entry->size; left > 0;) {
    const uint8_t *at;
    size_t got = some(&at, left < INPUT_PIECE ? left : INPUT_PIECE);
    if (got == 0) work_fail("invalid", "the archive is cut");
    work_write_file(fd, at, got);
    left -= got;
  }
  skip(padding(entry->size));
  struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = entry->modified}};
  if (fchmod(fd, entry->mode & 0777) < 0 || futimens(fd, times) < 0) work_fail_errno();
  close(fd);
}

static void make_folder(struct entry *entry, int dir, const char *name) {
  /* It can be written to at least until all is in it. */
  if (mkdirat(dir, name, (entry->mode & 0777) | 0700) == 0) return;
  int there = errno == EEXIST ? openat(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) : -1;
  if (there < 0) work_fail_errno();
  close(there);
}

static void make_hard_link(struct entry *entry, int dir, const char *name) {
  clean_name(entry->target);
  check_name(entry->target);
  char *old = entry->target;
  int from = open_parent(&old);
  if (from < 0) work_fail_errno();
  make_way(dir, name);
  if (linkat(from, old, dir, name, 0) < 0) work_fail_errno();
  close(from);
}

static void make_entry(struct entry *entry, char type) {
  clean_name(entry->name);
  if (++entries > most_entries) work_fail("too-large", "more entries than are allowed");
  if (type != '0' && type != 0 && type != '7') {
    skip(entry->size);
    skip(padding(entry->size));
  }
  if (entry->name[0] == 0 && type == '5') return;
  check_name(entry->name);
  char *name = entry->name;
  int dir = open_parent(&name);
  if (dir < 0) work_fail_errno();
  switch (type) {
    case 0:
    case '0':
    case '7': make_file(entry, dir, name); break;
    case '5': make_folder(entry, dir, name); break;
    case '1': make_hard_link(entry, dir, name); break;
    case '2':
      make_way(dir, name);
      if (symlinkat(entry->target, dir, name) < 0) work_fail_errno();
      break;
    default: work_fail("denied", "neither a file nor a folder nor a link");
  }
  close(dir);
}

static void read_head(const struct tar_head *head, struct entry *entry) {
  if (number(head->checksum, sizeof head->checksum) != tar_checksum(head)) work_fail("invalid", "this is no tar");
  if (!entry->has_name) {
    size_t prefix = memcmp(head->magic, "ustar", 6) == 0 ? strnlen(head->prefix, sizeof head->prefix) : 0;
    take_name(entry->name, head->prefix, prefix);
    if (prefix > 0) entry->name[prefix++] = '/';
    take_name(entry->name + prefix, head->name, strnlen(head->name, sizeof head->name));
  }
  if (!entry->has_target) take_name(entry->target, head->target, strnlen(head->target, sizeof head->target));
  if (!entry->has_size) entry->size = number(head->size, sizeof head->size);
  entry->mode = (uint32_t)number(head->mode, sizeof head->mode);
  entry->modified = (int64_t)number(head->modified, sizeof head->modified);
}

static bool is_end(const struct tar_head *head) {
  static const struct tar_head zeros;
  return memcmp(head, &zeros, sizeof zeros) == 0;
}

static void unpack(void) {
  static struct entry entry;
  struct tar_head head;
  while (exactly(&head, sizeof head)) {
    if (is_end(&head)) {
      /* Whatever comes after the end is taken, so that the client can send it. */
      for (const uint8_t *at; some(&at, INPUT_PIECE) > 0;) continue;
      return;
    }
    if (head.type == 'x' || head.type == 'L' || head.type == 'K' || head.type == 'g') {
      if (number(head.checksum, sizeof head.checksum) != tar_checksum(&head)) work_fail("invalid", "this is no tar");
      take_extended(&entry, head.type, number(head.size, sizeof head.size));
      continue;
    }
    read_head(&head, &entry);
    make_entry(&entry, head.type);
    entry.has_name = entry.has_target = entry.has_size = false;
  }
}

void work_unpack(const struct frame *request) {
  char path[MOST_PATH];
  work_path(request, 3, path);
  replace = work_flags(request, 4) & REPLACE;
  get_u64(request, 5, &most_bytes);
  get_u64(request, 6, &most_entries);
  folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) work_fail_errno();
  unpack();
  uint8_t end[2 * (FIELD_HEADER + sizeof bytes)];
  struct writer result = {end, 0, sizeof end};
  put_field_u64(&result, 1, entries);
  put_field_u64(&result, 2, bytes);
  work_end(&result);
}
