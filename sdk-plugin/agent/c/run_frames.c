#include "run_frames.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { PAYLOAD_ROOM = 1024 };

/* Gathers a payload whose length is not known before. */
struct payload {
  uint8_t bytes[PAYLOAD_ROOM];
  struct writer writer;
};

static struct writer *begin(struct payload *payload) {
  payload->writer = (struct writer){payload->bytes, 0, sizeof payload->bytes};
  return &payload->writer;
}

static void finish(struct agent *agent, struct payload *payload, uint8_t type, uint32_t run) {
  put_frame_header(&agent->channel.out, type, run, payload->writer.used);
  put_bytes(&agent->channel.out, payload->bytes, payload->writer.used);
}

void send_stage_start(struct agent *agent, const struct run *run) {
  put_frame_header(&agent->channel.out, FRAME_STAGE_START, run->id, 1);
  put_u8(&agent->channel.out, run->stage);
}

static void put_status(struct writer *out, const struct run *run, enum verdict verdict) {
  const struct stage_outcome *outcome = &run->outcome;
  if (outcome->known && WIFEXITED(outcome->status)) {
    put_u8(out, 3);
    put_u32(out, sizeof(uint32_t));
    put_u32(out, WEXITSTATUS(outcome->status));
  } else if (outcome->known) {
    put_field_u8(out, 4, (uint8_t)WTERMSIG(outcome->status));
  } else if (verdict != VERDICT_LOST) {
    put_field_u8(out, 4, SIGKILL); /* by the end of its box */
  }
}

void send_stage_end(struct agent *agent, const struct run *run, struct judgement judgement) {
  struct payload payload;
  struct writer *out = begin(&payload);
  put_field_u8(out, 1, run->stage);
  put_field_u8(out, 2, (uint8_t)judgement.verdict);
  put_status(out, run, judgement.verdict);
  if (judgement.limit != LIMIT_NONE) put_field_u8(out, 5, (uint8_t)judgement.limit);
  put_field_u64(out, 6, run->outcome.wall_us);
  put_field_u64(out, 7, run->outcome.cpu_us);
  if (run->box.watch->used_warm) put_field_u8(out, 9, 1);
  if (run->outcome.peak_memory > 0) put_field_u64(out, 8, run->outcome.peak_memory);
  finish(agent, &payload, FRAME_STAGE_END, run->id);
}

void send_end(struct agent *agent, const struct run *run) {
  struct payload payload;
  put_field_u8(begin(&payload), 1, (uint8_t)(run->out.truncated | run->err.truncated << 1));
  finish(agent, &payload, FRAME_END, run->id);
}

void send_refused(struct agent *agent, uint32_t id, enum refusal refusal, const char *step, int error) {
  static const char *const codes[] = {
      [REFUSAL_INVALID] = "invalid", [REFUSAL_BUSY] = "busy", [REFUSAL_SETUP] = "setup",
      [REFUSAL_PATH] = "path",       [REFUSAL_DISK] = "disk",
  };
  struct payload payload;
  char message[160];
  if (error)
    snprintf(message, sizeof message, "%.*s: %s", STEP_ROOM, step, strerror(error));
  else
    snprintf(message, sizeof message, "%.*s", STEP_ROOM, step);
  struct writer *out = begin(&payload);
  put_field(out, 1, codes[refusal], strlen(codes[refusal]));
  put_field(out, 2, message, strlen(message));
  finish(agent, &payload, FRAME_REFUSED, id);
}

void send_usage(struct agent *agent, uint32_t id, uint64_t number, const struct usage *usage) {
  struct payload payload;
  struct writer *out = begin(&payload);
  put_field_u64(out, 1, number);
  for (uint8_t kind = 0; kind < USAGE_KINDS; kind++)
    if (usage->known[kind]) put_field_u64(out, 2 + kind, usage->value[kind]);
  finish(agent, &payload, FRAME_USAGE, id);
}

static void put_fact(struct writer *out, const char *key, const char *value) {
  char text[96];
  int length = snprintf(text, sizeof text, "%s=%s", key, value);
  put_field(out, 2, text, (size_t)length);
}

void send_hello(struct agent *agent) {
  static const char *const holders[] = {
      [HELD_BY_WATCHDOG] = "rlimit,watchdog",
      [HELD_BY_CGROUP_V1] = "cgroup-v1",
      [HELD_BY_CGROUP_V2] = "cgroup-v2",
  };
  struct payload payload;
  struct writer *out = begin(&payload);
  put_u8(out, 1);
  put_u32(out, sizeof(uint16_t));
  put_u16(out, PROTOCOL_VERSION);
  /* Of walls that this program did not build it knows nothing. */
  put_fact(out, "namespaces", agent->container_is_box ? "none" : "user,pid,mount,ipc,net,uts,cgroup");
  put_fact(out, "user", agent->own_uids ? "own-uid" : "shared-uid");
  put_fact(out, "filesystem", agent->outer_wall ? "pivot-root,read-only" : agent->container_is_box ? "none" : "read-only");
  put_fact(out, "network", agent->container_is_box ? "host" : "none");
  put_fact(out, "seccomp", "filter");
  put_fact(out, "memory", holders[agent->holders.memory]);
  put_fact(out, "processes", holders[agent->holders.processes]);
  put_fact(out, "cpu", holders[agent->holders.cpu]);
  put_fact(out, "disk", "tmpfs");
  put_fact(out, "output", "agent");
  put_fact(out, "wall", "agent");
  put_fact(out, "stats", "agent");
  put_fact(out, "keep", "agent");
  if (!agent->container_is_box) put_fact(out, "warm", "agent");
  finish(agent, &payload, FRAME_HELLO, 0);
}
