#include "outer_root.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "box.h"
#include "fail.h"
#include "outer_paths.h"
#include "system.h"

static void mount_or_fail(const char *step, const char *source, const char *target, const char *type,
                          unsigned long flags, const char *options) {
  if (mount(source, target, type, flags, options) < 0) fail_step(step);
}

/* The root that comes is mounted where every system has a folder, and becomes the root at once: then the folder
   is free again and can itself be among the paths. */
static void enter_new_root(void) {
  mount_or_fail("mount-private", NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
  mount_or_fail("mount-root", "root", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "size=8m,nr_inodes=16k,mode=0755");
  if (mkdir("/tmp" OLD_ROOT, 0700) < 0) fail_step("make-old-root");
  if (syscall(SYS_pivot_root, "/tmp", "/tmp" OLD_ROOT) < 0) fail_step("pivot-root");
  if (chdir("/") < 0) fail_step("chdir");
}

static void make_folder(const char *path, mode_t mode) {
  if (mkdir(path, mode) < 0 || chmod(path, mode) < 0) fail_path("folder", path);
}

static void make_folders(void) {
  static const char *const folders[] = {"/proc", "/dev", "/dev/shm", "/etc", "/home", BOX_HOME, "/tmp"};
  for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) make_folder(folders[i], 0755);
}

static void write_text(const char *path, const char *text) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
  if (fd < 0 || write_all(fd, text, strlen(text)) < 0) fail_path("file", path);
  close(fd);
}

static void write_etc(bool asks_names) {
  write_text("/etc/passwd", "root:x:0:0:root:/:/bin/false\n"
                            "sandbox:x:1000:1000:sandbox:" BOX_HOME ":/bin/sh\n"
                            "nobody:x:65534:65534:nobody:/:/bin/false\n");
  write_text("/etc/group", "root:x:0:\nsandbox:x:1000:\nnogroup:x:65534:\n");
  write_text("/etc/hosts", "127.0.0.1 localhost sandbox\n::1 localhost sandbox\n");
  /* Whatever address is asked, the gateway answers. */
  write_text("/etc/nsswitch.conf", asks_names ? "passwd: files\ngroup: files\nhosts: files dns\nservices: files\n"
                                              : "passwd: files\ngroup: files\nhosts: files\nservices: files\n");
  write_text("/etc/resolv.conf", asks_names ? "nameserver 198.18.0.1\n" : "");
}

static void make_device(const char *path) {
  char source[64];
  snprintf(source, sizeof source, OLD_ROOT "%s", path);
  write_text(path, "");
  if (mount(source, path, NULL, MS_BIND, NULL) < 0 ||
      add_mount_attributes(path, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, false) < 0)
    fail_path("device", path);
}

static void make_terminals(void) {
  make_folder("/dev/pts", 0755);
  if (symlink("pts/ptmx", "/dev/ptmx") < 0) fail_path("device", "/dev/ptmx");
  make_device("/dev/tty");
}

static void make_devices(void) {
  static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"};
  static const char *const links[][2] = {
      {"/proc/self/fd", "/dev/fd"},
      {"/proc/self/fd/0", "/dev/stdin"},
      {"/proc/self/fd/1", "/dev/stdout"},
      {"/proc/self/fd/2", "/dev/stderr"},
  };
  for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) make_device(devices[i]);
  for (size_t i = 0; i < sizeof links / sizeof *links; i++)
    if (symlink(links[i][0], links[i][1]) < 0) fail_path("device", links[i][1]);
}

/* While the old one can still be seen: the kernel lets a user namespace have a fresh one only where a whole one is. */
static void mount_processes(void) {
  mount_or_fail("mount-proc", "proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

void build_outer_root(const struct options *options, bool as_root) {
  mode_t mask = umask(0);
  enter_new_root();
  make_folders();
  write_etc(options->gateway);
  make_devices();
  if (options->listen) make_terminals();
  for (unsigned i = 0; i < options->path_count; i++) bind_path(options->paths[i], as_root);
  mount_processes();
  if (umount2(OLD_ROOT, MNT_DETACH) < 0) fail_step("leave-old-root");
  if (rmdir(OLD_ROOT) < 0) fail_step("leave-old-root");
  if (add_mount_attributes("/", MOUNT_ATTR_RDONLY, false) < 0) fail_step("read-only");
  umask(mask);
}
