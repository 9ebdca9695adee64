#include "box_stages.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "description.h"
#include "privileges.h"

enum {
  MAX_STAGE_BYTES = 4 << 20,
  OPEN_FILES = 1024,
  STACK_BYTES = 8 << 20,
  LOCKED_BYTES = 64 << 10,
  QUEUED_SIGNALS = 1024,
  EXIT_CANNOT_EXECUTE = 126,
  EXIT_NOT_FOUND = 127,
};

/* Room beside what the watchdog watches. Mappings are often reserved and never touched; and a program that asks for
   far too much shall meet the limit on memory, as it does with a cgroup, not an error that it can hide. */
static const uint64_t reserved_bytes = UINT64_C(16) << 30;

struct stage {
  char **arguments;
  char **environment;
  bool takes_stdin, takes_warm;
  char *kept;
  uint32_t argument_count, environment_count;
  size_t bytes; /* of all strings, their NULs included */
};

static struct stage stages[MAX_STAGES];
static unsigned count;
static size_t kept_bytes;

unsigned stage_count(void) { return count; }

bool stage_add(const struct frame *frame) {
  struct stage_description description;
  kept_bytes += frame->length;
  if (count == MAX_STAGES || kept_bytes > MAX_STAGE_BYTES || !describe_stage(frame, &description)) return false;
  /* Each string loses a header of five bytes and gains a NUL. */
  char *text = malloc(frame->length + 1);
  char *kept = description.kept ? strndup((const char *)description.kept, description.kept_length) : NULL;
  char **strings = calloc(description.arguments + description.environment + 2, sizeof *strings);
  if (text == NULL || strings == NULL || (description.kept && kept == NULL)) return false;
  struct stage *stage = &stages[count++];
  *stage = (struct stage){
      .arguments = strings,
      .environment = strings + description.arguments + 1,
      .takes_stdin = description.takes_stdin,
      .takes_warm = description.takes_warm,
      .kept = kept,
      .argument_count = description.arguments,
      .environment_count = description.environment,
  };
  unsigned arguments = 0, environment = 0;
  struct field_reader reader = read_fields(frame);
  struct field field;
  while (next_field(&reader, &field) > 0) {
    if (field.tag != 3 && field.tag != 4) continue;
    if (field.tag == 3)
      stage->arguments[arguments++] = text;
    else
      stage->environment[environment++] = text;
    memcpy(text, field.bytes, field.length);
    text[field.length] = 0;
    text += field.length + 1;
    stage->bytes += field.length + 1;
  }
  return true;
}

bool stage_takes_warm(unsigned index) { return stages[index].takes_warm; }

const char *stage_kept(unsigned index) { return stages[index].kept; }

uint8_t *stage_job(unsigned index, size_t *length) {
  const struct stage *stage = &stages[index];
  size_t head = 1 + 2 * sizeof(uint32_t);
  *length = sizeof(uint32_t) + head + stage->bytes;
  struct writer job = {malloc(*length), 0, *length};
  if (job.bytes == NULL) return NULL;
  put_u32(&job, (uint32_t)(head + stage->bytes));
  put_u8(&job, stage->takes_stdin);
  put_u32(&job, stage->argument_count);
  put_u32(&job, stage->environment_count);
  for (char **text = stage->arguments; *text; text++) put_bytes(&job, *text, strlen(*text) + 1);
  for (char **text = stage->environment; *text; text++) put_bytes(&job, *text, strlen(*text) + 1);
  return job.bytes;
}

/* Never above what this process itself may have. */
static int limit_resource(int resource, uint64_t soft, uint64_t hard) {
  struct rlimit limit;
  if (getrlimit(resource, &limit) < 0) return -1;
  if (hard < limit.rlim_max) limit.rlim_max = hard;
  limit.rlim_cur = soft < limit.rlim_max ? soft : limit.rlim_max;
  return setrlimit(resource, &limit);
}

static int limit_resources(const struct box_plan *plan) {
  const struct limits *limits = &plan->limits;
  uint64_t seconds = limits->cpu_ms / 1000 + 2;
  /* With a shared uid the init of the box counts too; and the agent where they share a user namespace. */
  uint64_t processes = (uint64_t)limits->processes + (plan->identity.own_uid ? 0 : plan->container_is_box ? 2 : 1);
  bool failed = limit_resource(RLIMIT_CORE, 0, 0) < 0 || limit_resource(RLIMIT_NOFILE, OPEN_FILES, OPEN_FILES) < 0 ||
                limit_resource(RLIMIT_STACK, STACK_BYTES, RLIM_INFINITY) < 0 ||
                limit_resource(RLIMIT_CPU, seconds, seconds + 1) < 0 || limit_resource(RLIMIT_MSGQUEUE, 0, 0) < 0 ||
                limit_resource(RLIMIT_MEMLOCK, LOCKED_BYTES, LOCKED_BYTES) < 0 ||
                limit_resource(RLIMIT_SIGPENDING, QUEUED_SIGNALS, QUEUED_SIGNALS) < 0 ||
                limit_resource(RLIMIT_NICE, 0, 0) < 0 || limit_resource(RLIMIT_RTPRIO, 0, 0) < 0;
  if (plan->holders.processes == HELD_BY_WATCHDOG) failed |= limit_resource(RLIMIT_NPROC, processes, processes) < 0;
  if (plan->holders.memory == HELD_BY_WATCHDOG) {
    uint64_t bytes = limits->memory + reserved_bytes;
    failed |= limit_resource(RLIMIT_DATA, bytes, bytes) < 0;
  }
  return failed ? -1 : 0;
}

static int connect_streams(const struct box_plan *plan, bool takes_stdin, int kept) {
  int input = takes_stdin ? plan->user_stdin : open("/dev/null", O_RDONLY | O_CLOEXEC);
  const int sources[] = {input, plan->user_stdout, plan->user_stderr};
  for (int stream = STDIN_FILENO; stream <= STDERR_FILENO; stream++) {
    /* The stage before may have made them non-blocking, which belongs to the pipe, not to its descriptor. */
    if (sources[stream] < 0 || fcntl(sources[stream], F_SETFL, 0) < 0 || dup2(sources[stream], stream) < 0) return -1;
  }
  if (kept < 0) return (int)syscall(SYS_close_range, STDERR_FILENO + 1, ~0u, 0);
  if (kept == WARM_JOB ? fcntl(kept, F_SETFD, 0) < 0 : dup2(kept, WARM_JOB) < 0) return -1;
  return (int)syscall(SYS_close_range, WARM_JOB + 1, ~0u, 0);
}

static int become_user(const struct box_plan *plan) {
  if (plan->identity.own_uid && (setgroups(0, NULL) < 0 || setresgid(BOX_USER, BOX_USER, BOX_USER) < 0 ||
                                 setresuid(BOX_USER, BOX_USER, BOX_USER) < 0))
    return -1;
  if (keep_capabilities(0) < 0) return -1;
  return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

void reset_signals(void) {
  sigset_t none;
  struct sigaction standard = {.sa_handler = SIG_DFL};
  for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

bool confine(const struct box_plan *plan) {
  return limit_resources(plan) >= 0 && become_user(plan) >= 0 &&
         prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, plan->filter, 0, 0) >= 0;
}

bool enter_box(const struct box_plan *plan, bool takes_stdin, int kept) {
  umask(022);
  return setsid() >= 0 && connect_streams(plan, takes_stdin, kept) >= 0 && chdir(BOX_HOME) >= 0 &&
         confine(plan);
}

static _Noreturn void execute(const struct stage *stage, const struct box_plan *plan) {
  reset_signals();
  if (!enter_box(plan, stage->takes_stdin, -1)) {
    plan->watch->start_failed = true;
    _exit(EXIT_CANNOT_EXECUTE);
  }
  execve(stage->arguments[0], stage->arguments, stage->environment);
  int error = errno;
  dprintf(STDERR_FILENO, "cannot execute %s: %s\n", stage->arguments[0], strerror(error));
  _exit(error == ENOENT ? EXIT_NOT_FOUND : EXIT_CANNOT_EXECUTE);
}

pid_t stage_start(unsigned index, const struct box_plan *plan) {
  pid_t pid = fork();
  if (pid == 0) execute(&stages[index], plan);
  return pid;
}
