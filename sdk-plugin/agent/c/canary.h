#ifndef SOULBOX_CANARY_H
#define SOULBOX_CANARY_H

/* The program that a driver runs in a box to prove it: prints what it finds, and whether it can read `secret_path`. */
_Noreturn void canary(const char *secret_path);

#endif
