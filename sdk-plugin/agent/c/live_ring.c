#include "live_ring.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { FEWEST_BYTES = 4096, FEWEST_SEGMENTS = 16, BYTES_PER_SEGMENT = 16 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

static bool resize(struct ring *ring, size_t room) {
  uint8_t *bytes = malloc(room);
  if (bytes == NULL) return false;
  for (uint64_t at = ring->start; at < ring->end;) {
    size_t from = at % ring->room, to = at % room;
    size_t length = smaller(smaller(ring->room - from, room - to), ring->end - at);
    memcpy(bytes + to, ring->bytes + from, length);
    at += length;
  }
  free(ring->bytes);
  ring->bytes = bytes;
  ring->room = room;
  return true;
}

static struct segment *segment_at(const struct ring *ring, size_t index) {
  return &ring->segments[(ring->segment_first + index) % ring->segment_room];
}

static void drop_oldest(struct ring *ring, uint64_t start) {
  ring->start = start;
  while (ring->segment_count > 1 && segment_at(ring, 1)->start <= start) {
    ring->segment_first = (ring->segment_first + 1) % ring->segment_room;
    ring->segment_count--;
  }
  if (ring->start == ring->end) ring->segment_count = 0;
}

static bool grow_segments(struct ring *ring) {
  size_t room = ring->segment_room ? ring->segment_room * 2 : FEWEST_SEGMENTS;
  struct segment *segments = malloc(room * sizeof *segments);
  if (segments == NULL) return false;
  for (size_t i = 0; i < ring->segment_count; i++) segments[i] = *segment_at(ring, i);
  free(ring->segments);
  ring->segments = segments;
  ring->segment_first = 0;
  ring->segment_room = room;
  return true;
}

/* Streams that take turns byte by byte would need more memory for this than for what they say: then the oldest goes. */
static bool begin_segment(struct ring *ring, uint8_t stream) {
  if (ring->segment_count > 0 && segment_at(ring, ring->segment_count - 1)->stream == stream) return true;
  size_t most = FEWEST_SEGMENTS + ring->most / BYTES_PER_SEGMENT;
  if (ring->segment_count >= most) drop_oldest(ring, segment_at(ring, 1)->start);
  if (ring->segment_count == ring->segment_room && !grow_segments(ring)) return false;
  ring->segment_count++;
  *segment_at(ring, ring->segment_count - 1) = (struct segment){ring->end, stream};
  return true;
}

static void make_room(struct ring *ring, size_t length) {
  uint64_t wanted = ring->end - ring->start + length;
  size_t room = ring->room ? ring->room : smaller(FEWEST_BYTES, ring->most);
  while (room < wanted && room < ring->most) room = smaller(room * 2, ring->most);
  if (room > ring->room) (void)resize(ring, room);
}

void ring_append(struct ring *ring, uint8_t stream, const uint8_t *bytes, size_t length) {
  if (length > ring->most) {
    size_t passed = length - ring->most;
    ring->end += passed;
    drop_oldest(ring, ring->end);
    bytes += passed;
    length = ring->most;
  }
  make_room(ring, length);
  if (length > ring->room || !begin_segment(ring, stream)) {
    ring->end += length;
    drop_oldest(ring, ring->end);
    return;
  }
  uint64_t end = ring->end + length;
  if (end - ring->start > ring->room) {
    uint64_t start = end - ring->room;
    if (start >= ring->end) {
      ring->segment_count = 0;
      ring->start = ring->end;
      if (!begin_segment(ring, stream)) return;
    } else {
      drop_oldest(ring, start);
    }
  }
  while (length > 0) {
    size_t at = ring->end % ring->room, part = smaller(ring->room - at, length);
    memcpy(ring->bytes + at, bytes, part);
    ring->end += part;
    bytes += part;
    length -= part;
  }
}

size_t ring_part(const struct ring *ring, uint64_t offset, uint8_t *stream, const uint8_t **bytes) {
  size_t low = 0, high = ring->segment_count;
  while (high - low > 1) {
    size_t middle = low + (high - low) / 2;
    if (segment_at(ring, middle)->start <= offset)
      low = middle;
    else
      high = middle;
  }
  uint64_t end = low + 1 < ring->segment_count ? segment_at(ring, low + 1)->start : ring->end;
  size_t at = offset % ring->room;
  *stream = segment_at(ring, low)->stream;
  *bytes = ring->bytes + at;
  return smaller(ring->room - at, end - offset);
}

void ring_shrink(struct ring *ring) {
  size_t used = ring->end - ring->start;
  if (used > 0 && used < ring->room) (void)resize(ring, used);
  if (used == 0) ring_empty(ring);
}

void ring_empty(struct ring *ring) {
  free(ring->bytes);
  free(ring->segments);
  *ring = (struct ring){.most = ring->most, .start = ring->end, .end = ring->end};
}
