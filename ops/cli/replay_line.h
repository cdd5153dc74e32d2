/* A line of the archive as the message that it was. Pure: no bus, no store. */
#ifndef VERBATIM_OPS_CLI_REPLAY_LINE_H
#define VERBATIM_OPS_CLI_REPLAY_LINE_H

#include "runtime/worker.h"

struct replay_message {
    struct str value, key;
    struct str id;          /* of the record; empty where it was none */
    struct str traceparent; /* empty: it had none */
    uint64_t redrives;      /* how often it had been sent again */
    bool copy;              /* a replay wrote it, or it was made of what one wrote */
};

/* The message's bytes are those that were archived where the record was as our workers write it:
 * fields in the order of their tables, whole numbers as short as can be, and fractions of at most
 * six decimals, as JSON shows no more (a feature vector's numbers come back rounded so). A message
 * that was no record comes back byte for byte. In the arena. BAD_JSON, BAD_MESSAGE, NO_MEMORY. */
int replay_line(struct str line, struct arena *arena, struct replay_message *ret_message,
                struct err *err) CHECKED;

/* As it goes onto the bus again: with the headers that its topic's worker gives, the trace
 * that it had, and HEADER_REPLAY with the run's name. Views of the message; the rest is in
 * the arena. NO_MEMORY. */
int replay_output(const struct replay_message *message, enum topic topic, struct str run,
                  int64_t now_ms, struct arena *arena, struct bus_output *ret_output,
                  struct err *err) CHECKED;

#endif
