/* Where hosts reach the live service. */
#ifndef SOULBOX_LIVE_SOCKET_H
#define SOULBOX_LIVE_SOCKET_H

/* A unix stream socket that listens at the path, for this user alone; one of a dead agent is replaced. Exits on failure. */
int live_listen(const char *path);

/* Copies between the standard streams and such a socket until either side ends; then exits. */
_Noreturn void live_connect(const char *path);

#endif
