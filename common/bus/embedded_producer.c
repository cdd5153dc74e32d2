/* Producers of the embedded bus: queued → taken by the writer (embedded_writer.c), with everything
 * else that waits → written in one transaction → done → reported by bus_producer_poll() on the
 * producer's thread. */
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bus/embedded_writer.h"

enum { REQUESTS_MAX = 65536, IDLE_REQUESTS_MAX = 64, CLOSE_MS = 10000 };

static struct producer *of(struct bus_producer *producer) { return (struct producer *)producer; }

int embedded_producer_open(struct bus *bus, const char *member, struct bus_producer **ret_producer,
                           struct err *err)
{
    (void)member; /* writes are atomic: there is nothing to fence or to deduplicate */
    struct embedded_bus *embedded = (struct embedded_bus *)bus;
    struct producer *producer = calloc(1, sizeof *producer);
    if (!producer) return err_set(err, E_NO_MEMORY, NULL);
    producer->base.backend = bus->backend;
    producer->bus = embedded;
    producer->bytes_max = embedded->options.buffer ? embedded->options.buffer : 32 << 20;
    queue_init(&producer->done);
    producer->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    int rc = producer->wake_fd < 0 ? err_system(err, E_SYSTEM, "eventfd") : E_OK;
    if (rc == E_OK) rc = writer_acquire(embedded->environment, &producer->writer, err);
    if (rc) {
        if (producer->wake_fd >= 0) close(producer->wake_fd);
        free(producer);
        return rc;
    }
    *ret_producer = &producer->base;
    return E_OK;
}

static struct request *new_request(struct producer *producer, size_t count)
{
    struct request *request = producer->idle;
    if (request) {
        producer->idle = request->next;
        producer->idle_count--;
        if (request->capacity >= count) return request;
        free(request);
    }
    size_t capacity = count < 8 ? 8 : count;
    if (capacity > (SIZE_MAX - sizeof *request) / sizeof request->outputs[0]) return NULL;
    request = malloc(sizeof *request + capacity * sizeof request->outputs[0]);
    if (request) request->capacity = capacity;
    return request;
}

static void free_request(struct producer *producer, struct request *request)
{
    if (producer->idle_count == IDLE_REQUESTS_MAX || request->capacity > 1024) {
        free(request);
        return;
    }
    request->next = producer->idle;
    producer->idle = request;
    producer->idle_count++;
}

static int enqueue(struct producer *producer, struct request *request, struct err *err)
{
    struct writer *writer = producer->writer;
    pthread_mutex_lock(&writer->mutex);
    bool full = producer->in_flight >= REQUESTS_MAX ||
                (producer->in_flight > 0 && producer->bytes + request->bytes > producer->bytes_max);
    if (!full) {
        producer->in_flight++;
        producer->bytes += request->bytes;
        queue_add(&writer->queue, request);
        if (++writer->queued == writer->wake_at) pthread_cond_signal(&writer->work);
    }
    pthread_mutex_unlock(&writer->mutex);
    return full ? err_set(err, E_BUSY, "%zu bytes wait to be written", producer->bytes_max) : E_OK;
}

int embedded_produce(struct bus_producer *base, const struct bus_output *outputs, size_t count,
                     bus_on_done *on_done, void *user, struct err *err)
{
    struct producer *producer = of(base);
    int rc = appender_check(outputs, count, err);
    if (rc) return rc;
    struct request *request = new_request(producer, count);
    if (!request) return err_set(err, E_NO_MEMORY, NULL);
    request->producer = producer;
    request->on_done = on_done;
    request->user = user;
    request->count = count;
    request->bytes = 64;
    if (count) memcpy(request->outputs, outputs, count * sizeof outputs[0]);
    for (size_t i = 0; i < count; i++) request->bytes += stored_size(&outputs[i]);
    rc = enqueue(producer, request, err);
    if (rc) free_request(producer, request);
    return rc;
}

int embedded_producer_wake_fd(const struct bus_producer *producer)
{
    return ((const struct producer *)producer)->wake_fd;
}

void embedded_producer_poll(struct bus_producer *base)
{
    struct producer *producer = of(base);
    eventfd_t value;
    if (eventfd_read(producer->wake_fd, &value)) return; /* nothing finished since */
    pthread_mutex_lock(&producer->writer->mutex);
    struct request *done = producer->done.first;
    queue_init(&producer->done);
    for (const struct request *at = done; at; at = at->next) {
        producer->in_flight--;
        producer->bytes -= at->bytes;
    }
    pthread_mutex_unlock(&producer->writer->mutex);
    while (done) {
        struct request *next = done->next;
        if (done->on_done) done->on_done(done->user, done->err.code ? &done->err : NULL);
        free_request(producer, done);
        done = next;
    }
}

/* Until something is there to report, or nothing is in flight; false at the deadline. */
static bool wait_for_done(struct producer *producer, const struct timespec *deadline,
                          bool *ret_empty)
{
    int rc = 0;
    pthread_mutex_lock(&producer->writer->mutex);
    while (producer->in_flight && !producer->done.first && rc == 0)
        rc = pthread_cond_timedwait(&producer->writer->finished, &producer->writer->mutex,
                                    deadline);
    *ret_empty = producer->in_flight == 0;
    pthread_mutex_unlock(&producer->writer->mutex);
    return rc == 0;
}

int embedded_producer_flush(struct bus_producer *base, int64_t timeout_ms, struct err *err)
{
    struct producer *producer = of(base);
    struct timespec deadline = time_in(timeout_ms * 1000000);
    for (;;) {
        bool empty;
        embedded_producer_poll(base);
        if (!wait_for_done(producer, &deadline, &empty))
            return err_set(err, E_TIMEOUT, "writing takes longer than %lld ms",
                           (long long)timeout_ms);
        if (empty) return E_OK;
    }
}

/* What nobody has begun to write will not be written. */
static void cancel_queued(struct producer *producer)
{
    struct writer *writer = producer->writer;
    struct queue kept;
    struct err err;
    queue_init(&kept);
    err_set(&err, E_CANCELLED, "the producer was closed");
    pthread_mutex_lock(&writer->mutex);
    writer->queued = 0;
    for (struct request *request; (request = queue_take(&writer->queue));) {
        if (request->producer == producer) writer_finish(request, &err);
        else queue_add(&kept, request), writer->queued++;
    }
    if (kept.first) writer->queue = kept;
    pthread_mutex_unlock(&writer->mutex);
}

void embedded_producer_close(struct bus_producer *base)
{
    struct producer *producer = of(base);
    struct err err;
    if (embedded_producer_flush(base, CLOSE_MS, &err)) {
        cancel_queued(producer);
        /* a write that never ends: leak, not crash */
        if (embedded_producer_flush(base, INT32_MAX, &err)) return;
    }
    writer_release(producer->bus->environment);
    close(producer->wake_fd);
    while (producer->idle) {
        struct request *next = producer->idle->next;
        free(producer->idle);
        producer->idle = next;
    }
    free(producer);
}
