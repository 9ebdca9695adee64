#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
  IN_ROOM = FRAME_HEADER + MAX_PAYLOAD,
  OUT_ROOM = 512 << 10,
  /* One chunk of output, and the small frames of one event: at most the usage of every run. */
  OUT_RESERVE = OUTPUT_CHUNK + (48 << 10),
};

/* Not in the children: a box would otherwise hold on to copies of pages that this process goes on writing. */
static uint8_t *map_buffer(size_t size) {
  void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (bytes == MAP_FAILED || madvise(bytes, size, MADV_DONTFORK) < 0) return NULL;
  return bytes;
}

int channel_init(struct channel *channel, int in_fd, int out_fd) {
  *channel = (struct channel){.in_fd = in_fd, .out_fd = out_fd, .in = map_buffer(IN_ROOM)};
  channel->out = (struct writer){map_buffer(OUT_ROOM), 0, OUT_ROOM};
  if (channel->in == NULL || channel->out.bytes == NULL) return -1;
  if (fcntl(in_fd, F_SETFL, O_NONBLOCK) < 0) return -1;
  return fcntl(out_fd, F_SETFL, O_NONBLOCK);
}

void channel_reopen(struct channel *channel, int fd) {
  channel->in_fd = channel->out_fd = fd;
  channel->in_at = channel->in_end = channel->out_sent = channel->out.used = 0;
}

enum channel_state channel_fill(struct channel *channel) {
  if (channel->in_at > 0) {
    channel->in_end -= channel->in_at;
    memmove(channel->in, channel->in + channel->in_at, channel->in_end);
    channel->in_at = 0;
  }
  ssize_t got = read(channel->in_fd, channel->in + channel->in_end, IN_ROOM - channel->in_end);
  if (got > 0) channel->in_end += (size_t)got;
  return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR)) ? CHANNEL_OPEN : CHANNEL_CLOSED;
}

int channel_frame(const struct channel *channel, struct frame *frame) {
  size_t there = channel->in_end - channel->in_at;
  const uint8_t *bytes = channel->in + channel->in_at;
  if (there < LENGTH_BYTES) return 0;
  uint32_t length = load_u32(bytes);
  if (!frame_length_is_valid(length)) return -1;
  if (there < LENGTH_BYTES + (size_t)length) return 0;
  *frame = frame_at(bytes);
  return 1;
}

void channel_consume(struct channel *channel, const struct frame *frame) {
  channel->in_at += FRAME_HEADER + (size_t)frame->length;
}

enum channel_state channel_flush(struct channel *channel) {
  struct writer *out = &channel->out;
  while (channel->out_sent < out->used) {
    ssize_t sent = write(channel->out_fd, out->bytes + channel->out_sent, out->used - channel->out_sent);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0) return CHANNEL_CLOSED;
    channel->out_sent += (size_t)sent;
  }
  out->used -= channel->out_sent;
  memmove(out->bytes, out->bytes + channel->out_sent, out->used);
  channel->out_sent = 0;
  return CHANNEL_OPEN;
}

bool channel_has_output(const struct channel *channel) { return channel->out.used > 0; }

bool channel_is_congested(const struct channel *channel) { return channel->out.room - channel->out.used < OUT_RESERVE; }
