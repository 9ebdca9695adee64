#include "gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/if_ether.h>
#include <linux/virtio_net.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "gateway_links.h"
#include "netlink.h"
#include "privileges.h"
#include "system.h"

enum {
  MOST_PORTS = 1024, /* accepted on at the same time, of both families; the oldest makes room */
  STACK = 128 << 10,
  EVENTS_AT_ONCE = 64,
  MOST_FRAME = 2048,
  FRAME_FLAGS_V4 = 13,
  /* A first packet that came until then may have been dropped. */
  SETTLING_NS = 200000000,
};

/* A port of any address. */
struct port {
  int family;
  uint16_t number;
  int listener;
  uint64_t opened;
};

static struct gateway_ends ends = {-1, {-1, -1}};
static bool built;
static sem_t linked, may_begin;
static const char *failed_step;
static int failed_error;
static int caught = -1;                 /* the end of the pipe that is written to */
static int beginnings = -1, again = -1; /* packets that begin a connection: seen behind the link, sent again before it */
static const uint8_t again_from[ETH_ALEN] = {0x06}; /* a sender that no device is: what was sent again is not once more */
static int rules = -1, loop = -1;
static struct port ports[MOST_PORTS];

const struct gateway_ends *gateway_ends(void) { return built ? &ends : NULL; }

/* Bound to a port of every address, also of those that are not its own; or -1. */
static int open_any(int family, int type, uint16_t port) {
  int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), on = 1;
  union address address;
  socklen_t length = address_fill(&address, family, false, port);
  if (fd < 0) return -1;
  int level = family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6;
  if ((family == AF_INET6 && setsockopt(fd, level, IPV6_V6ONLY, &on, sizeof on) < 0) ||
      setsockopt(fd, level, family == AF_INET ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof on) < 0 ||
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 || bind(fd, &address.any, length) < 0 ||
      (type == SOCK_STREAM && listen(fd, SOMAXCONN) < 0)) {
    int error = errno;
    close(fd);
    errno = error;
    return -1;
  }
  return fd;
}

/* Of what TCP sends, only what begins a connection. */
static int see_beginnings(int fd) {
  struct sock_filter filter[] = {
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 5),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 23),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 10),
      BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, ETH_HLEN),
      BPF_STMT(BPF_LD | BPF_B | BPF_IND, ETH_HLEN + FRAME_FLAGS_V4),
      BPF_JUMP(BPF_JMP | BPF_JA, 4, 0, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 20),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 0, 4),
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 40 + FRAME_FLAGS_V4),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0x12), /* SYN and ACK */
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x02, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  };
  struct sock_fprog program = {sizeof filter / sizeof *filter, filter};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

/* Every packet with what the devices left to do to it, so that it can be sent again as it is. */
static int open_packets(const char *link, bool receives) {
  int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | (receives ? SOCK_NONBLOCK : 0), 0), on = 1;
  struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = receives ? htons(ETH_P_ALL) : 0,
                                .sll_ifindex = (int)if_nametoindex(link)};
  if (fd < 0) return -1;
  if (setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &on, sizeof on) < 0 || (receives && see_beginnings(fd) < 0) ||
      bind(fd, (struct sockaddr *)&address, sizeof address) < 0) {
    close(fd);
    return -1;
  }
  return fd;
}

static int wait_on(int fd, uint32_t index) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
  return epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

static void close_port(struct port *port) {
  if (port->listener < 0) return;
  (void)gateway_links_let_in(rules, port->family, IPPROTO_TCP, port->number, 0);
  close(port->listener);
  port->listener = -1;
}

/* Whether the packet has to be sent again. */
static bool open_port(int family, uint16_t number, uint64_t now) {
  struct port *place = NULL;
  for (struct port *port = ports; port < ports + MOST_PORTS; port++) {
    if (port->listener >= 0 && port->family == family && port->number == number) return now - port->opened < SETTLING_NS;
    if (place == NULL || (place->listener >= 0 && (port->listener < 0 || port->opened < place->opened))) place = port;
  }
  close_port(place);
  int fd = open_any(family, SOCK_STREAM, number);
  if (fd < 0) return false;
  if (wait_on(fd, 1 + (uint32_t)(place - ports)) < 0 || gateway_links_let_in(rules, family, IPPROTO_TCP, number, 1) < 0) {
    close(fd);
    return false;
  }
  *place = (struct port){family, number, fd, now};
  return true;
}

static void on_beginning(void) {
  uint8_t bytes[sizeof(struct virtio_net_hdr) + MOST_FRAME];
  uint8_t *frame = bytes + sizeof(struct virtio_net_hdr), *sender = frame + ETH_ALEN;
  ssize_t got;
  while ((got = recv(beginnings, bytes, sizeof bytes, MSG_TRUNC)) > 0) {
    if (got > (ssize_t)sizeof bytes || memcmp(sender, again_from, ETH_ALEN) == 0) continue;
    size_t length = (size_t)got - sizeof(struct virtio_net_hdr);
    bool four = frame[12] == 0x08;
    size_t at = ETH_HLEN + (four ? (frame[ETH_HLEN] & 0xfu) * 4 : 40) + 2;
    if (at + 2 > length) continue;
    uint16_t port = (uint16_t)(frame[at] << 8 | frame[at + 1]);
    if (port == 0 || !open_port(four ? AF_INET : AF_INET6, port, now_ns())) continue;
    memcpy(sender, again_from, ETH_ALEN);
    /* As with any packet, whoever sent it sends it anew where it is lost. */
    (void)!send(again, bytes, (size_t)got, MSG_DONTWAIT);
  }
}

static void on_connection(struct port *port) {
  int fd;
  while (port->listener >= 0 && (fd = accept4(port->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0)
    if (write(caught, &fd, sizeof fd) != sizeof fd) close(fd);
}

static void accept_all(void) {
  for (;;) {
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(loop, events, EVENTS_AT_ONCE, -1);
    for (int i = 0; i < count; i++)
      if (events[i].data.u32 == 0)
        on_beginning();
      else
        on_connection(&ports[events[i].data.u32 - 1]);
  }
}

static const char *open_questions(void) {
  static const int families[] = {AF_INET, AF_INET6};
  for (int i = 0; i < 2; i++) {
    ends.questions[i] = open_any(families[i], SOCK_DGRAM, DNS_PORT);
    if (ends.questions[i] >= 0 && gateway_links_let_in(rules, families[i], IPPROTO_UDP, DNS_PORT, 1) == 0) continue;
    if (families[i] == AF_INET) return "gateway-questions";
  }
  return NULL;
}

static const char *prepare(void) {
  const char *step;
  if (unshare(CLONE_NEWNET) < 0) return "gateway-network";
  if ((rules = netlink_open()) < 0) return "gateway-netlink";
  if ((step = gateway_links_make(rules, getpid()))) return step;
  if ((step = open_questions())) return step;
  beginnings = open_packets(GATEWAY_LINK, true);
  loop = epoll_create1(EPOLL_CLOEXEC);
  if (beginnings < 0 || loop < 0 || wait_on(beginnings, 0) < 0) return "gateway-packets";
  uint64_t kept = CAPABILITY(CAP_NET_ADMIN) | CAPABILITY(CAP_NET_BIND_SERVICE);
  return keep_capabilities(kept) < 0 ? "gateway-capabilities" : NULL;
}

static void *in_gateway(void *none) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, NULL);
  for (struct port *port = ports; port < ports + MOST_PORTS; port++) port->listener = -1;
  failed_step = prepare();
  failed_error = errno;
  sem_post(&linked);
  if (failed_step) return none;
  while (sem_wait(&may_begin) < 0) continue;
  accept_all();
  return none;
}

static const char *start_thread(void) {
  pthread_t thread;
  pthread_attr_t attributes;
  int pipe_ends[2];
  if (pipe2(pipe_ends, O_CLOEXEC | O_NONBLOCK) < 0) return "gateway-pipe";
  ends.caught = pipe_ends[0];
  caught = pipe_ends[1];
  sem_init(&linked, 0, 0);
  sem_init(&may_begin, 0, 0);
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, STACK);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  errno = pthread_create(&thread, &attributes, in_gateway, NULL);
  return errno ? "gateway-thread" : NULL;
}

const char *gateway_build(void) {
  const char *step = start_thread();
  if (step) return step;
  while (sem_wait(&linked) < 0) continue;
  errno = failed_error;
  if (failed_step) return failed_step;
  int netlink = netlink_open();
  if (netlink < 0) return "box-netlink";
  step = gateway_links_use(netlink);
  int error = errno;
  close(netlink);
  errno = error;
  if (step) return step;
  if ((again = open_packets(BOX_LINK, false)) < 0) return "box-packets";
  built = true;
  sem_post(&may_begin);
  return NULL;
}
