#include "description.h"

#include <string.h>

enum {
  OPEN_FIELDS = 8,
  FEWEST_MEMORY = 1 << 20,
  FEWEST_DISK = 4096,
  MOST_PROCESSES = 1 << 16,
};

static const uint64_t most_bytes = UINT64_C(1) << 48;

bool describe_open(const struct frame *frame, struct limits *limits, uint32_t *credit, uint32_t *set) {
  uint64_t values[OPEN_FIELDS + 1] = {0};
  unsigned seen = 0;
  struct field_reader reader = read_fields(frame);
  struct field field;
  int more;
  while ((more = next_field(&reader, &field)) > 0) {
    if (field.tag < 1 || field.tag > OPEN_FIELDS || (seen & 1u << field.tag)) return false;
    bool wide = field.tag != 5 && field.tag < 7;
    if (field.length != (wide ? 8 : 4)) return false;
    values[field.tag] = wide ? load_u64(field.bytes) : load_u32(field.bytes);
    seen |= 1u << field.tag;
  }
  *limits = (struct limits){
      .wall_ms = values[1],
      .cpu_ms = values[2],
      .memory = values[3],
      .output = values[4],
      .processes = (uint32_t)values[5],
      .disk = values[6],
  };
  *credit = (uint32_t)values[7];
  *set = (uint32_t)values[8]; /* the only one that may be missing */
  return more == 0 && (seen & 0xfe) == 0xfe;
}

bool limits_are_possible(const struct limits *limits) {
  return limits->wall_ms >= 1 && limits->wall_ms <= MOST_MS && limits->cpu_ms >= 1 && limits->cpu_ms <= MOST_MS &&
         limits->memory >= FEWEST_MEMORY && limits->memory <= most_bytes && limits->output <= most_bytes &&
         limits->processes >= 1 && limits->processes <= MOST_PROCESSES && limits->disk >= FEWEST_DISK &&
         limits->disk <= most_bytes;
}

bool describe_file(const struct frame *frame, struct file_description *file) {
  *file = (struct file_description){0};
  unsigned seen = 0;
  struct field_reader reader = read_fields(frame);
  struct field field;
  int more;
  while ((more = next_field(&reader, &field)) > 0) {
    if (field.tag < 1 || field.tag > 3 || (seen & 1u << field.tag)) return false;
    seen |= 1u << field.tag;
    switch (field.tag) {
      case 1:
        if (!is_text(&field)) return false;
        file->path = field.bytes;
        file->path_length = field.length;
        break;
      case 2:
        if (field.length != 1 || field.bytes[0] > 1) return false;
        file->executable = field.bytes[0];
        break;
      default:
        file->content = field.bytes;
        file->content_length = field.length;
    }
  }
  return more == 0 && seen == 0xe;
}

bool path_stays_inside(const uint8_t *path, size_t length) {
  if (length == 0 || length > MAX_PATH_BYTES) return false;
  for (size_t at = 0; at <= length;) {
    const uint8_t *slash = memchr(path + at, '/', length - at);
    size_t part = slash ? (size_t)(slash - path) - at : length - at;
    if (part == 0 || (part <= 2 && memcmp(path + at, "..", part) == 0)) return false;
    at += part + 1;
  }
  return true;
}

bool describe_stage(const struct frame *frame, struct stage_description *stage) {
  *stage = (struct stage_description){0};
  unsigned seen = 0;
  struct field_reader reader = read_fields(frame);
  struct field field;
  int more;
  while ((more = next_field(&reader, &field)) > 0) {
    if (field.tag < 1 || field.tag > 5) return false;
    if (field.tag != 3 && field.tag != 4 && (seen & 1u << field.tag)) return false;
    if (field.tag == 2 ? field.length != 1 || field.bytes[0] > 3 : !is_text(&field)) return false;
    seen |= 1u << field.tag;
    if (field.tag == 2) {
      stage->takes_stdin = field.bytes[0] & 1;
      stage->takes_warm = field.bytes[0] & 2;
    }
    if (field.tag == 5) {
      if (!path_stays_inside(field.bytes, field.length)) return false;
      stage->kept = field.bytes;
      stage->kept_length = field.length;
    }
    stage->arguments += field.tag == 3;
    stage->environment += field.tag == 4;
  }
  return more == 0 && (seen & 6) == 6;
}

static bool is_string(uint8_t tag) { return tag == 3 || tag == 4; }

bool describe_warm(const struct frame *frame, struct warm_description *warm) {
  static const uint32_t lengths[] = {0, 4, 1, 0, 0, 4, 8, 8, 4, 8};
  enum { LAST = sizeof lengths / sizeof *lengths - 1, FILE_TAG };
  uint64_t values[LAST + 1] = {0};
  unsigned seen = 0;
  struct field_reader reader = read_fields(frame);
  struct field field;
  int more;
  *warm = (struct warm_description){0};
  while ((more = next_field(&reader, &field)) > 0) {
    if (field.tag < 1 || field.tag > FILE_TAG) return false;
    if (field.tag == FILE_TAG) {
      struct file_description file;
      if (warm->file.length > 0) return false;
      warm->file = (struct frame){.type = FRAME_FILE, .payload = field.bytes, .length = field.length};
      if (!describe_file(&warm->file, &file)) return false;
      continue;
    }
    if (is_string(field.tag)) {
      if (!is_text(&field)) return false;
      warm->text += field.length + 1;
      *(field.tag == 3 ? &warm->arguments : &warm->environment) += 1;
      continue;
    }
    if (field.length != lengths[field.tag] || (seen & 1u << field.tag)) return false;
    values[field.tag] = field.length == 8   ? load_u64(field.bytes)
                        : field.length == 4 ? load_u32(field.bytes)
                                            : field.bytes[0];
    seen |= 1u << field.tag;
  }
  warm->set = (uint32_t)values[1];
  warm->forks = values[2] == 2;
  warm->count = (uint32_t)values[5];
  /* How long it runs and what it prints is told by the OPEN that takes it. */
  warm->limits = (struct limits){.wall_ms = 1,
                                 .cpu_ms = values[6],
                                 .memory = values[7],
                                 .processes = (uint32_t)values[8],
                                 .disk = values[9]};
  return more == 0 && seen == 0x3e6 && warm->set != 0 && (values[2] == 1 || values[2] == 2);
}

bool program_is_possible(const struct frame *frame, uint32_t arguments, uint32_t environment) {
  if (arguments == 0 || arguments > MAX_STRINGS || environment > MAX_STRINGS) return false;
  struct field_reader reader = read_fields(frame);
  struct field field;
  bool first = true;
  while (next_field(&reader, &field) > 0) {
    if (field.tag == 3 && first) {
      if (field.length == 0 || field.bytes[0] != '/') return false;
      first = false;
    }
    if (field.tag == 4) {
      const uint8_t *equals = memchr(field.bytes, '=', field.length);
      if (equals == NULL || equals == field.bytes) return false;
    }
  }
  return true;
}
