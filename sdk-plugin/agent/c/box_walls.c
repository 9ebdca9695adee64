#include "box_walls.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "privileges.h"
#include "system.h"

enum {
  BLOCK_BYTES = 4096,
  FEWEST_INODES = 1024,
  MOST_INODES = 65536,
};

const char *take_identity(const struct box_identity *identity) {
  if (!identity->own_uid) return NULL;
  if (setgroups(0, NULL) < 0) return "setgroups";
  if (setresgid(0, 0, 0) < 0) return "setgid";
  return setresuid(0, 0, 0) < 0 ? "setuid" : NULL;
}

static uint64_t inodes_for(uint64_t disk_bytes) {
  uint64_t inodes = disk_bytes / BLOCK_BYTES;
  if (inodes < FEWEST_INODES) return FEWEST_INODES;
  return inodes > MOST_INODES ? MOST_INODES : inodes;
}

static int make_user_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) < 0 || chmod(path, mode) < 0) return -1;
  return getuid() == 0 ? chown(path, BOX_USER, BOX_USER) : 0;
}

static const char *mount_disk(uint64_t disk_bytes) {
  char options[96];
  snprintf(options, sizeof options, "size=%" PRIu64 ",nr_inodes=%" PRIu64 ",mode=0755", disk_bytes,
           inodes_for(disk_bytes));
  /* Mounted where the last of its folders goes: that one then hides the others. */
  if (mount("disk", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, options) < 0) return "mount-disk";
  if (make_user_folder("/tmp/home", 0755) < 0 || make_user_folder("/tmp/shm", 01777) < 0 ||
      make_user_folder("/tmp/tmp", 01777) < 0)
    return "make-disk";
  if (mount("/tmp/home", BOX_HOME, NULL, MS_BIND, NULL) < 0) return "mount-home";
  if (mount("/tmp/shm", "/dev/shm", NULL, MS_BIND, NULL) < 0) return "mount-shm";
  return mount("/tmp/tmp", "/tmp", NULL, MS_BIND, NULL) < 0 ? "mount-tmp" : NULL;
}

/* Most of these are closed to ordinary users already; the rest tells about the host or other programs on it. */
static const char *const masked_files[] = {
    "/proc/kcore",       "/proc/kmsg",          "/proc/kallsyms",     "/proc/keys",       "/proc/key-users",
    "/proc/timer_list",  "/proc/sched_debug",   "/proc/latency_stats", "/proc/interrupts", "/proc/sysrq-trigger",
    "/proc/modules",     "/proc/vmallocinfo",   "/proc/slabinfo",     "/proc/kpagecount", "/proc/kpageflags",
    "/proc/kpagecgroup", "/proc/config.gz",     "/proc/cmdline",      "/proc/partitions", "/proc/diskstats",
};

static const char *const masked_folders[] = {
    "/proc/acpi", "/proc/asound", "/proc/bus", "/proc/driver", "/proc/fs", "/proc/irq", "/proc/scsi",
};

/* What a container has beside its image: it tells about the host, or is where the host reaches the live service. */
static const char *const container_files[] = {"/etc/resolv.conf", "/etc/hostname"};
static const char *const container_folders[] = {"/sys", "/dev/mqueue", "/run/soulbox"};

static const char *mask(const char *const files[], size_t file_count, const char *const folders[],
                        size_t folder_count) {
  for (size_t i = 0; i < file_count; i++)
    if (mount("/dev/null", files[i], NULL, MS_BIND, NULL) < 0 && errno != ENOENT) return "mask";
  for (size_t i = 0; i < folder_count; i++)
    if (mount("empty", folders[i], "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, "nr_inodes=1") < 0 &&
        errno != ENOENT)
      return "mask";
  return NULL;
}

#define MASK(files, folders) mask(files, sizeof files / sizeof *files, folders, sizeof folders / sizeof *folders)

/*
 * The kernel counts these for the box's user namespace and all above it, up to the user of the host: without a limit
 * here, one program could use up what the host and every other box may have.
 */
static const char *limit_shared_counts(bool stays) {
  const char *const limits[][2] = {
      {"/proc/sys/user/max_inotify_instances", stays ? "64" : "4"},
      {"/proc/sys/user/max_inotify_watches", stays ? "65536" : "1024"},
      {"/proc/sys/user/max_fanotify_groups", "0"},
      {"/proc/sys/user/max_user_namespaces", "0"},
  };
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
    if (write_file_at(AT_FDCWD, limits[i][0], limits[i][1]) < 0 && errno != ENOENT) return "shared-counts";
  return NULL;
}

/* Read-only as a whole: that covers /proc/sys and every other switch in it. */
static const char *mount_processes(bool stays) {
  static const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  if (mount("proc", "/proc", "proc", flags, NULL) < 0) return "mount-proc";
  const char *step = limit_shared_counts(stays);
  if (step) return step;
  /* Its programs may serve on any port: all there are in this network are the box's own. */
  if (stays && write_file_at(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", "0") < 0 && errno != ENOENT)
    return "ports";
  if (mount(NULL, "/proc", NULL, MS_REMOUNT | MS_RDONLY | flags, NULL) < 0) return "mount-proc";
  return MASK(masked_files, masked_folders);
}

/* Terminals of this box alone; they belong to its user. */
static const char *mount_terminals(void) {
  char options[96];
  snprintf(options, sizeof options, "newinstance,ptmxmode=0666,mode=0620,uid=%d,gid=%d", BOX_USER, BOX_USER);
  if (mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, options) < 0) return "mount-terminals";
  return NULL;
}

/* Whatever address is asked, the gateway answers. The file is on a disk of its own, which nothing else can be seen of. */
static const char *name_server(void) {
  static const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
  static const char folder[] = "/run/soulbox", file[] = "/run/soulbox/resolv.conf", text[] = "nameserver 198.18.0.1\n";
  if (mount("names", folder, "tmpfs", flags, "size=4k,nr_inodes=2,mode=0755") < 0) return "name-server";
  int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (fd < 0 || write_all(fd, text, sizeof text - 1) < 0) return "name-server";
  close(fd);
  if (mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY | flags, NULL) < 0) return "name-server";
  return mount(file, "/etc/resolv.conf", NULL, MS_BIND, NULL) < 0 ? "name-server" : NULL;
}

const char *build_filesystem(uint64_t disk_bytes, bool in_container, bool stays, bool asks_names) {
  if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) return "mount-private";
  if (add_mount_attributes("/", MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, true) < 0) return "read-only";
  const char *step = mount_disk(disk_bytes);
  if (step == NULL) step = mount_processes(stays);
  if (step == NULL && stays) step = mount_terminals();
  if (step || !in_container) return step;
  step = MASK(container_files, container_folders);
  return step || !asks_names ? step : name_server();
}

const char *close_to_others(void) {
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0) return "dumpable";
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? "no-new-privs" : NULL;
}

const char *drop_supervisor_powers(bool watches_memory) {
  uint64_t kept = CAPABILITY(CAP_SETUID) | CAPABILITY(CAP_SETGID) | CAPABILITY(CAP_KILL);
  if (watches_memory) kept |= CAPABILITY(CAP_SYS_PTRACE); /* reads the shares of memory in /proc */
  if (lock_securebits() < 0) return "securebits";
  if (empty_bounding_set() < 0) return "bounding-set";
  if (keep_capabilities(kept) < 0) return "capabilities";
  return close_to_others();
}
