/* Reading topics from outside: no group, no commit. */
#ifndef VERBATIM_OPS_CLI_READER_H
#define VERBATIM_OPS_CLI_READER_H

#include "bus/bus.h"

struct reader {
    struct bus_consumer *consumer;
    struct bus_batch batch;
    uint32_t at;
};

int reader_open(struct reader *reader, struct bus *bus, const enum topic *topics, size_t count, enum bus_start start, struct err *err) CHECKED;
void reader_close(struct reader *reader);

/* The next message, valid until the next call; waits at most timeout_ms. NULL: none came (err->code
 * E_OK), or the bus failed. */
const struct bus_message *reader_next(struct reader *reader, int timeout_ms, struct err *err);

#endif
