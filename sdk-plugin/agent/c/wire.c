#include "wire.h"

#include <stdlib.h>
#include <string.h>

static uint64_t load(const uint8_t *bytes, int width) {
  uint64_t value = 0;
  for (int i = width - 1; i >= 0; i--) value = value << 8 | bytes[i];
  return value;
}

uint32_t load_u32(const uint8_t *bytes) { return (uint32_t)load(bytes, 4); }

uint64_t load_u64(const uint8_t *bytes) { return load(bytes, 8); }

bool frame_length_is_valid(uint32_t length) {
  return length >= FRAME_OVERHEAD && length <= MAX_PAYLOAD + FRAME_OVERHEAD;
}

struct frame frame_at(const uint8_t *bytes) {
  return (struct frame){
      .type = bytes[LENGTH_BYTES],
      .run = load_u32(bytes + LENGTH_BYTES + 1),
      .payload = bytes + FRAME_HEADER,
      .length = load_u32(bytes) - FRAME_OVERHEAD,
  };
}

struct field_reader read_fields(const struct frame *frame) {
  return (struct field_reader){frame->payload, frame->payload + frame->length};
}

int next_field(struct field_reader *reader, struct field *field) {
  size_t left = (size_t)(reader->end - reader->at);
  if (left == 0) return 0;
  if (left < FIELD_HEADER) return -1;
  field->tag = reader->at[0];
  field->length = load_u32(reader->at + 1);
  field->bytes = reader->at + FIELD_HEADER;
  if (field->length > left - FIELD_HEADER) return -1;
  reader->at = field->bytes + field->length;
  return 1;
}

bool is_text(const struct field *field) { return memchr(field->bytes, 0, field->length) == NULL; }

void put_bytes(struct writer *writer, const void *bytes, size_t length) {
  if (length > writer->room - writer->used) abort();
  memcpy(writer->bytes + writer->used, bytes, length);
  writer->used += length;
}

static void put_integer(struct writer *writer, uint64_t value, int width) {
  uint8_t bytes[8];
  for (int i = 0; i < width; i++) bytes[i] = (uint8_t)(value >> (8 * i));
  put_bytes(writer, bytes, (size_t)width);
}

void put_u8(struct writer *writer, uint8_t value) { put_integer(writer, value, 1); }

void put_u16(struct writer *writer, uint16_t value) { put_integer(writer, value, 2); }

void put_u32(struct writer *writer, uint32_t value) { put_integer(writer, value, 4); }

void put_u64(struct writer *writer, uint64_t value) { put_integer(writer, value, 8); }

void put_field(struct writer *writer, uint8_t tag, const void *bytes, size_t length) {
  put_u8(writer, tag);
  put_u32(writer, (uint32_t)length);
  put_bytes(writer, bytes, length);
}

void put_field_u8(struct writer *writer, uint8_t tag, uint8_t value) { put_field(writer, tag, &value, 1); }

void put_field_u64(struct writer *writer, uint8_t tag, uint64_t value) {
  put_u8(writer, tag);
  put_u32(writer, sizeof value);
  put_u64(writer, value);
}

void put_frame_header(struct writer *writer, uint8_t type, uint32_t run, size_t payload) {
  put_u32(writer, (uint32_t)payload + FRAME_OVERHEAD);
  put_u8(writer, type);
  put_u32(writer, run);
}
