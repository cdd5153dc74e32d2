/* Polls the bus, sleeping on its descriptor. */
#include "ops/cli/reader.h"

#include <poll.h>

#include "base/clock.h"

int reader_open(struct reader *reader, struct bus *bus, const enum topic *topics, size_t count,
                enum bus_start start, struct err *err)
{
    struct bus_subscription subscription = {
        .member = "reader", .topics = topics, .topic_count = count, .start = start};
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

int reader_open_held(struct reader *reader, struct bus *bus, const enum topic *topics, size_t count,
                     struct err *err)
{
    uint64_t held = 0;
    int rc = E_OK;
    for (size_t i = 0; i < count && rc == E_OK; i++) {
        struct bus_topic_state state = {0};
        rc = bus_topic_describe(bus, topics[i], &state, err);
        if (rc == E_NOT_FOUND) rc = E_OK;
        held += state.records;
    }
    if (rc == E_OK) rc = reader_open(reader, bus, topics, count, BUS_EARLIEST, err);
    reader->held = held;
    reader->opened_ms = clock_wall_ms(clock_system());
    return rc;
}

/* As far as the bus knows. */
static bool is_more_known(const struct reader *reader)
{
    enum { PARTITIONS_MAX = 1024 }; /* as many as bus.partitions allows */
    struct bus_backlog partitions[PARTITIONS_MAX];
    size_t count = bus_backlog(reader->consumer, partitions, PARTITIONS_MAX);
    for (size_t i = 0; i < count && i < PARTITIONS_MAX; i++)
        if (partitions[i].records) return true;
    return false;
}

const struct bus_message *reader_next_held(struct reader *reader, struct err *err)
{
    /* first: until the brokers have answered */
    enum { SLICE_MS = 100, IDLE_MS = 2000, FIRST_MS = 10000, PATIENCE_MS = 30000 };
    int64_t began_ms = clock_mono_ms(clock_system()), before_ms = reader->waited_ms;
    bool more = reader->seen < reader->held;
    *err = (struct err){0};
    while (reader->held) {
        const struct bus_message *message = reader_next(reader, more ? SLICE_MS : 0, err);
        if (err->code) return NULL;
        int64_t here_ms = clock_mono_ms(clock_system()) - began_ms;
        reader->waited_ms = before_ms + here_ms;
        bool idle = reader->waited_ms >= (reader->seen ? IDLE_MS : FIRST_MS);
        if (message) {
            bool old = message->timestamp_ms <= reader->opened_ms;
            if (!old && idle) return NULL; /* what keeps coming is new */
            if (old) reader->waited_ms = 0;
            reader->seen++;
            return message;
        }
        more = is_more_known(reader);
        if (!more && (idle || reader->seen >= reader->held)) return NULL;
        more |= reader->seen < reader->held; /* so wait */
        if (here_ms >= PATIENCE_MS)
            return err_set(err, E_TIMEOUT, "messages that should be there don't come"), NULL;
    }
    return NULL;
}
