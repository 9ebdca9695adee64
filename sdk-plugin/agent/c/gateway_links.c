#include "gateway_links.h"

#include <arpa/inet.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <stdbool.h>
#include <string.h>

#include "netlink.h"

/* Where every address is the gateway's own. */
enum { OWN_TABLE = 100, OWN_PRIORITY = 1000 };

/* Of ranges that no network uses: for tests of devices, and a random one of those for private networks. */
static const struct ends {
  int family;
  const char *gateway, *box, *network;
  uint8_t prefix;
} ends[] = {
    {AF_INET, "198.18.0.1", "198.18.0.2", "198.18.0.0", 30},
    {AF_INET6, "fd5b:8e1c:7a20::1", "fd5b:8e1c:7a20::2", "fd5b:8e1c:7a20::", 64},
};
enum { FAMILIES = sizeof ends / sizeof *ends };

static size_t address_of(int family, const char *text, uint8_t bytes[16]) {
  inet_pton(family, text, bytes);
  return family == AF_INET ? 4 : 16;
}

static int link_up(int netlink, const char *name) {
  struct netlink_request request;
  struct ifinfomsg fixed = {.ifi_index = (int)if_nametoindex(name), .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
  netlink_begin(&request, RTM_NEWLINK, 0, &fixed, sizeof fixed);
  return netlink_do(netlink, &request);
}

static int make_link(int netlink, pid_t box) {
  struct netlink_request request;
  struct ifinfomsg fixed = {0};
  uint32_t process = (uint32_t)box;
  netlink_begin(&request, RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &fixed, sizeof fixed);
  netlink_put(&request, IFLA_IFNAME, GATEWAY_LINK, sizeof GATEWAY_LINK);
  struct nlattr *info = netlink_nest(&request, IFLA_LINKINFO, NULL, 0);
  netlink_put(&request, IFLA_INFO_KIND, "veth", sizeof "veth");
  struct nlattr *data = netlink_nest(&request, IFLA_INFO_DATA, NULL, 0);
  struct nlattr *peer = netlink_nest(&request, VETH_INFO_PEER, &fixed, sizeof fixed);
  netlink_put(&request, IFLA_IFNAME, BOX_LINK, sizeof BOX_LINK);
  netlink_put(&request, IFLA_NET_NS_PID, &process, sizeof process);
  netlink_end(&request, peer);
  netlink_end(&request, data);
  netlink_end(&request, info);
  return netlink_do(netlink, &request);
}

static int add_address(int netlink, const struct ends *of, const char *text, const char *link) {
  struct netlink_request request;
  uint8_t bytes[16];
  size_t length = address_of(of->family, text, bytes);
  struct ifaddrmsg fixed = {.ifa_family = (uint8_t)of->family, .ifa_prefixlen = of->prefix, .ifa_flags = IFA_F_NODAD,
                            .ifa_index = if_nametoindex(link)};
  netlink_begin(&request, RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, &fixed, sizeof fixed);
  netlink_put(&request, IFA_LOCAL, bytes, length);
  netlink_put(&request, IFA_ADDRESS, bytes, length);
  return netlink_do(netlink, &request);
}

struct route {
  uint8_t type, scope, table;
  const char *to; /* NULL: everywhere */
  const char *by, *link;
};

static int add_route(int netlink, const struct ends *of, const struct route *route) {
  struct netlink_request request;
  uint8_t bytes[16];
  struct rtmsg fixed = {.rtm_family = (uint8_t)of->family, .rtm_table = route->table, .rtm_protocol = RTPROT_STATIC,
                        .rtm_type = route->type, .rtm_scope = route->scope, .rtm_dst_len = route->to ? of->prefix : 0};
  netlink_begin(&request, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, &fixed, sizeof fixed);
  if (route->to) netlink_put(&request, RTA_DST, bytes, address_of(of->family, route->to, bytes));
  if (route->by) netlink_put(&request, RTA_GATEWAY, bytes, address_of(of->family, route->by, bytes));
  if (route->link) {
    unsigned index = if_nametoindex(route->link);
    netlink_put(&request, RTA_OIF, &index, sizeof index);
  }
  return netlink_do(netlink, &request);
}

/* Not every kernel has the newer protocol. */
static bool matters(const struct ends *of) { return of->family == AF_INET; }

const char *gateway_links_make(int netlink, pid_t box) {
  if (link_up(netlink, "lo") < 0) return "gateway-loopback";
  if (make_link(netlink, box) < 0) return "gateway-link";
  for (const struct ends *of = ends; of < ends + FAMILIES; of++)
    if (add_address(netlink, of, of->gateway, GATEWAY_LINK) < 0 && matters(of)) return "gateway-address";
  if (link_up(netlink, GATEWAY_LINK) < 0) return "gateway-link";
  for (const struct ends *of = ends; of < ends + FAMILIES; of++) {
    /* What is not let in is not answered either, so that a connection can wait until its port is. The way back is in the
       table, too: for the kernel, no packet comes from an address of its own. */
    struct route drop = {.type = RTN_BLACKHOLE, .scope = RT_SCOPE_UNIVERSE, .table = RT_TABLE_MAIN};
    struct route own = {.type = RTN_LOCAL, .scope = RT_SCOPE_HOST, .table = OWN_TABLE, .link = "lo"};
    struct route back = {.type = RTN_UNICAST, .scope = RT_SCOPE_LINK, .table = OWN_TABLE, .to = of->network, .link = GATEWAY_LINK};
    if ((add_route(netlink, of, &drop) < 0 || add_route(netlink, of, &own) < 0 || add_route(netlink, of, &back) < 0) &&
        matters(of))
      return "gateway-routes";
  }
  return NULL;
}

const char *gateway_links_use(int netlink) {
  for (const struct ends *of = ends; of < ends + FAMILIES; of++)
    if (add_address(netlink, of, of->box, BOX_LINK) < 0 && matters(of)) return "box-address";
  if (link_up(netlink, BOX_LINK) < 0) return "box-link";
  for (const struct ends *of = ends; of < ends + FAMILIES; of++) {
    struct route out = {.type = RTN_UNICAST, .scope = RT_SCOPE_UNIVERSE, .table = RT_TABLE_MAIN, .by = of->gateway, .link = BOX_LINK};
    if (add_route(netlink, of, &out) < 0 && matters(of)) return "box-route";
  }
  return NULL;
}

int gateway_links_let_in(int netlink, int family, uint8_t protocol, uint16_t port, int in) {
  struct netlink_request request;
  struct fib_rule_hdr fixed = {.family = (uint8_t)family, .action = FR_ACT_TO_TBL, .table = OWN_TABLE};
  struct fib_rule_port_range range = {port, port};
  uint32_t priority = OWN_PRIORITY;
  netlink_begin(&request, in ? RTM_NEWRULE : RTM_DELRULE, in ? NLM_F_CREATE | NLM_F_EXCL : 0, &fixed, sizeof fixed);
  netlink_put(&request, FRA_PRIORITY, &priority, sizeof priority);
  netlink_put(&request, FRA_IP_PROTO, &protocol, sizeof protocol);
  netlink_put(&request, FRA_DPORT_RANGE, &range, sizeof range);
  return netlink_do(netlink, &request);
}
