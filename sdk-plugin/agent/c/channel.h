/* The connection to the client: frames in, frames out, with fixed room for both. */
#ifndef SOULBOX_CHANNEL_H
#define SOULBOX_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

enum { OUTPUT_CHUNK = 64 << 10 };

struct channel {
  int in_fd, out_fd; /* the same where the stream goes both ways */
  uint8_t *in; /* room for one whole frame */
  size_t in_at, in_end;
  struct writer out;
  size_t out_sent;
};

enum channel_state { CHANNEL_OPEN, CHANNEL_CLOSED };

/* Takes over the descriptors. -1 on failure. */
int channel_init(struct channel *channel, int in_fd, int out_fd);

/* Begins anew with another stream, which goes both ways and does not block. */
void channel_reopen(struct channel *channel, int fd);

/* Reads what is there. */
enum channel_state channel_fill(struct channel *channel);

/* 1: `frame` is whole; it stays valid until channel_consume. 0: more bytes are needed. -1: no frame is so long or so
   short. */
int channel_frame(const struct channel *channel, struct frame *frame);
void channel_consume(struct channel *channel, const struct frame *frame);

/* Sends what the client takes now. */
enum channel_state channel_flush(struct channel *channel);

bool channel_has_output(const struct channel *channel);

/* Whether nothing may be written that can wait. While not, there is room for an OUTPUT frame and several others. */
bool channel_is_congested(const struct channel *channel);

#endif
