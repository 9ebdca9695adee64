/* The frames of PROTOCOL.md: numbers, a strict reader of fields, and a bounded writer. */
#ifndef SOULBOX_WIRE_H
#define SOULBOX_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  PROTOCOL_VERSION = 1,
  LENGTH_BYTES = 4,
  FRAME_OVERHEAD = 5, /* type and run, which `length` counts */
  FRAME_HEADER = LENGTH_BYTES + FRAME_OVERHEAD,
  MAX_PAYLOAD = 1 << 20,
  FIELD_HEADER = 5,
};

enum frame_type {
  FRAME_OPEN = 0x01,
  FRAME_FILE = 0x02,
  FRAME_APPEND = 0x03,
  FRAME_STAGE = 0x04,
  FRAME_START = 0x05,
  FRAME_STDIN = 0x06,
  FRAME_STDIN_EOF = 0x07,
  FRAME_CREDIT = 0x08,
  FRAME_KILL = 0x09,
  FRAME_PING = 0x0a,
  FRAME_SHUTDOWN = 0x0b,
  FRAME_STATS = 0x0c,
  FRAME_WARM = 0x0d,
  FRAME_HELLO = 0x81,
  FRAME_STAGE_START = 0x82,
  FRAME_OUTPUT = 0x83,
  FRAME_STDIN_CREDIT = 0x84,
  FRAME_STAGE_END = 0x85,
  FRAME_END = 0x86,
  FRAME_REFUSED = 0x87,
  FRAME_PONG = 0x88,
  FRAME_USAGE = 0x89,
  FRAME_FILE_OUT = 0x8a,
};

enum verdict {
  VERDICT_OK = 0,
  VERDICT_EXIT = 1,
  VERDICT_SIGNAL = 2,
  VERDICT_TIMEOUT = 3,
  VERDICT_MEMORY_LIMIT = 4,
  VERDICT_OUTPUT_LIMIT = 5,
  VERDICT_PROCESS_LIMIT = 6,
  VERDICT_DISK_LIMIT = 7,
  VERDICT_DENIED = 9,
  VERDICT_CANCELLED = 10,
  VERDICT_LOST = 11,
};

enum limit_kind {
  LIMIT_NONE = 0,
  LIMIT_WALL = 1,
  LIMIT_CPU = 2,
  LIMIT_MEMORY = 3,
  LIMIT_OUTPUT = 4,
  LIMIT_PROCESSES = 5,
  LIMIT_DISK = 6,
};

struct frame {
  uint8_t type;
  uint32_t run;
  const uint8_t *payload;
  uint32_t length; /* of the payload */
};

struct field {
  uint8_t tag;
  const uint8_t *bytes;
  uint32_t length;
};

struct field_reader {
  const uint8_t *at;
  const uint8_t *end;
};

uint32_t load_u32(const uint8_t *bytes);
uint64_t load_u64(const uint8_t *bytes);

/* Whether `length` is one that the length field of a frame may have. */
bool frame_length_is_valid(uint32_t length);

/* The frame whose bytes begin at `bytes`; all of it must be there and its length valid. */
struct frame frame_at(const uint8_t *bytes);

struct field_reader read_fields(const struct frame *frame);

/* 1: `field` is the next one. 0: there are no more. -1: malformed. */
int next_field(struct field_reader *reader, struct field *field);

/* Whether a string field holds no NUL. */
bool is_text(const struct field *field);

/* Writes into memory that the caller has made large enough; writing past `room` ends the process. */
struct writer {
  uint8_t *bytes;
  size_t used;
  size_t room;
};

void put_bytes(struct writer *writer, const void *bytes, size_t length);
void put_u8(struct writer *writer, uint8_t value);
void put_u16(struct writer *writer, uint16_t value);
void put_u32(struct writer *writer, uint32_t value);
void put_u64(struct writer *writer, uint64_t value);
void put_field(struct writer *writer, uint8_t tag, const void *bytes, size_t length);
void put_field_u8(struct writer *writer, uint8_t tag, uint8_t value);
void put_field_u64(struct writer *writer, uint8_t tag, uint64_t value);
void put_frame_header(struct writer *writer, uint8_t type, uint32_t run, size_t payload);

#endif
