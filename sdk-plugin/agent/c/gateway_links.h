/* The two ends of the link between the network of a box and that of its gateway. */
#ifndef SOULBOX_GATEWAY_LINKS_H
#define SOULBOX_GATEWAY_LINKS_H

#include <stdint.h>
#include <sys/types.h>

#define GATEWAY_LINK "gate"
#define BOX_LINK "eth0"

/* In the gateway's network: makes the link, whose other end is in the network of the process `box`. Nothing comes in yet.
   NULL or the step that failed. */
const char *gateway_links_make(int netlink, pid_t box);

/* In the network of the box: everything goes out there. NULL or the step that failed. */
const char *gateway_links_use(int netlink);

/* In the gateway's network: whether what comes for that port of TCP or UDP, of any address, is its own. */
int gateway_links_let_in(int netlink, int family, uint8_t protocol, uint16_t port, int in);

#endif
