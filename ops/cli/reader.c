/* Polls the bus, sleeping on its descriptor. */
#include "ops/cli/reader.h"

#include <poll.h>

int reader_open(struct reader *reader, struct bus *bus, const enum topic *topics, size_t count, enum bus_start start, struct err *err)
{
    struct bus_subscription subscription = {.member = "reader", .topics = topics, .topic_count = count, .start = start};
    *reader = (struct reader){0};
    return bus_subscribe(bus, &subscription, &reader->consumer, err);
}

void reader_close(struct reader *reader)
{
    if (!reader->consumer) return;
    bus_release(reader->consumer, &reader->batch);
    bus_unsubscribe(reader->consumer);
    reader->consumer = NULL;
}

static int fill(struct reader *reader, struct err *err)
{
    bus_release(reader->consumer, &reader->batch);
    reader->at = 0;
    return bus_poll(reader->consumer, 1000, 4 << 20, &reader->batch, err);
}

const struct bus_message *reader_next(struct reader *reader, int timeout_ms, struct err *err)
{
    enum { SLICE_MS = 200 }; /* also look without being woken */
    *err = (struct err){0};
    for (;;) {
        if (reader->at < reader->batch.count) return &reader->batch.messages[reader->at++];
        if (fill(reader, err) && err_class(err->code) != ERR_RETRY) return NULL;
        if (reader->batch.count) continue;
        *err = (struct err){0};
        if (timeout_ms <= 0) return NULL;
        int slice = timeout_ms < SLICE_MS ? timeout_ms : SLICE_MS;
        struct pollfd wake = {.fd = bus_wake_fd(reader->consumer), .events = POLLIN};
        poll(&wake, 1, slice);
        timeout_ms -= slice;
    }
}
