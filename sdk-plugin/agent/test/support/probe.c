/*
 * A program that misbehaves in one way at a time, for tests to run in a box: `probe DEED [ARGUMENT…]`. As `probe wait` and
 * `probe zygote` it waits for its deed.
 */
#include <dirent.h>
#ifdef ZYGOTE
#include <dlfcn.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static long number(char **arguments, int index) { return arguments[index] ? strtol(arguments[index], NULL, 0) : 0; }

static void say(char **arguments) {
  for (int i = 0; arguments[i]; i++) printf("argument %s\n", arguments[i]);
  for (char **entry = environ; *entry; entry++) printf("environment %s\n", *entry);
  char folder[256];
  printf("folder %s\n", getcwd(folder, sizeof folder));
}

static void echo(void) {
  char bytes[65536];
  for (ssize_t got; (got = read(0, bytes, sizeof bytes)) > 0;)
    for (ssize_t done = 0; done < got;) done += write(1, bytes + done, (size_t)(got - done));
}

static void flood(long bytes, int fd) {
  char block[4096];
  memset(block, 'x', sizeof block);
  while (bytes > 0) {
    ssize_t done = write(fd, block, bytes < (long)sizeof block ? (size_t)bytes : sizeof block);
    if (done < 0) exit(errno == EAGAIN ? 9 : 8);
    bytes -= done;
  }
}

static void eat_memory(int flags, int hide) {
  size_t block = 1 << 20;
  for (;;) {
    char *bytes = mmap(NULL, block, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) exit(7);
    memset(bytes, 1, block);
    if (hide) madvise(bytes, block, MADV_DONTNEED);
  }
}

/* Memory that is in no process: what sockets hold for each other. */
static void hoard_sockets(void) {
  static char block[4096];
  for (int i = 0; i < 4; i++)
    if (fork() == 0) break;
  for (int ends[2]; socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0;)
    while (write(ends[0], block, sizeof block) > 0) continue;
  pause();
}

static void allocate_at_once(size_t bytes) {
  char *all = malloc(bytes);
  if (all == NULL) exit(7);
  memset(all, 1, bytes);
  exit(all[bytes / 2]);
}

static void eat_memory_in_child(void) {
  pid_t pid = fork();
  if (pid == 0) eat_memory(MAP_PRIVATE, 0);
  waitpid(pid, NULL, 0);
}

/* Each stays below the limit, and none ends by itself. */
static void eat_memory_in_children(size_t each) {
  for (int i = 0; i < 6; i++) {
    if (fork() > 0) continue;
    char *bytes = mmap(NULL, each, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (bytes == MAP_FAILED) exit(7);
    memset(bytes, 1, each);
    for (;;) pause();
  }
  for (;;) pause();
}

static void fork_bomb(void) {
  for (;;) {
    pid_t pid = fork();
    if (pid < 0 && getpid() == 2) exit(6);
    if (pid == 0) pause();
  }
}

static void fork_bomb_forever(void) {
  for (;;) (void)!fork();
}

static void fill_disk(const char *path) {
  char block[65536] = {1};
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  while (write(fd, block, sizeof block) > 0) continue;
  exit(errno == ENOSPC ? 5 : 4);
}

static void make_file(const char *path, long bytes, mode_t mode) {
  int fd = open(path, O_WRONLY | O_CREAT, mode);
  if (ftruncate(fd, bytes) < 0) exit(4);
}

static void fill_inodes(void) {
  char name[32];
  for (int i = 0;; i++) {
    snprintf(name, sizeof name, "/tmp/%d", i);
    if (mkdir(name, 0700) < 0) exit(errno == ENOSPC ? 5 : 4);
  }
}

static void leave_daemon(void) {
  if (fork() == 0) {
    setsid();
    if (fork() == 0) {
      for (int i = 1; i < NSIG; i++) signal(i, SIG_IGN);
      for (;;) pause();
    }
    _exit(0);
  }
  wait(NULL);
  puts("left");
}

static void leave_zombies(void) {
  for (int i = 0; i < 8; i++)
    if (fork() == 0) _exit(0);
  puts("left");
}

/* Many short-lived children, each of which uses a little processor time. */
static void spin_in_children(void) {
  for (;;) {
    pid_t pid = fork();
    if (pid == 0) {
      for (volatile long i = 0; i < 3000000; i++) continue;
      _exit(0);
    }
    waitpid(pid, NULL, 0);
  }
}

static void spin(void) {
  for (;;) continue;
}

static void attack_init(void) {
  static const int signals[] = {SIGKILL, SIGSTOP, SIGTERM, SIGCHLD, SIGXCPU, SIGSEGV};
  for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) kill(1, signals[i]);
  kill(-1, SIGTERM);
  struct rlimit nothing = {0, 0};
  printf("prlimit %d\n", prlimit(1, RLIMIT_CPU, &nothing, NULL));
  printf("priority %d\n", setpriority(PRIO_PROCESS, 1, 19));
  printf("all-priorities %d\n", setpriority(PRIO_USER, 0, 19));
  static const char *const files[] = {"environ", "mem", "maps", "root", "cwd", "exe"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    char path[64], target[256];
    snprintf(path, sizeof path, "/proc/1/%s", files[i]);
    int fd = open(path, O_RDONLY);
    ssize_t got = fd < 0 ? readlink(path, target, sizeof target) : read(fd, target, sizeof target);
    printf("%s %s\n", files[i], got > 0 ? "READ" : "refused");
  }
  int fd = open("/proc/1/cmdline", O_RDONLY);
  char text[4096];
  ssize_t got = read(fd, text, sizeof text), visible = 0;
  for (ssize_t i = 0; i < got; i++) visible += text[i] != 0;
  printf("command-line %zd\n", visible);
}

static void print_file(const char *path) {
  char line[4096];
  FILE *file = fopen(path, "r");
  while (file && fgets(line, sizeof line, file)) fputs(line, stdout);
}

static void list(const char *path) {
  DIR *folder = opendir(path);
  for (struct dirent *entry; folder && (entry = readdir(folder)) != NULL;)
    if (entry->d_name[0] != '.') printf("entry %s\n", entry->d_name);
}

static void print_link(const char *path) {
  char target[256] = "";
  if (readlink(path, target, sizeof target - 1) < 0) snprintf(target, sizeof target, "%s", strerrorname_np(errno));
  puts(target);
}

static void try_write(const char *path) {
  int fd = open(path, O_WRONLY | O_CREAT, 0600);
  printf("%s %s\n", path, fd < 0 ? strerrorname_np(errno) : "written");
}

static void call(char **arguments) {
  long values[7] = {0};
  for (int i = 0; i < 7 && arguments[i]; i++) values[i] = number(arguments, i);
  long result = syscall(values[0], values[1], values[2], values[3], values[4], values[5], values[6]);
  printf("%s\n", result < 0 ? strerrorname_np(errno) : "ok");
}

static void limit(long resource) {
  struct rlimit limits;
  getrlimit((int)resource, &limits);
  printf("%llu\n", (unsigned long long)limits.rlim_max);
}

static int perform(int count, char **all) {
  const char *deed = count > 1 ? all[1] : "";
  char **arguments = all + 2;
#define DEED(name, action)      \
  if (strcmp(deed, name) == 0) { \
    action;                     \
    return 0;                   \
  }
  DEED("say", say(arguments))
  DEED("exit", exit((int)number(arguments, 0)))
  DEED("signal", raise((int)number(arguments, 0)))
  DEED("pause", for (;;) pause())
  DEED("say-and-pause", for (say(arguments);;) pause())
  DEED("echo", echo())
  DEED("flood", flood(number(arguments, 0), arguments[1] ? 2 : 1))
  DEED("eat-memory", eat_memory(MAP_PRIVATE, 0))
  DEED("eat-memory-in-child", eat_memory_in_child())
  DEED("eat-memory-in-children", eat_memory_in_children((size_t)number(arguments, 0)))
  DEED("hide-memory", eat_memory(MAP_SHARED, 1))
  DEED("allocate-at-once", allocate_at_once((size_t)number(arguments, 0)))
  DEED("hoard-sockets", hoard_sockets())
  DEED("fork-bomb", fork_bomb())
  DEED("fork-bomb-forever", fork_bomb_forever())
  DEED("fill-disk", fill_disk(arguments[0]))
  DEED("make-file", make_file(arguments[0], number(arguments, 1), (mode_t)number(arguments, 2)))
  DEED("make-link", return symlink(arguments[1], arguments[0]))
  DEED("make-folder", return mkdir(arguments[0], 0700))
  DEED("make-pipe", return mkfifo(arguments[0], 0600))
  DEED("fill-inodes", fill_inodes())
  DEED("leave-daemon", leave_daemon())
  DEED("leave-zombies", leave_zombies())
  DEED("spin", spin())
  DEED("spin-in-children", spin_in_children())
  DEED("make-nonblocking", fcntl(1, F_SETFL, O_NONBLOCK))
  DEED("attack-init", attack_init())
  DEED("print", print_file(arguments[0]))
  DEED("list", list(arguments[0]))
  DEED("links", for (; *arguments; arguments++) print_link(*arguments))
  DEED("write", for (; *arguments; arguments++) try_write(*arguments))
  DEED("call", call(arguments))
  DEED("limit", limit(number(arguments, 0)))
#ifdef __x86_64__
  DEED("old-call", __asm__ volatile("int $0x80" : : "a"(20)))
#endif
  return 99;
}

static char *read_job(size_t length) {
  char *bytes = malloc(length);
  for (size_t at = 0; at < length;) {
    ssize_t got = read(3, bytes + at, length - at);
    if (got <= 0) exit(0);
    at += (size_t)got;
  }
  return bytes;
}

/* Says that it is ready, and becomes what its job says. */
static int wait_for_job(void) {
  if (write(3, "r", 1) != 1) return 98;
  uint32_t length, counts[2];
  memcpy(&length, read_job(sizeof length), sizeof length);
  char *job = read_job(length), *text = job + 9;
  memcpy(counts, job + 1, sizeof counts);
  char **strings = calloc(counts[0] + counts[1] + 2, sizeof *strings);
  for (uint32_t i = 0; i < counts[0] + counts[1]; i++, text += strlen(text) + 1) strings[i + (i >= counts[0])] = text;
  environ = strings + counts[0] + 1;
  close(3);
  if (job[0] == 0) {
    close(0);
    if (open("/dev/null", O_RDONLY) != 0) exit(98);
  }
  return perform((int)counts[0], strings);
}

#ifdef ZYGOTE
/* `how` its copies behave. */
static int become_zygote(const char *how) {
  void *library = dlopen("/proc/self/fd/4", RTLD_NOW);
  int (*serve)(void) = (int (*)(void))dlsym(library, "soulbox_zygote");
  if (serve() < 0) return 97;
  if (strcmp(how, "ends") == 0) return 96;
  while (strcmp(how, "pauses") == 0) pause();
  return wait_for_job();
}
#endif

int main(int count, char **all) {
  const char *deed = count > 1 ? all[1] : "";
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (strcmp(deed, "wait") == 0) {
    if (count > 2) unlink(all[2]);
    return wait_for_job();
  }
#ifdef ZYGOTE
  if (strcmp(deed, "zygote") == 0) return become_zygote(count > 2 ? all[2] : "");
#endif
  return perform(count, all);
}
