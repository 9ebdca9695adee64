/* What every process that works on files needs. */
#include "live_work.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "box.h"
#include "system.h"

static void send_frame(uint8_t type, const uint8_t *payload, size_t length) {
  static uint8_t bytes[FRAME_HEADER + MOST_DATA + MOST_ENTRY];
  struct writer writer = {bytes, 0, sizeof bytes};
  put_frame_header(&writer, type, 0, length);
  if (length > 0) put_bytes(&writer, payload, length);
  if (write_all(WORK_FD, bytes, writer.used) < 0) _exit(1);
}

void work_item(const struct writer *item) { send_frame(LIVE_ITEM, item->bytes, item->used); }

void work_data(uint8_t *buffer, size_t length) {
  struct writer head = {buffer, 0, WORK_HEAD};
  put_frame_header(&head, LIVE_DATA, 0, length + 1);
  put_u8(&head, 0);
  if (write_all(WORK_FD, buffer, WORK_HEAD + length) < 0) _exit(1);
}

_Noreturn void work_end(const struct writer *result) {
  send_frame(LIVE_END, result ? result->bytes : NULL, result ? result->used : 0);
  _exit(0);
}

_Noreturn void work_fail(const char *code, const char *message) {
  uint8_t bytes[512];
  struct writer writer = {bytes, 0, sizeof bytes};
  put_field_text(&writer, 1, code);
  put_field(&writer, 2, message, strnlen(message, 256));
  send_frame(LIVE_FAIL, bytes, writer.used);
  _exit(0);
}

_Noreturn void work_fail_errno(void) { work_fail(fail_code(errno), strerror(errno)); }

size_t work_input(void *bytes, size_t room, void (*lost)(void)) {
  for (;;) {
    ssize_t got = read(WORK_FD, bytes, room);
    if (got > 0) return (size_t)got;
    if (got < 0 && errno == EINTR) continue;
    /* After SEND_END the service still listens; where it does not, the call was ended. */
    struct pollfd end = {.fd = WORK_FD};
    if (got == 0 && poll(&end, 1, 0) >= 0 && !(end.revents & (POLLHUP | POLLERR))) return 0;
    if (lost) lost();
    _exit(1);
  }
}

void work_path(const struct frame *request, uint8_t tag, char path[MOST_PATH]) {
  char given[MOST_PATH];
  if (!get_text(request, tag, given, sizeof given) || given[0] == 0) work_fail("invalid", "no path, or too long a one");
  size_t used = 0;
  if (given[0] != '/') {
    strcpy(path, BOX_HOME);
    used = sizeof BOX_HOME - 1;
  }
  for (const char *part = given; *part;) {
    size_t length = strcspn(part, "/");
    if (length > 0 && !(length == 1 && part[0] == '.')) {
      if (used + 1 + length >= MOST_PATH) work_fail("too-large", "too long a path");
      path[used++] = '/';
      memcpy(path + used, part, length);
      used += length;
    }
    part += length;
    part += *part == '/';
  }
  if (used == 0) path[used++] = '/';
  path[used] = 0;
}

uint32_t work_flags(const struct frame *request, uint8_t tag) {
  uint32_t flags = 0;
  if (has_field(request, tag) && !get_u32(request, tag, &flags)) work_fail("invalid", "flags");
  return flags;
}

void put_entry(struct writer *writer, const char *path, const struct stat *status) {
  static const struct {
    mode_t format;
    uint8_t type;
  } types[] = {{S_IFREG, 1}, {S_IFDIR, 2}, {S_IFLNK, 3}};
  uint8_t type = 4;
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if ((status->st_mode & S_IFMT) == types[i].format) type = types[i].type;
  int64_t modified = (int64_t)status->st_mtim.tv_sec * 1000 + status->st_mtim.tv_nsec / 1000000;
  put_field_text(writer, 1, path);
  put_field_u8(writer, 2, type);
  put_field_u64(writer, 3, (uint64_t)status->st_size);
  put_field_u32(writer, 4, status->st_mode & 07777);
  put_field_u64(writer, 5, modified > 0 ? (uint64_t)modified : 0);
  char target[MOST_PATH];
  ssize_t length = S_ISLNK(status->st_mode) ? readlink(path, target, sizeof target) : -1;
  if (length >= 0) put_field(writer, 6, target, (size_t)length);
  put_field_u32(writer, 7, status->st_uid);
}

_Noreturn void work_end_entry(const char *path, const struct stat *status) {
  uint8_t bytes[MOST_ENTRY];
  struct writer writer = {bytes, 0, sizeof bytes};
  struct stat now;
  if (status == NULL && lstat(path, &now) < 0) work_fail_errno();
  put_entry(&writer, path, status ? status : &now);
  work_end(&writer);
}

void work_write_file(int fd, const uint8_t *bytes, size_t length) {
  if (write_all(fd, bytes, length) < 0) work_fail_errno();
}

void work_make_parents(const char *path) {
  char folder[MOST_PATH];
  strcpy(folder, path);
  for (char *slash = folder; (slash = strchr(slash + 1, '/')) != NULL; *slash = '/') {
    *slash = 0;
    /* What cannot be made is either there, or missed by what comes next. */
    if (mkdir(folder, 0755) < 0 && errno != EEXIST && errno != EROFS && errno != EACCES) work_fail_errno();
  }
}

int open_regular(int dir, const char *name, int flags, mode_t mode, struct stat *status) {
  int fd = openat(dir, name, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, mode);
  if (fd < 0 || (fstat(fd, status) == 0 && S_ISREG(status->st_mode))) return fd;
  close(fd);
  errno = S_ISDIR(status->st_mode) ? EISDIR : EINVAL;
  return -1;
}
