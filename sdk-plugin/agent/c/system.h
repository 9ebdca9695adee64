/* System calls that older C libraries do not wrap, and small helpers around descriptors and time. */
#ifndef SOULBOX_SYSTEM_H
#define SOULBOX_SYSTEM_H

#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/types.h>

/* Newer than some C libraries. */
#ifndef CLONE_NEWCGROUP
#define CLONE_NEWCGROUP 0x02000000
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef MOUNT_ATTR_RDONLY
#define MOUNT_ATTR_RDONLY 0x01
#define MOUNT_ATTR_NOSUID 0x02
#define MOUNT_ATTR_NODEV 0x04
#define MOUNT_ATTR_NOEXEC 0x08
#endif

/* Nanoseconds of the monotonic clock. */
uint64_t now_ns(void);

/* Forks with `flags` (CLONE_NEW*). The child shares nothing. */
pid_t fork_into(unsigned long flags);

/* Opens `path` below `dir` without following any link or leaving it; `flags` and `mode` as for openat. */
int open_beneath(int dir, const char *path, int flags, mode_t mode);

/* Adds the mount attributes `set` (MOUNT_ATTR_*) to the mount at `path`, and to all below it if `recursive`. */
int add_mount_attributes(const char *path, uint64_t set, bool recursive);

/* A handle on a detached copy of the mount at `path` that has `path` as its root: `..` does not lead out of it. */
int open_rooted(const char *path);

/* Closes every descriptor from 3 upwards that is not among `keep`, which it sorts. */
int close_all_but(int *keep, size_t count);

/* Replaces standard input, output and error by /dev/null. -1 on failure. */
int use_null_streams(void);

/* Writes all of `length` bytes to `fd`, or returns -1. */
int write_all(int fd, const void *bytes, size_t length);

/* Writes the text to the file `name` in the directory `dir` in one call; -1 on failure. */
int write_file_at(int dir, const char *name, const char *text);

/* Reads at most `room - 1` bytes of the file and terminates them; -1 on failure. */
ssize_t read_file_at(int dir, const char *name, char *text, size_t room);

/* The decimal number at `text`, which must be nothing else and at most `most`; -1 otherwise. */
long long parse_number(const char *text, long long most);

#endif
