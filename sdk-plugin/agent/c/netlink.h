/* Requests to the kernel about links, addresses, routes and rules of the network that the socket is of. */
#ifndef SOULBOX_NETLINK_H
#define SOULBOX_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

struct netlink_request {
  struct nlmsghdr header;
  char body[512];
};

/* A socket of the calling thread's network, or -1. */
int netlink_open(void);

/* Begins a request with the fixed part that its type has. */
void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *fixed, size_t length);
void netlink_put(struct netlink_request *request, uint16_t type, const void *value, size_t length);
/* What is put until netlink_end is within it; `fixed` comes first, and may be of no length. */
struct nlattr *netlink_nest(struct netlink_request *request, uint16_t type, const void *fixed, size_t length);
void netlink_end(struct netlink_request *request, struct nlattr *nest);

/* Sends it and waits for the answer: 0, or -1 with errno. */
int netlink_do(int fd, struct netlink_request *request);

#endif
