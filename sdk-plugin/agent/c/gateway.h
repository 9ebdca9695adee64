/*
 * The gateway's network: a second one behind that of the box, which its programs cannot enter. The only way out of the box
 * leads there, and everything that comes ends there, whatever address it was meant for: connections are accepted in place of
 * whom they were meant for and handed to the live service; the rest is dropped.
 */
#ifndef SOULBOX_GATEWAY_H
#define SOULBOX_GATEWAY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

union address {
  struct sockaddr any;
  struct sockaddr_in v4;
  struct sockaddr_in6 v6;
};

/* Sets the port of an address of its family: the loopback, or every one. The length of the address. */
socklen_t address_fill(union address *address, int family, bool loopback, uint16_t port);

enum { DNS_PORT = 53 };

struct gateway_ends {
  int caught;       /* a pipe: of each connection its descriptor, as an int; its own address is the one that was meant */
  int questions[2]; /* UDP, of IPv4 and, or -1, IPv6: datagrams to port 53 of any address */
};

/* Makes it, and a thread in it that accepts; called by the init of the box, in the network of the box, with all its powers.
   NULL, or the step that failed, with errno. */
const char *gateway_build(void);

/* Of the gateway of this box, where one was built; else NULL. */
const struct gateway_ends *gateway_ends(void);

#endif
