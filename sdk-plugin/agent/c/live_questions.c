/* The questions that the programs of the box ask the DNS, over UDP and TCP, of whatever address. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "live_net.h"

enum {
  MOST_QUESTIONS = 256,
  MOST_CONNECTIONS = 32,
  MOST_MESSAGE = 4096, /* questions are short */
};

struct question {
  struct question *next;
  uint32_t id;
  bool told;
  union address from; /* of UDP */
  union address asked;
  struct connection *connection; /* of TCP */
  size_t length;
  uint8_t message[];
};

struct connection {
  struct source source; /* closed: it is of no more use, but questions of it may be open */
  size_t used;
  uint8_t bytes[2 + MOST_MESSAGE];
};

static struct call *gateway;
static struct source sockets[2]; /* of IPv4 and IPv6 */
static struct connection *connections[MOST_CONNECTIONS];
static struct question *questions;
static unsigned question_count;
static uint32_t last_id;

static void remove_question(struct question **at) {
  struct question *question = *at;
  *at = question->next;
  question_count--;
  free(question);
}

/* What nobody answers makes room. */
static struct question *add_question(const uint8_t *message, size_t length) {
  struct question *question = calloc(1, sizeof *question + length);
  if (question == NULL) return NULL;
  if (question_count == MOST_QUESTIONS) remove_question(&questions);
  question->id = ++last_id;
  question->length = length;
  memcpy(question->message, message, length);
  struct question **end = &questions;
  while (*end) end = &(*end)->next;
  *end = question;
  question_count++;
  call_ready(gateway);
  return question;
}

union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void read_asked(struct msghdr *message, union address *asked) {
  for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
    if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
      struct in_pktinfo info;
      memcpy(&info, CMSG_DATA(part), sizeof info);
      asked->v4.sin_addr = info.ipi_addr;
    }
    if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
      struct in6_pktinfo info;
      memcpy(&info, CMSG_DATA(part), sizeof info);
      asked->v6.sin6_addr = info.ipi6_addr;
    }
  }
}

static void on_datagram(struct source *source, uint32_t events) {
  (void)events;
  uint8_t bytes[MOST_MESSAGE];
  union control control;
  union address from = {0};
  struct iovec part = {bytes, sizeof bytes};
  struct msghdr message = {.msg_name = &from, .msg_namelen = sizeof from, .msg_iov = &part, .msg_iovlen = 1,
                           .msg_control = &control, .msg_controllen = sizeof control};
  ssize_t got = recvmsg(source->fd, &message, 0);
  if (got <= 0 || (message.msg_flags & MSG_TRUNC) || gateway == NULL) return;
  struct question *question = add_question(bytes, (size_t)got);
  if (question == NULL) return;
  question->from = from;
  address_fill(&question->asked, from.any.sa_family, false, DNS_PORT);
  read_asked(&message, &question->asked);
}

static void on_connection(struct source *source, uint32_t events) {
  (void)events;
  struct connection *connection = source->owner;
  ssize_t got = read(source->fd, connection->bytes + connection->used, sizeof connection->bytes - connection->used);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got > 0) connection->used += (size_t)got;
  while (got > 0 && connection->used >= 2) {
    size_t length = (size_t)connection->bytes[0] << 8 | connection->bytes[1];
    if (length == 0 || length > MOST_MESSAGE) got = 0;
    if (got == 0 || connection->used < 2 + length) break;
    struct question *question = add_question(connection->bytes + 2, length);
    if (question) question->connection = connection;
    connection->used -= 2 + length;
    memmove(connection->bytes, connection->bytes + 2 + length, connection->used);
  }
  if (got <= 0) source_close(source);
}

static bool is_asked_on(const struct connection *connection) {
  for (struct question *question = questions; question; question = question->next)
    if (question->connection == connection) return true;
  return false;
}

void questions_accept(int fd) {
  for (int i = 0; gateway && i < MOST_CONNECTIONS; i++) {
    struct connection *connection = connections[i];
    if (connection && (connection->source.fd >= 0 || is_asked_on(connection))) continue;
    free_later(connection);
    if ((connections[i] = connection = calloc(1, sizeof *connection)) == NULL) break;
    source_init(&connection->source, fd, on_connection, connection);
    source_want(&connection->source, EPOLLIN);
    return;
  }
  close(fd);
}

void questions_start(void) {
  for (int i = 0, on = 1; i < 2; i++) {
    int fd = gateway_ends()->questions[i];
    if (fd < 0) continue;
    if (i == 0) setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
    if (i == 1) setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof on);
    source_init(&sockets[i], fd, on_datagram, NULL);
    source_want(&sockets[i], EPOLLIN);
  }
}

void questions_open(struct call *call) { gateway = call; }

void questions_close(void) {
  if (gateway == NULL) return;
  gateway = NULL;
  while (questions) remove_question(&questions);
  for (int i = 0; i < MOST_CONNECTIONS; i++) {
    if (connections[i]) source_close(&connections[i]->source);
    free_later(connections[i]);
    connections[i] = NULL;
  }
}

void questions_tell(struct call *call) {
  static uint8_t bytes[MOST_MESSAGE + 64];
  for (struct question *question = questions; question && call_may_send(call); question = question->next) {
    if (question->told) continue;
    struct writer item = {bytes, 0, sizeof bytes};
    put_field_u32(&item, 4, question->id);
    put_field(&item, 5, question->message, question->length);
    question->told = true;
    call_item(call, &item);
  }
}

/* From the address that was asked, which the program waits for. */
static void answer_datagram(const struct question *question, const uint8_t *bytes, size_t length) {
  bool four = question->from.any.sa_family == AF_INET;
  union control control = {0};
  union address to = question->from;
  struct iovec part = {(void *)bytes, length};
  struct msghdr message = {.msg_name = &to, .msg_namelen = four ? sizeof to.v4 : sizeof to.v6, .msg_iov = &part,
                           .msg_iovlen = 1, .msg_control = &control};
  if (four) {
    struct in_pktinfo info = {.ipi_spec_dst = question->asked.v4.sin_addr};
    control.header = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IP, IP_PKTINFO};
    memcpy(CMSG_DATA(&control.header), &info, sizeof info);
    message.msg_controllen = CMSG_SPACE(sizeof info);
  } else {
    struct in6_pktinfo info = {.ipi6_addr = question->asked.v6.sin6_addr};
    control.header = (struct cmsghdr){CMSG_LEN(sizeof info), IPPROTO_IPV6, IPV6_PKTINFO};
    memcpy(CMSG_DATA(&control.header), &info, sizeof info);
    message.msg_controllen = CMSG_SPACE(sizeof info);
  }
  /* As with any datagram, who asked asks again where it is lost. */
  (void)!sendmsg(sockets[four ? 0 : 1].fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void answer_connection(struct connection *connection, const uint8_t *bytes, size_t length) {
  uint8_t head[] = {(uint8_t)(length >> 8), (uint8_t)length};
  struct iovec parts[] = {{head, sizeof head}, {(void *)bytes, length}};
  struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
  if (connection->source.fd < 0) return;
  /* A program that leaves so many answers unread gets no more of them. */
  if (sendmsg(connection->source.fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)(length + sizeof head))
    source_close(&connection->source);
}

void question_answer(uint32_t id, const uint8_t *message, size_t length) {
  for (struct question **at = &questions; *at; at = &(*at)->next) {
    if ((*at)->id != id) continue;
    if ((*at)->connection)
      answer_connection((*at)->connection, message, length);
    else
      answer_datagram(*at, message, length);
    remove_question(at);
    return;
  }
}
