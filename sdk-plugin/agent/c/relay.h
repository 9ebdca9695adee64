#ifndef SOULBOX_RELAY_H
#define SOULBOX_RELAY_H

/*
 * `relay PORT SOCKET PROGRAM [ARGUMENT…]`: runs a program inside a box while connections to 127.0.0.1:PORT there are
 * carried to the unix socket SOCKET, which leads out of it. Ends with the program's exit code, 128 plus the number of
 * the signal that ended it, 127 if it cannot be started.
 */
_Noreturn void relay(char **arguments);

#endif
