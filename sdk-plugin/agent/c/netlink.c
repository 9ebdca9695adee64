#include "netlink.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

struct answer {
  struct nlmsghdr header;
  struct nlmsgerr error;
};

int netlink_open(void) { return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE); }

static void *append(struct netlink_request *request, const void *bytes, size_t length) {
  char *at = (char *)request + request->header.nlmsg_len;
  if (length > 0) memcpy(at, bytes, length);
  request->header.nlmsg_len += NLMSG_ALIGN(length);
  return at;
}

void netlink_begin(struct netlink_request *request, uint16_t type, uint16_t flags, const void *fixed, size_t length) {
  memset(request, 0, sizeof *request);
  request->header = (struct nlmsghdr){
      .nlmsg_len = NLMSG_HDRLEN, .nlmsg_type = type, .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | NLM_F_ACK | flags)};
  append(request, fixed, length);
}

void netlink_put(struct netlink_request *request, uint16_t type, const void *value, size_t length) {
  struct nlattr head = {.nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type};
  append(request, &head, sizeof head);
  append(request, value, length);
}

struct nlattr *netlink_nest(struct netlink_request *request, uint16_t type, const void *fixed, size_t length) {
  struct nlattr head = {.nla_type = type};
  struct nlattr *nest = append(request, &head, sizeof head);
  append(request, fixed, length);
  return nest;
}

void netlink_end(struct netlink_request *request, struct nlattr *nest) {
  nest->nla_len = (uint16_t)((char *)request + request->header.nlmsg_len - (char *)nest);
}

int netlink_do(int fd, struct netlink_request *request) {
  struct answer answer = {0};
  if (send(fd, request, request->header.nlmsg_len, 0) != (ssize_t)request->header.nlmsg_len) return -1;
  ssize_t got = recv(fd, &answer, sizeof answer, 0);
  if (got < (ssize_t)(sizeof answer.header + sizeof answer.error.error) || answer.header.nlmsg_type != NLMSG_ERROR) {
    if (got >= 0) errno = EPROTO;
    return -1;
  }
  errno = -answer.error.error;
  return answer.error.error == 0 ? 0 : -1;
}
