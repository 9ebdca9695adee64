/* Connections into and out of the box. */
#ifndef SOULBOX_LIVE_NET_H
#define SOULBOX_LIVE_NET_H

#include "gateway.h"
#include "live_core.h"

/* Closes a connection so that its program is told at once, and that it was cut. */
void close_at_once(int fd);

/* Passes bytes between the call and a connection, which it takes over. */
void stream_begin(struct call *call, int fd);
void dial_begin(struct call *call, const struct frame *request);
void stream_step(struct call *call);
void stream_send(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length);
void stream_send_end(struct call *call, uint8_t stream);
void stream_drop(struct call *call);

void ports_begin(struct call *call, const struct frame *request);

void gateway_begin(struct call *call, const struct frame *request);
void gateway_step(struct call *call);
void gateway_send(struct call *call, uint8_t stream, const uint8_t *bytes, size_t length);
void gateway_drop(struct call *call);
void take_begin(struct call *call, const struct frame *request);
void drop_begin(struct call *call, const struct frame *request);

void address_text(const union address *address, char text[INET6_ADDRSTRLEN]);
uint16_t address_port(const union address *address);

/* The questions to the DNS that the box asks, while the gateway is open. */
void questions_start(void);
void questions_open(struct call *gateway);
void questions_close(void);
/* Takes over a connection to the DNS. */
void questions_accept(int fd);
/* Tells those that were not told, while the call may send. */
void questions_tell(struct call *gateway);
void question_answer(uint32_t id, const uint8_t *message, size_t length);

#endif
