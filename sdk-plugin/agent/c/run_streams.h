/* The three streams between a program and the client. */
#ifndef SOULBOX_RUN_STREAMS_H
#define SOULBOX_RUN_STREAMS_H

#include "run.h"

/* Whether output may be read from the program now. */
bool wants_output(const struct agent *agent, const struct run *run, const struct stream *stream, int fd);

/* Sends what is there of one stream, as far as credit and room allow. */
void pump_output(struct agent *agent, struct run *run, bool is_stderr);

/* Drops what is not yet sent. */
void drop_output(struct run *run);

bool output_is_drained(const struct run *run);

/* A stage begins: its pipes may fill again. */
void expect_output(struct run *run);

/* Sends what can be sent now of the file that is kept. Whether nothing of it is left to be sent. */
bool pump_kept(struct agent *agent, struct run *run);

/* Takes standard input. False where the client was not granted so much, or had ended it. */
bool take_stdin(struct run *run, const uint8_t *bytes, uint32_t length);

/* Hands standard input on to the program, and grants more. */
void pump_stdin(struct agent *agent, struct run *run);

/* Tells the client how much more it may send, once that is worth a frame. */
void grant_stdin(struct agent *agent, struct run *run);

#endif
