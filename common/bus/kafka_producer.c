/* The door's producer on Kafka: idempotent, acks=all, all of one call reported together.
 *
 * A call → a request that counts its messages down as they are delivered → done → reported by
 * bus_producer_poll(), after librdkafka's callbacks are over, because on_done may produce again.
 *
 * What is sent on a partition is written in that order, and what fails fails from some message on:
 * librdkafka would give up the late ones alone and write those behind them (soak 13). So no message
 * of its own has a time; when a request takes longer than commit_timeout, all that the client holds
 * is given up with it, and the next call has a new client. Its callers ask again, in their order.
 *
 * A client that breaks (issue 4438) fails what it holds, and is replaced for the next call. When
 * several in a row break before anything was delivered, the next one waits, ever longer, and calls
 * are answered UNAVAILABLE meanwhile: the process doesn't stop, as its callers
 * would see the same. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "bus/kafka.h"

enum { BROKEN_FREE = 3, BROKEN_WAIT_MS = 1000, BROKEN_WAIT_MOST_MS = 30000 };
enum { REQUESTS_MAX = 65536, REQUESTS_IDLE_MAX = 256, CLOSE_MS = 10000, FLUSH_SLICE_MS = 100 };

struct request {
    struct request *next;           /* done, or idle */
    struct request *older, *newer;  /* not done */
    int64_t since_ms;               /* mono */
    bus_on_done *on_done;
    void *user;
    size_t bytes, pending;
    struct err err; /* code 0: all are delivered so far */
};

struct producer {
    struct bus_producer base;
    struct kafka_bus *bus;
    struct kafka_sender sender;
    rd_kafka_queue_t *queue;
    int wake_fd;           /* readable when one of the next two is */
    int event_fd, timer_fd;
    bool timed;            /* the timer is set, to no later than when the oldest is too old */
    char client_id[KAFKA_NAME_MAX + 1];
    bool broken, timed_out;
    unsigned broken_count; /* clients that broke since something was delivered */
    int64_t connect_ms;    /* not before, mono */
    size_t in_flight, bytes; /* not reported yet */
    struct request *oldest, *newest; /* that aren't done */
    struct request *done, **done_last, *idle;
    size_t idle_count;
};

static struct producer *of(struct bus_producer *producer) { return (struct producer *)producer; }

static void make_readable(struct producer *producer)
{
    if (eventfd_write(producer->event_fd, 1)) return; /* full: readable */
}

/* --- requests -------------------------------------------------------------------------------- */

static struct request *new_request(struct producer *producer)
{
    struct request *request = producer->idle;
    if (!request) return malloc(sizeof *request);
    producer->idle = request->next;
    producer->idle_count--;
    return request;
}

static void free_request(struct producer *producer, struct request *request)
{
    if (producer->idle_count == REQUESTS_IDLE_MAX) {
        free(request);
        return;
    }
    request->next = producer->idle;
    producer->idle = request;
    producer->idle_count++;
}

static void list(struct producer *producer, struct request *request)
{
    request->older = producer->newest;
    if (producer->newest) producer->newest->newer = request;
    else producer->oldest = request;
    producer->newest = request;
}

static void unlist(struct producer *producer, struct request *request)
{
    if (request->older) request->older->newer = request->newer;
    else producer->oldest = request->newer;
    if (request->newer) request->newer->older = request->older;
    else producer->newest = request->older;
}

static void settle(struct producer *producer, struct request *request, size_t count)
{
    request->pending -= count;
    if (request->pending) return;
    unlist(producer, request);
    request->next = NULL;
    *producer->done_last = request;
    producer->done_last = &request->next;
}

static void on_report(rd_kafka_t *client, const rd_kafka_message_t *message, void *opaque)
{
    struct request *request = message->_private;
    struct producer *producer = opaque;
    (void)client;
    sender_recycle(&producer->sender, message);
    if (!message->err) producer->broken_count = 0;
    if (message->err && !request->err.code && producer->timed_out) {
        (void)err_set(&request->err, E_TIMEOUT, "not delivered: writing took too long");
    } else if (message->err && !request->err.code) {
        kafka_error(message->err, "not delivered", NULL, &request->err);
        if (request->err.code == E_FENCED || request->err.code == E_CANCELLED)
            request->err.code = E_UNAVAILABLE;
    }
    settle(producer, request, 1);
}

static void report_done(struct producer *producer)
{
    struct request *done = producer->done;
    producer->done = NULL;
    producer->done_last = &producer->done;
    while (done) {
        struct request *next = done->next;
        producer->in_flight--;
        producer->bytes -= done->bytes;
        crash_point("door.delivered"); /* before anybody has a receipt */
        if (done->on_done) done->on_done(done->user, done->err.code ? &done->err : NULL);
        free_request(producer, done);
        done = next;
    }
}

/* --- client ---------------------------------------------------------------------------------- */

static int connect_client(struct producer *producer, struct err *err)
{
    const uint64_t one = 1;
    int rc = sender_open(&producer->sender, producer->bus, producer->client_id, NULL, on_report,
                         producer, err);
    if (rc) return rc;
    producer->queue = rd_kafka_queue_get_main(producer->sender.client);
    rd_kafka_queue_io_event_enable(producer->queue, producer->event_fd, &one, sizeof one);
    /* librdkafka wakes when an empty queue is no longer empty. An event of its threads that came
     * before the line above (a refused connection) would keep it from ever waking again. */
    make_readable(producer);
    return E_OK;
}

/* What librdkafka didn't give back in time nobody reports any more, once its client is gone. */
static void give_up_rest(struct producer *producer)
{
    while (producer->oldest) {
        struct request *request = producer->oldest;
        if (!request->err.code)
            (void)err_set(&request->err, E_UNAVAILABLE, "not delivered: its producer was given up");
        settle(producer, request, request->pending);
    }
}

/* Everything that is still in it fails; the reports come from the flush. */
static void disconnect_client(struct producer *producer)
{
    if (!producer->sender.client) return;
    rd_kafka_purge(producer->sender.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
    sender_flush(&producer->sender, KAFKA_CALL_MS);
    rd_kafka_queue_io_event_enable(producer->queue, -1, NULL, 0);
    rd_kafka_queue_destroy(producer->queue);
    sender_close(&producer->sender);
    give_up_rest(producer);
}

static void look_for_fatal(struct producer *producer)
{
    char text[128];
    if (rd_kafka_fatal_error(producer->sender.client, text, sizeof text)) producer->broken = true;
}

/* --- time ------------------------------------------------------------------------------------ */

static int64_t left_ms(const struct producer *producer)
{
    int64_t passed_ms = clock_mono_ms(clock_system()) - producer->oldest->since_ms;
    return producer->bus->options.commit_timeout - passed_ms;
}

/* Once set it is left alone while requests come and go: when it fires it is set anew for the one
 * that is the oldest then. */
static void set_timer(struct producer *producer)
{
    if (producer->timed || !producer->oldest) return;
    int64_t ms = left_ms(producer);
    if (ms < 1) ms = 1; /* 0 would stop it */
    const struct itimerspec when = {
        .it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}};
    producer->timed = timerfd_settime(producer->timer_fd, 0, &when, NULL) == 0;
}

static void expire(struct producer *producer)
{
    uint64_t times;
    if (read(producer->timer_fd, &times, sizeof times) == sizeof times) producer->timed = false;
    if (producer->oldest && producer->sender.client && left_ms(producer) <= 0) {
        producer->timed_out = true;
        disconnect_client(producer);
        producer->timed_out = false;
        log_line(LOG_WARN, "kafka",
                 "a write took too long; what the producer held is not delivered");
    }
    set_timer(producer);
}

/* --- life ------------------------------------------------------------------------------------ */

static int watch(struct producer *producer, int fd)
{
    struct epoll_event event = {.events = EPOLLIN};
    return fd < 0 ? -1 : epoll_ctl(producer->wake_fd, EPOLL_CTL_ADD, fd, &event);
}

static int open_wake(struct producer *producer, struct err *err)
{
    producer->event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    producer->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    producer->wake_fd = epoll_create1(EPOLL_CLOEXEC);
    if (producer->wake_fd < 0 || watch(producer, producer->event_fd) ||
        watch(producer, producer->timer_fd))
        return err_system(err, E_SYSTEM, "a producer's descriptors");
    return E_OK;
}

static void close_wake(struct producer *producer)
{
    if (producer->wake_fd >= 0) close(producer->wake_fd);
    if (producer->event_fd >= 0) close(producer->event_fd);
    if (producer->timer_fd >= 0) close(producer->timer_fd);
}

int kafka_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                        struct err *err)
{
    struct producer *producer = calloc(1, sizeof *producer);
    if (!producer) return err_set(err, E_NO_MEMORY, NULL);
    producer->base.backend = bus->backend;
    producer->bus = kafka_bus_of(bus);
    producer->done_last = &producer->done;
    snprintf(producer->client_id, sizeof producer->client_id, "%.240s",
             member ? member : "producer");
    int rc = open_wake(producer, err);
    if (rc == E_OK) rc = connect_client(producer, err);
    if (rc) {
        close_wake(producer);
        free(producer);
        return rc;
    }
    *ret_producer = &producer->base;
    return E_OK;
}

void kafka_producer_close(struct bus_producer *base)
{
    struct producer *producer = of(base);
    struct err err;
    if (kafka_producer_flush(base, CLOSE_MS, &err)) producer->broken = true;
    disconnect_client(producer);
    report_done(producer); /* what was given up at the deadline */
    while (producer->idle) {
        struct request *next = producer->idle->next;
        free(producer->idle);
        producer->idle = next;
    }
    close_wake(producer);
    free(producer);
}

/* --- produce --------------------------------------------------------------------------------- */

static void drop_broken(struct producer *producer)
{
    unsigned more = producer->broken_count++;
    disconnect_client(producer);
    producer->broken = false;
    if (producer->done) make_readable(producer);
    log_line(LOG_WARN, "kafka", "the door's producer broke; what it held is not delivered");
    if (more < BROKEN_FREE) return;
    more -= BROKEN_FREE;
    int64_t wait_ms = more < 5 ? BROKEN_WAIT_MS << more : BROKEN_WAIT_MOST_MS;
    producer->connect_ms = clock_mono_ms(clock_system()) + wait_ms;
}

static int make_room(struct producer *producer, size_t bytes, struct err *err)
{
    if (producer->broken) drop_broken(producer);
    if (!producer->sender.client) {
        if (clock_mono_ms(clock_system()) < producer->connect_ms)
            return err_set(err, E_UNAVAILABLE, "%u producers in a row broke",
                           producer->broken_count);
        int rc = connect_client(producer, err);
        if (rc) return rc;
    }
    if (producer->in_flight >= REQUESTS_MAX ||
        (producer->in_flight && producer->bytes + bytes > producer->bus->options.buffer))
        return err_set(err, E_BUSY, "%zu bytes wait to be written", producer->bytes);
    return E_OK;
}

int kafka_produce(struct bus_producer *base, const struct bus_output *outputs, size_t count,
                  bus_on_done *on_done, void *user, struct err *err)
{
    struct producer *producer = of(base);
    size_t bytes = 0, sent = 0;
    int rc = sender_check(producer->bus, outputs, count, &bytes, err);
    if (rc == E_OK) rc = make_room(producer, bytes, err);
    if (rc) return rc;
    struct request *request = new_request(producer);
    if (!request) return err_set(err, E_NO_MEMORY, NULL);
    *request = (struct request){.on_done = on_done, .user = user, .bytes = bytes,
                                .pending = count + 1,
                                .since_ms = clock_mono_ms(clock_system())};
    list(producer, request);
    producer->in_flight++;
    producer->bytes += bytes;
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    while (sent < count && !(code = sender_send(&producer->sender, &outputs[sent], request)))
        sent++;
    if (code) { /* reported like any other failure, as a part is on its way */
        kafka_error(code, topic_info(outputs[sent].topic)->name, NULL, &request->err);
        look_for_fatal(producer);
    }
    crash_point("door.sent");
    settle(producer, request, count - sent + 1);
    set_timer(producer);
    if (producer->done) make_readable(producer);
    return E_OK;
}

int kafka_producer_wake_fd(const struct bus_producer *producer)
{
    return ((const struct producer *)producer)->wake_fd;
}

void kafka_producer_poll(struct bus_producer *base)
{
    struct producer *producer = of(base);
    eventfd_t value;
    if (eventfd_read(producer->event_fd, &value)) value = 0; /* asked by the clock */
    if (producer->sender.client) {
        rd_kafka_poll(producer->sender.client, 0);
        look_for_fatal(producer);
    }
    expire(producer);
    report_done(producer);
}

int kafka_producer_flush(struct bus_producer *base, int64_t timeout_ms, struct err *err)
{
    struct producer *producer = of(base);
    int64_t deadline_ms = clock_mono_ms(clock_system()) + timeout_ms;
    kafka_producer_poll(base);
    while (producer->in_flight) {
        int64_t left = deadline_ms - clock_mono_ms(clock_system());
        if (left <= 0)
            return err_set(err, E_TIMEOUT, "writing takes longer than %lld ms",
                           (long long)timeout_ms);
        if (producer->sender.client) /* else nothing waits but reports */
            sender_flush(&producer->sender, left < FLUSH_SLICE_MS ? (int)left : FLUSH_SLICE_MS);
        kafka_producer_poll(base);
    }
    return E_OK;
}
