/* The newest output of a process, of several streams, counted from 0 over all of them. */
#ifndef SOULBOX_LIVE_RING_H
#define SOULBOX_LIVE_RING_H

#include <stddef.h>
#include <stdint.h>

struct segment {
  uint64_t start;
  uint8_t stream;
};

struct ring {
  uint8_t *bytes;
  size_t room, most; /* grows from nothing to `most` */
  uint64_t start, end;
  struct segment *segments; /* which stream a part came from, up to the next segment */
  size_t segment_first, segment_count, segment_room;
};

/* Adds to it; the oldest makes room. Without memory, what is added is dropped as if it had made room at once. */
void ring_append(struct ring *ring, uint8_t stream, const uint8_t *bytes, size_t length);

/* A part that begins at `offset`, which is within the ring: its length, at least 1. */
size_t ring_part(const struct ring *ring, uint64_t offset, uint8_t *stream, const uint8_t **bytes);

/* Gives back memory that the ring does not need while nothing is added. */
void ring_shrink(struct ring *ring);

/* Drops everything. */
void ring_empty(struct ring *ring);

#endif
