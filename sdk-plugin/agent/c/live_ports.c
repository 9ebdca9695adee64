/* Where the programs of the box listen. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "live_net.h"

enum { LISTENING = 10, MOST_PORTS = 1024, ITEM_ROOM = 24 << 10 };

/* The kernel prints the words of an address as numbers of this machine. */
static void put_port(struct writer *item, int family, const char *hex, unsigned port) {
  union address address;
  char text[INET6_ADDRSTRLEN];
  uint8_t bytes[INET6_ADDRSTRLEN + 32];
  struct writer one = {bytes, 0, sizeof bytes};
  uint32_t words[4] = {0};
  size_t count = family == AF_INET ? 1 : 4;
  if (strlen(hex) != count * 8) return;
  for (size_t i = 0; i < count; i++) sscanf(hex + 8 * i, "%8x", &words[i]);
  address_fill(&address, family, false, (uint16_t)port);
  if (family == AF_INET)
    memcpy(&address.v4.sin_addr, words, sizeof address.v4.sin_addr);
  else
    memcpy(&address.v6.sin6_addr, words, sizeof address.v6.sin6_addr);
  address_text(&address, text);
  uint8_t number[] = {(uint8_t)port, (uint8_t)(port >> 8)};
  put_field(&one, 1, number, sizeof number);
  put_field_text(&one, 2, text);
  put_field(item, 1, bytes, one.used);
}

static void add_ports(struct writer *item, const char *table, int family) {
  FILE *file = fopen(table, "re");
  char line[512], hex[33];
  unsigned port, state, count = 0;
  while (file && count < MOST_PORTS && fgets(line, sizeof line, file)) {
    if (sscanf(line, " %*u: %32[0-9A-F]:%4x %*[0-9A-F]:%*x %2x", hex, &port, &state) != 3) continue;
    if (state != LISTENING) continue;
    if (item->room - item->used < 2 * INET6_ADDRSTRLEN + 64) break;
    put_port(item, family, hex, port);
    count++;
  }
  if (file) fclose(file);
}

void ports_begin(struct call *call, const struct frame *request) {
  (void)request;
  call_ready(call);
}

static void ports_step(struct call *call) {
  static uint8_t bytes[ITEM_ROOM];
  struct writer item = {bytes, 0, sizeof bytes};
  if (!call_may_send(call)) return;
  add_ports(&item, "/proc/self/net/tcp", AF_INET);
  add_ports(&item, "/proc/self/net/tcp6", AF_INET6);
  if (item.used > 0) call_item(call, &item);
  call_end(call, NULL);
}

const struct method net_methods[] = {
    {30, dial_begin, stream_step, stream_send, stream_send_end, stream_drop},
    {.number = 31, .begin = ports_begin, .step = ports_step},
    {.number = 32, .begin = gateway_begin, .step = gateway_step, .send = gateway_send, .drop = gateway_drop},
    {33, take_begin, stream_step, stream_send, stream_send_end, stream_drop},
    {.number = 34, .begin = drop_begin},
    {0},
};
