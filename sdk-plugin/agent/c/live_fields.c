#include <errno.h>
#include <string.h>
#include <time.h>

#include "live_core.h"

static bool find(const struct frame *request, uint8_t tag, struct field *field) {
  struct field_reader reader = read_fields(request);
  while (next_field(&reader, field) > 0)
    if (field->tag == tag) return true;
  return false;
}

static bool get_integer(const struct frame *request, uint8_t tag, uint64_t *value, unsigned width) {
  struct field field;
  if (!find(request, tag, &field) || field.length != width) return false;
  *value = 0;
  for (unsigned i = width; i-- > 0;) *value = *value << 8 | field.bytes[i];
  return true;
}

#define GETTER(name, type)                                                  \
  bool name(const struct frame *request, uint8_t tag, type *value) {        \
    uint64_t wide;                                                          \
    if (!get_integer(request, tag, &wide, sizeof(type))) return false;      \
    *value = (type)wide;                                                    \
    return true;                                                            \
  }

GETTER(get_u8, uint8_t)
GETTER(get_u16, uint16_t)
GETTER(get_u32, uint32_t)
GETTER(get_u64, uint64_t)

bool has_field(const struct frame *request, uint8_t tag) {
  struct field field;
  return find(request, tag, &field);
}

bool get_text(const struct frame *request, uint8_t tag, char *text, size_t room) {
  struct field field;
  if (!find(request, tag, &field) || field.length >= room || !is_text(&field)) return false;
  memcpy(text, field.bytes, field.length);
  text[field.length] = 0;
  return true;
}

void put_field_u32(struct writer *writer, uint8_t tag, uint32_t value) {
  put_u8(writer, tag);
  put_u32(writer, sizeof value);
  put_u32(writer, value);
}

void put_field_text(struct writer *writer, uint8_t tag, const char *text) {
  put_field(writer, tag, text, strlen(text));
}

uint64_t clock_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *fail_code(int error) {
  switch (error) {
    case ENOENT: return "not-found";
    case EEXIST: return "exists";
    case ENOTDIR: return "not-folder";
    case EISDIR: return "is-folder";
    case ENOTEMPTY: return "not-empty";
    case EACCES:
    case EPERM:
    case EROFS:
    case ELOOP:
    case EXDEV: return "denied";
    case ENOSPC:
    case EDQUOT: return "no-space";
    case EAGAIN:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EMLINK: return "too-many";
    case EFBIG:
    case E2BIG:
    case ENAMETOOLONG: return "too-large";
    case ECONNREFUSED: return "refused";
    case EPIPE:
    case ESRCH: return "gone";
    case EINVAL: return "invalid";
    case ENOSYS:
    case EOPNOTSUPP: return "unsupported";
    default: return "io";
  }
}
