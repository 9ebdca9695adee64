#ifndef SOULBOX_PRIVILEGES_H
#define SOULBOX_PRIVILEGES_H

#include <stdint.h>

#define CAPABILITY(number) (UINT64_C(1) << (number))

/* Empties the bounding set, as far as this process may. */
int empty_bounding_set(void);

/* Makes `capabilities` the permitted and effective set, and the inheritable and ambient sets empty. */
int keep_capabilities(uint64_t capabilities);

/* Locks the bits by which uid 0 would gain capabilities at execve, and ambient ones off. */
int lock_securebits(void);

#endif
