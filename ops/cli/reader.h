/* Reading topics from outside: no group, no commit. */
#ifndef VERBATIM_OPS_CLI_READER_H
#define VERBATIM_OPS_CLI_READER_H

#include "bus/bus.h"

struct reader {
    struct bus_consumer *consumer;
    struct bus_batch batch;
    uint32_t at;
    /* Of a reader that ends: messages that there were when it was opened, and that were given out;
     * when it was opened; how long it has waited since it gave out one from before then. */
    uint64_t held, seen;
    int64_t opened_ms, waited_ms;
};

int reader_open(struct reader *reader, struct bus *bus, const enum topic *topics, size_t count,
                enum bus_start start, struct err *err) CHECKED;
void reader_close(struct reader *reader);

/* The next message, valid until the next call; waits at most timeout_ms. NULL: none came (err->code
 * E_OK), or the bus failed. */
const struct bus_message *reader_next(struct reader *reader, int timeout_ms, struct err *err);

/* For what topics hold by now, and no more: the next message, or NULL at the end (err->code E_OK).
 * On Kafka, where offsets have gaps, the end is where nothing from before the opening has come for
 * two seconds, and nothing is known to be left: so it comes also where others go on writing.
 * A topic that isn't there is empty. */
int reader_open_held(struct reader *reader, struct bus *bus, const enum topic *topics, size_t count,
                     struct err *err) CHECKED;
const struct bus_message *reader_next_held(struct reader *reader, struct err *err);

#endif
