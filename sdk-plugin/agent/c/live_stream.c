/* Connections that a call stands for: of DIAL and TAKE. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "live_net.h"

enum { INPUT_ROOM = 128 << 10 };

struct stream {
  struct source socket;
  bool connecting, readable, told_end, input_lost;
  bool caught; /* a program of the box made it */
  int family;
  uint16_t port;
  size_t at, end;
  uint8_t bytes[INPUT_ROOM];
};

socklen_t address_fill(union address *address, int family, bool loopback, uint16_t port) {
  memset(address, 0, sizeof *address);
  address->any.sa_family = (sa_family_t)family;
  if (family == AF_INET) {
    address->v4.sin_port = htons(port);
    address->v4.sin_addr.s_addr = htonl(loopback ? INADDR_LOOPBACK : INADDR_ANY);
    return sizeof address->v4;
  }
  address->v6.sin6_port = htons(port);
  address->v6.sin6_addr = loopback ? in6addr_loopback : in6addr_any;
  return sizeof address->v6;
}

void address_text(const union address *address, char text[INET6_ADDRSTRLEN]) {
  bool four = address->any.sa_family == AF_INET;
  const void *bytes = four ? (const void *)&address->v4.sin_addr : (const void *)&address->v6.sin6_addr;
  inet_ntop(address->any.sa_family, bytes, text, INET6_ADDRSTRLEN);
}

uint16_t address_port(const union address *address) {
  return ntohs(address->any.sa_family == AF_INET ? address->v4.sin_port : address->v6.sin6_port);
}

void close_at_once(int fd) {
  struct linger now = {.l_onoff = 1};
  setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  close(fd);
}

static void adjust(struct stream *stream) {
  bool writes = stream->connecting || stream->at < stream->end;
  bool reads = !stream->connecting && !stream->readable && !stream->told_end;
  source_want(&stream->socket, (reads ? EPOLLIN : 0) | (writes ? EPOLLOUT : 0));
}

/* Whether both directions are closed. */
static bool is_whole(const struct call *call) {
  const struct stream *stream = call->state;
  return stream->told_end && (stream->input_lost || (call->input_ended && stream->at == stream->end));
}

/* The call has ended then. */
static bool is_over(struct call *call) {
  if (!is_whole(call)) return false;
  call_end(call, NULL);
  return true;
}

static void flush(struct call *call) {
  struct stream *stream = call->state;
  size_t before = stream->at;
  while (stream->at < stream->end && !stream->input_lost) {
    ssize_t sent = send(stream->socket.fd, stream->bytes + stream->at, stream->end - stream->at, MSG_NOSIGNAL);
    if (sent < 0 && errno == EAGAIN) break;
    if (sent < 0 && errno != EINTR) stream->input_lost = true;
    if (sent > 0) stream->at += (size_t)sent;
  }
  if (stream->input_lost) stream->at = stream->end;
  if (stream->at > before) call_grant(call, stream->at - before);
  if (stream->at < stream->end) return;
  stream->at = stream->end = 0;
  if (call->input_ended) shutdown(stream->socket.fd, SHUT_WR);
}

static void dial(struct call *call);

static void connected(struct call *call) {
  struct stream *stream = call->state;
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(stream->socket.fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 && error == 0) {
    stream->connecting = false;
    call_grant(call, INPUT_ROOM);
    return;
  }
  source_close(&stream->socket);
  if (stream->family == AF_INET) {
    stream->family = AF_INET6;
    dial(call);
  } else {
    call_fail(call, "refused", "nothing listens there");
  }
}

static void on_socket(struct source *source, uint32_t events) {
  struct call *call = source->owner;
  struct stream *stream = call->state;
  if (stream->connecting) {
    connected(call);
  } else {
    if (events & EPOLLOUT) flush(call);
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) stream->readable = true;
    call_ready(call);
  }
  if (!call->ended) adjust(stream);
}

static struct stream *stream_make(struct call *call) {
  struct stream *stream = malloc(sizeof *stream);
  if (stream == NULL) {
    call_fail_errno(call, ENOMEM);
    return NULL;
  }
  memset(stream, 0, offsetof(struct stream, bytes));
  stream->socket.fd = -1;
  return call->state = stream;
}

void stream_begin(struct call *call, int fd) {
  struct stream *stream = stream_make(call);
  if (stream == NULL) {
    close(fd);
    return;
  }
  stream->caught = true;
  source_init(&stream->socket, fd, on_socket, call);
  adjust(stream);
  call_grant(call, INPUT_ROOM);
}

/* To the one loopback, and where nothing listens there, to the other. */
static void dial(struct call *call) {
  struct stream *stream = call->state;
  union address address;
  int fd = socket(stream->family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    call_fail(call, "refused", "nothing listens there");
    return;
  }
  source_init(&stream->socket, fd, on_socket, call);
  stream->connecting = true;
  socklen_t length = address_fill(&address, stream->family, true, stream->port);
  int result = connect(fd, &address.any, length);
  if (result < 0 && errno != EINPROGRESS) {
    source_close(&stream->socket);
    if (stream->family == AF_INET6) {
      call_fail(call, "refused", "nothing listens there");
      return;
    }
    stream->family = AF_INET6;
    dial(call);
    return;
  }
  if (result == 0) connected(call);
  if (!call->ended) adjust(stream);
}

void dial_begin(struct call *call, const struct frame *request) {
  uint16_t port;
  if (!get_u16(request, 3, &port) || port == 0) {
    call_fail(call, "invalid", "no port");
    return;
  }
  struct stream *stream = stream_make(call);
  if (stream == NULL) return;
  stream->port = port;
  stream->family = AF_INET;
  dial(call);
}

void stream_step(struct call *call) {
  static uint8_t bytes[MOST_DATA];
  struct stream *stream = call->state;
  while (stream->readable && !stream->told_end && call_may_send(call)) {
    size_t room = call->credit - 1 < (int64_t)sizeof bytes ? (size_t)(call->credit - 1) : sizeof bytes;
    /* With a credit of 1 only the end can be told. */
    ssize_t got = recv(stream->socket.fd, bytes, room ? room : 1, room ? 0 : MSG_PEEK);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
      stream->readable = false;
      break;
    }
    if (got > 0 && room == 0) break;
    if (got < 0) stream->input_lost = true;
    if (got <= 0) stream->told_end = true;
    call_data(call, 0, bytes, got > 0 ? (size_t)got : 0);
  }
  if (is_over(call)) return;
  adjust(stream);
  if (stream->readable && !stream->told_end && call->credit > 1) call_ready(call);
}

void stream_send(struct call *call, uint8_t number, const uint8_t *bytes, size_t length) {
  (void)number;
  struct stream *stream = call->state;
  memmove(stream->bytes, stream->bytes + stream->at, stream->end - stream->at);
  stream->end -= stream->at;
  stream->at = 0;
  memcpy(stream->bytes + stream->end, bytes, length);
  stream->end += length;
  flush(call);
  adjust(stream);
}

void stream_send_end(struct call *call, uint8_t number) {
  (void)number;
  struct stream *stream = call->state;
  if (!stream->connecting) flush(call);
  call_ready(call);
}

void stream_drop(struct call *call) {
  struct stream *stream = call->state;
  if (stream == NULL) return;
  /* What a program was sent only a part of must not look whole to it. */
  if (stream->caught && !is_whole(call)) {
    source_want(&stream->socket, 0);
    close_at_once(stream->socket.fd);
    stream->socket.fd = -1;
  }
  source_close(&stream->socket);
  call->state = NULL;
  free_later(stream);
}
