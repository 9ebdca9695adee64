#include "run_streams.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { GRANT_WORTH_A_FRAME = STDIN_WINDOW / 4 };

bool wants_output(const struct agent *agent, const struct run *run, const struct stream *stream, int fd) {
  if (fd < 0 || stream->drained || channel_is_congested(&agent->channel)) return false;
  /* With nothing left of the limit one more byte shows that the limit was passed. */
  return run->output_left == 0 || run->credit > 0;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

void drop_output(struct run *run) { run->out.drained = run->err.drained = true; }

bool output_is_drained(const struct run *run) { return run->out.drained && run->err.drained; }

void expect_output(struct run *run) { run->out.drained = run->err.drained = false; }

static void pass_limit(struct run *run, struct stream *stream) {
  stream->truncated = true;
  if (run->cause == KILL_NONE) run->cause = KILL_OUTPUT;
  drop_output(run);
  run_end_box(run);
}

/* Whether the stage's writers are gone, so that an empty pipe stays empty. */
static bool writers_are_gone(const struct run *run) { return run->state != RUN_RUNNING; }

void pump_output(struct agent *agent, struct run *run, bool is_stderr) {
  struct stream *stream = is_stderr ? &run->err : &run->out;
  int fd = is_stderr ? run->box.program_stderr : run->box.program_stdout;
  struct writer *out = &agent->channel.out;
  while (wants_output(agent, run, stream, fd)) {
    uint8_t one;
    bool at_limit = run->output_left == 0;
    size_t most = (size_t)least(least(run->credit, run->output_left), OUTPUT_CHUNK);
    uint8_t *room = out->bytes + out->used + FRAME_HEADER + 1;
    ssize_t got = read(fd, at_limit ? &one : room, at_limit ? 1 : most);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      stream->drained = got == 0 || writers_are_gone(run);
      return;
    }
    if (at_limit) {
      pass_limit(run, stream);
      return;
    }
    put_frame_header(out, FRAME_OUTPUT, run->id, (size_t)got + 1);
    put_u8(out, is_stderr ? 2 : 1);
    out->used += (size_t)got;
    run->credit -= (uint64_t)got;
    run->output_left -= (uint64_t)got;
  }
}

bool pump_kept(struct agent *agent, struct run *run) {
  struct writer *out = &agent->channel.out;
  while (run->kept_left > 0) {
    if (run->credit == 0 || channel_is_congested(&agent->channel)) return false;
    size_t most = (size_t)least(least(run->credit, run->kept_left), OUTPUT_CHUNK);
    ssize_t got = read(run->box.kept, out->bytes + out->used + FRAME_HEADER, most);
    if (got < 0 && errno == EINTR) continue;
    /* Without the frame that ends it, the client knows that it is not whole. */
    if (got <= 0) return true;
    put_frame_header(out, FRAME_FILE_OUT, run->id, (size_t)got);
    out->used += (size_t)got;
    run->credit -= (uint64_t)got;
    run->kept_left -= (uint64_t)got;
  }
  if (channel_is_congested(&agent->channel)) return false;
  put_frame_header(out, FRAME_FILE_OUT, run->id, 0);
  return true;
}

bool take_stdin(struct run *run, const uint8_t *bytes, uint32_t length) {
  if (run->stdin_ended || length > run->stdin_credit) return false;
  run->stdin_credit -= length;
  if (run->box.program_stdin < 0) return true;
  for (uint32_t taken = 0; taken < length;) {
    uint32_t end = (run->stdin_at + run->stdin_used) % STDIN_WINDOW;
    uint32_t part = (uint32_t)least(length - taken, STDIN_WINDOW - end);
    memcpy(run->stdin_ring + end, bytes + taken, part);
    run->stdin_used += part;
    taken += part;
  }
  return true;
}

void grant_stdin(struct agent *agent, struct run *run) {
  if (run->stdin_ended || run->stdin_ungranted < GRANT_WORTH_A_FRAME || channel_is_congested(&agent->channel)) return;
  put_frame_header(&agent->channel.out, FRAME_STDIN_CREDIT, run->id, sizeof run->stdin_ungranted);
  put_u32(&agent->channel.out, run->stdin_ungranted);
  run->stdin_credit += run->stdin_ungranted;
  run->stdin_ungranted = 0;
}

void pump_stdin(struct agent *agent, struct run *run) {
  while (run->stdin_used > 0) {
    uint32_t part = (uint32_t)least(run->stdin_used, STDIN_WINDOW - run->stdin_at);
    ssize_t written = write(run->box.program_stdin, run->stdin_ring + run->stdin_at, part);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) break;
    run->stdin_at = (run->stdin_at + (uint32_t)written) % STDIN_WINDOW;
    run->stdin_used -= (uint32_t)written;
    run->stdin_ungranted += (uint32_t)written;
  }
  if (run->stdin_used == 0 && run->stdin_ended && run->box.program_stdin >= 0) {
    close(run->box.program_stdin);
    run->box.program_stdin = -1;
  }
  grant_stdin(agent, run);
}
