/* The connection of the host that counts, and its calls. */
#ifndef SOULBOX_LIVE_CALLS_H
#define SOULBOX_LIVE_CALLS_H

#include <stdbool.h>

/* Takes over the descriptor; the connection before it ends, and its calls with it. */
void connection_open(int fd);

/* Handles what was received, lets calls send, and sends. */
void calls_step(void);

/* Whether calls_step has something to do without an event. */
bool calls_have_work(void);

#endif
