#include "dispatch.h"

#include <errno.h>
#include <unistd.h>

#include "description.h"
#include "run_frames.h"
#include "run_streams.h"
#include "usage.h"
#include "warm.h"

static struct run *find_run(const struct agent *agent, uint32_t id) {
  for (unsigned i = 0; i < agent->max_runs; i++)
    if (agent->runs[i].id == id) return &agent->runs[i];
  return NULL;
}

static struct run *free_run(const struct agent *agent) {
  for (unsigned i = 0; i < agent->max_runs; i++)
    if (agent->runs[i].state == RUN_FREE) return &agent->runs[i];
  return NULL;
}

static enum dispatched open_run(struct agent *agent, const struct frame *frame) {
  struct limits limits;
  uint32_t credit, set;
  if (frame->run <= agent->last_run || !describe_open(frame, &limits, &credit, &set)) return DISPATCH_VIOLATION;
  if (!limits_are_possible(&limits)) {
    send_refused(agent, frame->run, REFUSAL_INVALID, "limits", 0);
  } else if (!warm_open(agent, set, frame->run, &limits, credit)) {
    struct run *place = free_run(agent);
    if (place == NULL && warm_make_room(agent)) {
      agent->waits_for_place = true;
      return DISPATCH_LATER;
    }
    if (place)
      run_open(agent, place, frame->run, &limits, credit);
    else
      send_refused(agent, frame->run, REFUSAL_BUSY, "too many runs", 0);
  }
  agent->last_run = frame->run;
  return DISPATCHED;
}

/* Hands the frame on to the init of the box as it is. The rest of one that was cut stays to be sent later. */
static enum dispatched forward(struct agent *agent, struct run *run, const struct frame *frame) {
  const uint8_t *bytes = frame->payload - FRAME_HEADER;
  size_t length = FRAME_HEADER + (size_t)frame->length;
  while (agent->forwarded < length) {
    ssize_t sent = write(run->box.link, bytes + agent->forwarded, length - agent->forwarded);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) {
      agent->forwarding = run;
      return DISPATCH_LATER;
    }
    if (sent < 0) break; /* the init of the box has ended, which is noticed elsewhere */
    agent->forwarded += (size_t)sent;
  }
  return DISPATCHED;
}

static enum dispatched describe_run(struct agent *agent, struct run *run, const struct frame *frame) {
  struct file_description file;
  struct stage_description stage;
  if (run->state == RUN_ENDING) return DISPATCHED;
  if (run->state != RUN_DESCRIBED) return DISPATCH_VIOLATION;
  switch (frame->type) {
    case FRAME_FILE:
      if (!describe_file(frame, &file)) return DISPATCH_VIOLATION;
      run->has_file = true;
      break;
    case FRAME_APPEND:
      if (!run->has_file) return DISPATCH_VIOLATION;
      break;
    case FRAME_STAGE:
      if (!describe_stage(frame, &stage)) return DISPATCH_VIOLATION;
      if (run->stage_count == MAX_STAGES || !program_is_possible(frame, stage.arguments, stage.environment)) {
        run_refuse(run, REFUSAL_INVALID, "stage", 0);
        return DISPATCHED;
      }
      break;
    default:
      if (frame->length != 0) return DISPATCH_VIOLATION;
      if (run->stage_count == 0) {
        run_refuse(run, REFUSAL_INVALID, "no stage", 0);
        return DISPATCHED;
      }
  }
  enum dispatched result = forward(agent, run, frame);
  if (result == DISPATCHED && frame->type == FRAME_STAGE) run->stage_count++;
  if (result == DISPATCHED && frame->type == FRAME_START) run_start(agent, run);
  return result;
}

static enum dispatched end_stdin(struct agent *agent, struct run *run) {
  if (run->stdin_ended) return DISPATCH_VIOLATION;
  run->stdin_ended = true;
  pump_stdin(agent, run);
  return DISPATCHED;
}

static enum dispatched steer_run(struct agent *agent, struct run *run, const struct frame *frame) {
  if (run->state == RUN_DESCRIBED && (frame->type == FRAME_STDIN || frame->type == FRAME_STDIN_EOF))
    return DISPATCH_VIOLATION;
  switch (frame->type) {
    case FRAME_STDIN:
      if (!take_stdin(run, frame->payload, frame->length)) return DISPATCH_VIOLATION;
      pump_stdin(agent, run);
      return DISPATCHED;
    case FRAME_STDIN_EOF:
      return frame->length == 0 ? end_stdin(agent, run) : DISPATCH_VIOLATION;
    case FRAME_CREDIT:
      if (frame->length != 4) return DISPATCH_VIOLATION;
      run->credit += load_u32(frame->payload);
      return DISPATCHED;
    default:
      if (frame->length != 0) return DISPATCH_VIOLATION;
      run_kill(run);
      return DISPATCHED;
  }
}

static enum dispatched answer_ping(struct agent *agent, const struct frame *frame) {
  if (frame->run != 0 || frame->length != 8) return DISPATCH_VIOLATION;
  put_frame_header(&agent->channel.out, FRAME_PONG, 0, frame->length);
  put_bytes(&agent->channel.out, frame->payload, frame->length);
  return DISPATCHED;
}

static enum dispatched answer_stats(struct agent *agent, const struct frame *frame) {
  if (frame->run != 0 || frame->length != 8) return DISPATCH_VIOLATION;
  uint64_t number = load_u64(frame->payload);
  for (unsigned i = 0; i < agent->max_runs; i++) {
    const struct run *run = &agent->runs[i];
    if (run->id == 0) continue;
    struct usage usage = usage_of_run(agent, run);
    send_usage(agent, run->id, number, &usage);
  }
  struct usage usage = usage_of_box(agent);
  send_usage(agent, 0, number, &usage);
  return DISPATCHED;
}

static enum dispatched order_warm(struct agent *agent, const struct frame *frame) {
  struct warm_description warm;
  bool known = frame->run == 0 && !agent->container_is_box && describe_warm(frame, &warm) &&
               limits_are_possible(&warm.limits) && program_is_possible(frame, warm.arguments, warm.environment);
  if (known) warm_order(agent, frame, &warm);
  return known ? DISPATCHED : DISPATCH_VIOLATION;
}

enum dispatched dispatch(struct agent *agent, const struct frame *frame) {
  if (frame->type == FRAME_PING) return answer_ping(agent, frame);
  if (frame->type == FRAME_STATS) return answer_stats(agent, frame);
  if (frame->type == FRAME_WARM) return order_warm(agent, frame);
  if (frame->type == FRAME_SHUTDOWN) {
    agent->shutdown = frame->run == 0 && frame->length == 0;
    return agent->shutdown ? DISPATCHED : DISPATCH_VIOLATION;
  }
  if (frame->run == 0) return DISPATCH_VIOLATION;
  if (frame->type == FRAME_OPEN) return open_run(agent, frame);
  if (frame->type < FRAME_FILE || frame->type > FRAME_KILL) return DISPATCH_VIOLATION;
  struct run *run = find_run(agent, frame->run);
  /* What was sent before the client knew that the run was over. */
  if (run == NULL) return frame->run <= agent->last_run ? DISPATCHED : DISPATCH_VIOLATION;
  return frame->type <= FRAME_START ? describe_run(agent, run, frame) : steer_run(agent, run, frame);
}

bool dispatch_waits_for(const struct agent *agent, const struct run *run) { return agent->forwarding == run; }
