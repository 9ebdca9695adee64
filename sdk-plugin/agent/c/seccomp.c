#include "seccomp.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/ioprio.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "system.h"

#if defined __x86_64__
#define AUDIT_ARCH_HERE AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define AUDIT_ARCH_HERE AUDIT_ARCH_AARCH64
#else
#error "no filter for this architecture"
#endif

enum {
  MAX_RULES = 160,
  MAX_INSTRUCTIONS = 512,
  X32_BIT = 0x40000000,
  INIT_PID = 1,
  NAMESPACE_FLAGS =
      CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET,
};

/* Calls from `first` up to the next span's share one action. */
struct span {
  uint32_t first;
  enum call_action action;
};

struct program {
  struct sock_filter code[MAX_INSTRUCTIONS];
  unsigned length;
  unsigned jumps[MAX_RULES]; /* instructions that must still learn where their action's block begins */
  enum call_action targets[MAX_RULES];
  unsigned jump_count;
  struct span spans[2 * MAX_RULES];
  unsigned span_count;
};

static void emit(struct program *program, struct sock_filter instruction) {
  if (program->length < MAX_INSTRUCTIONS) program->code[program->length] = instruction;
  program->length++;
}

static void emit_load(struct program *program, size_t offset) {
  emit(program, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* The low half of an argument: the kernel takes all arguments checked here as 32 bits wide. */
static void emit_load_argument(struct program *program, int index) {
  emit_load(program, offsetof(struct seccomp_data, args) + (size_t)index * sizeof(uint64_t));
}

static void emit_compare(struct program *program, uint16_t test, uint32_t value, unsigned yes, unsigned no) {
  emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, (uint8_t)yes, (uint8_t)no));
}

static void emit_return(struct program *program, uint32_t value) {
  emit(program, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, value));
}

static uint32_t return_error(int error) { return SECCOMP_RET_ERRNO | ((uint32_t)error & SECCOMP_RET_DATA); }

static void emit_leaf(struct program *program, enum call_action action) {
  switch (action) {
    case CALL_ALLOW:
      emit_return(program, SECCOMP_RET_ALLOW);
      return;
    case CALL_EPERM:
      emit_return(program, return_error(EPERM));
      return;
    case CALL_ENOSYS:
      emit_return(program, return_error(ENOSYS));
      return;
    case CALL_KILL:
      emit_return(program, SECCOMP_RET_KILL_PROCESS);
      return;
    default:
      program->jumps[program->jump_count] = program->length;
      program->targets[program->jump_count++] = action;
      emit(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JA, 0, 0, 0));
  }
}

/* A balanced tree of comparisons over spans [from, to): about seven steps where a list would take a hundred. */
static void emit_tree(struct program *program, unsigned from, unsigned to) {
  if (to - from == 1) {
    emit_leaf(program, program->spans[from].action);
    return;
  }
  unsigned middle = from + (to - from) / 2;
  unsigned branch = program->length;
  emit_compare(program, BPF_JGE, program->spans[middle].first, 0, 0);
  emit_tree(program, from, middle);
  unsigned distance = program->length - branch - 1;
  if (distance > UINT8_MAX)
    program->length = MAX_INSTRUCTIONS + 1; /* a jump cannot reach so far: refuse the program */
  else if (branch < MAX_INSTRUCTIONS)
    program->code[branch].jt = (uint8_t)distance;
  emit_tree(program, middle, to);
}

static void emit_clone(struct program *program) {
  emit_load_argument(program, 0);
  emit_compare(program, BPF_JSET, NAMESPACE_FLAGS, 0, 1);
  emit_return(program, return_error(EPERM));
  emit_return(program, SECCOMP_RET_ALLOW);
}

/* Unix sockets; TCP and UDP; the routing kind of netlink, by which C libraries list interfaces. */
static void emit_socket(struct program *program) {
  emit_load_argument(program, 0);
  emit_compare(program, BPF_JEQ, AF_UNIX, 9, 0);
  emit_compare(program, BPF_JEQ, AF_INET, 3, 0);
  emit_compare(program, BPF_JEQ, AF_INET6, 2, 0);
  emit_compare(program, BPF_JEQ, AF_NETLINK, 4, 0);
  emit_return(program, return_error(EAFNOSUPPORT));
  emit_load_argument(program, 2);
  emit_compare(program, BPF_JEQ, 6 /* TCP */, 3, 0);
  emit_compare(program, BPF_JEQ, 17 /* UDP */, 2, 1);
  emit_load_argument(program, 2);
  emit_compare(program, BPF_JEQ, 0, 0, 1);
  emit_return(program, SECCOMP_RET_ALLOW);
  emit_return(program, return_error(EPROTONOSUPPORT));
}

static void emit_personality(struct program *program) {
  emit_load_argument(program, 0);
  emit_compare(program, BPF_JEQ, 0, 1, 0);
  emit_compare(program, BPF_JEQ, UINT32_MAX, 0, 1);
  emit_return(program, SECCOMP_RET_ALLOW);
  emit_return(program, return_error(EPERM));
}

static void emit_ioctl(struct program *program) {
  emit_load_argument(program, 1);
  emit_compare(program, BPF_JEQ, TIOCSTI, 1, 0);
  emit_compare(program, BPF_JEQ, TIOCLINUX, 0, 1);
  emit_return(program, return_error(EPERM));
  emit_return(program, SECCOMP_RET_ALLOW);
}

static void emit_prlimit(struct program *program) {
  emit_load_argument(program, 0);
  emit_compare(program, BPF_JEQ, 0, 0, 1);
  emit_return(program, SECCOMP_RET_ALLOW);
  emit_return(program, return_error(EPERM));
}

static void emit_schedule(struct program *program) {
  emit_load_argument(program, 0);
  emit_compare(program, BPF_JEQ, INIT_PID, 0, 1);
  emit_return(program, return_error(EPERM));
  emit_return(program, SECCOMP_RET_ALLOW);
}

/* Calls whose first argument says what the second one is. */
static void emit_whose_priority(struct program *program, uint32_t process, uint32_t user) {
  emit_load_argument(program, 0);
  emit_compare(program, BPF_JEQ, user, 3, 0);
  emit_compare(program, BPF_JEQ, process, 0, 3);
  emit_load_argument(program, 1);
  emit_compare(program, BPF_JEQ, INIT_PID, 0, 1);
  emit_return(program, return_error(EPERM));
  emit_return(program, SECCOMP_RET_ALLOW);
}

static void emit_priority(struct program *program) { emit_whose_priority(program, PRIO_PROCESS, PRIO_USER); }

static void emit_io_priority(struct program *program) {
  emit_whose_priority(program, IOPRIO_WHO_PROCESS, IOPRIO_WHO_USER);
}

static void emit_block(struct program *program, enum call_action action, void (*block)(struct program *)) {
  unsigned begin = program->length;
  block(program);
  for (unsigned i = 0; i < program->jump_count; i++)
    if (program->targets[i] == action && program->jumps[i] < MAX_INSTRUCTIONS)
      program->code[program->jumps[i]].k = begin - program->jumps[i] - 1;
}

static int compare_rules(const void *left, const void *right) {
  uint32_t a = ((const struct call_rule *)left)->number, b = ((const struct call_rule *)right)->number;
  return (a > b) - (a < b);
}

static void add_span(struct program *program, uint32_t first, enum call_action action) {
  struct span *last = program->span_count ? &program->spans[program->span_count - 1] : NULL;
  if (last && last->first == first)
    last->action = action;
  else if (!last || last->action != action)
    program->spans[program->span_count++] = (struct span){first, action};
}

static void make_spans(struct program *program, bool memory_is_accounted) {
  struct call_rule all[MAX_RULES];
  unsigned count, more = 0;
  const struct call_rule *rules = call_rules(&count);
  const struct call_rule *memory = unaccounted_memory_rules(&more);
  if (memory_is_accounted) more = 0;
  if (count + more > MAX_RULES) abort();
  memcpy(all, rules, count * sizeof *all);
  memcpy(all + count, memory, more * sizeof *all);
  qsort(all, count + more, sizeof *all, compare_rules);
  add_span(program, 0, CALL_ALLOW);
  for (unsigned i = 0; i < count + more; i++) {
    add_span(program, all[i].number, all[i].action);
    add_span(program, all[i].number + 1, CALL_ALLOW);
  }
  add_span(program, newest_reviewed_call() + 1, CALL_ENOSYS);
  /* On x86_64 a second table of calls, with this bit set, shares the architecture's number. */
  add_span(program, X32_BIT, CALL_KILL);
}

static void compile(struct program *program, bool memory_is_accounted) {
  make_spans(program, memory_is_accounted);
  emit_load(program, offsetof(struct seccomp_data, arch));
  emit_compare(program, BPF_JEQ, AUDIT_ARCH_HERE, 1, 0);
  emit_return(program, SECCOMP_RET_KILL_PROCESS);
  emit_load(program, offsetof(struct seccomp_data, nr));
  emit_tree(program, 0, program->span_count);
  emit_block(program, CALL_CLONE, emit_clone);
  emit_block(program, CALL_SOCKET, emit_socket);
  emit_block(program, CALL_PERSONALITY, emit_personality);
  emit_block(program, CALL_IOCTL, emit_ioctl);
  emit_block(program, CALL_PRLIMIT, emit_prlimit);
  emit_block(program, CALL_SCHEDULE, emit_schedule);
  emit_block(program, CALL_PRIORITY, emit_priority);
  emit_block(program, CALL_IO_PRIORITY, emit_io_priority);
}

const struct sock_fprog *seccomp_filter(bool memory_is_accounted) {
  static struct program programs[2];
  static struct sock_fprog filters[2];
  struct program *program = &programs[memory_is_accounted];
  struct sock_fprog *filter = &filters[memory_is_accounted];
  if (program->length == 0) compile(program, memory_is_accounted);
  if (program->length > MAX_INSTRUCTIONS) return NULL;
  *filter = (struct sock_fprog){(unsigned short)program->length, program->code};
  return filter;
}
