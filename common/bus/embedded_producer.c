/* Producers of the embedded bus: one writer thread a process commits what all of them have queued.
 *
 * queued → taken (with everything else that waits) → written in one transaction → done → reported
 * by bus_producer_poll() on the producer's thread. While one commit waits for the disk the next
 * group gathers, so many small calls cost few syncs. Callers that all wait for their answers before
 * they come again would be in two groups in turn, each waiting for the other's commit: so after a
 * group of some size the writer waits a moment for those that it has just let go. One file: they
 * and the writer share a mutex. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "bus/embedded.h"

/* From so many requests on, up to so many, for this part of the last commit's time, up to so long:
 * a commit may have waited for a disk that stood still, or for another process. */
enum { GATHER_FROM = 4, GATHER_MOST = 256, GATHER_PART = 2, GATHER_NS = 5000000 };
enum { GROUP_BYTES_MAX = 16 << 20, REQUESTS_MAX = 65536, IDLE_REQUESTS_MAX = 64,
       CLOSE_MS = 10000 };

struct request {
    struct request *next;
    struct producer *producer;
    bus_on_done *on_done;
    void *user;
    struct err err; /* code 0: written */
    size_t bytes, count, capacity;
    struct bus_output outputs[];
};

struct queue { struct request *first, **last; };

struct producer {
    struct bus_producer base;
    struct embedded_bus *bus;
    struct writer *writer;
    int wake_fd;
    size_t bytes_max;
    struct request *idle; /* of the producer's thread */
    size_t idle_count;
    /* guarded by the writer's mutex */
    struct queue done;
    size_t in_flight, bytes; /* not reported yet */
};

struct writer {
    struct environment *environment;
    const struct embedded_bus *bus; /* of the request being written: options and clock */
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    struct queue queue;
    size_t queued, wake_at; /* requests in the queue; how many of them wake the writer */
    bool stops;
    struct appender appender;
};

static void queue_init(struct queue *queue) { queue->first = NULL, queue->last = &queue->first; }

static void queue_add(struct queue *queue, struct request *request)
{
    request->next = NULL;
    *queue->last = request;
    queue->last = &request->next;
}

static struct request *queue_take(struct queue *queue)
{
    struct request *request = queue->first;
    if (request && !(queue->first = request->next)) queue->last = &queue->first;
    return request;
}

static struct timespec time_in(int64_t ns)
{
    int64_t at_ns = clock_mono_ns(clock_system()) + ns;
    return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

/* --- writer ----------------------------------------------------------------------------------- */

static int write_request(struct writer *writer, MDB_txn *txn, const struct request *request,
                         struct err *err)
{
    int64_t wall_ms = clock_wall_ms(request->producer->bus->clock);
    return appender_add(&writer->appender, writer->environment, txn, request->outputs,
                        request->count, wall_ms, err);
}

static int write_group(struct writer *writer, const struct request *group, struct err *err)
{
    const struct embedded_bus *bus = group->producer->bus;
    int64_t wall_ms = clock_wall_ms(bus->clock);
    uint64_t pages = 0;
    MDB_txn *txn = NULL;
    int rc = E_OK;
    atomic_store(&writer->environment->wall_ms, wall_ms);
    for (const struct request *at = group; at && rc == E_OK; at = at->next)
        rc = appender_prepare(writer->environment, at->outputs, at->count,
                              &at->producer->bus->options, &pages, err);
    if (rc == E_OK) rc = retention_room(writer->environment, pages, err);
    if (rc == E_OK) rc = environment_write(writer->environment, &txn, err);
    if (rc) return rc;
    appender_begin(&writer->appender);
    for (const struct request *at = group; at && rc == E_OK; at = at->next)
        rc = write_request(writer, txn, at, err);
    if (rc == E_OK) rc = appender_finish(&writer->appender, writer->environment, txn, wall_ms, err);
    if (rc) {
        environment_abort(writer->environment, txn);
        return rc;
    }
    rc = environment_commit(writer->environment, txn, "produce", err);
    if (rc) return rc;
    live_publish(writer->environment, writer->appender.added, false);
    retention_tick(writer->environment, bus->clock);
    return E_OK;
}

/* The front of the queue, as much as one transaction should hold. The mutex is held. */
static struct request *take_group(struct writer *writer)
{
    struct queue group;
    size_t bytes = 0;
    queue_init(&group);
    while (writer->queue.first &&
           (bytes == 0 || bytes + writer->queue.first->bytes <= GROUP_BYTES_MAX)) {
        struct request *request = queue_take(&writer->queue);
        writer->queued--;
        bytes += request->bytes;
        queue_add(&group, request);
    }
    return group.first;
}

/* Until so many requests are queued, the deadline (NULL: none), or the end. The mutex is held. */
static void await_requests(struct writer *writer, size_t count, const struct timespec *deadline)
{
    int rc = 0;
    writer->wake_at = count;
    while (writer->queued < count && !writer->stops && rc == 0)
        rc = deadline ? pthread_cond_timedwait(&writer->work, &writer->mutex, deadline)
                      : pthread_cond_wait(&writer->work, &writer->mutex);
    writer->wake_at = SIZE_MAX;
}

int64_t embedded_gather_ns(size_t last_count, size_t queued, int64_t last_ns)
{
    if (last_count < GATHER_FROM || queued + last_count > GATHER_MOST) return 0;
    return last_ns / GATHER_PART < GATHER_NS ? last_ns / GATHER_PART : GATHER_NS;
}

/* Those of the last group may be about to come again, and then share a commit with those that came
 * meanwhile. last_count 0: nobody is waited for. The mutex is held. */
static void gather(struct writer *writer, size_t last_count, int64_t last_ns)
{
    size_t expected = writer->queued + last_count;
    int64_t wait_ns = embedded_gather_ns(last_count, writer->queued, last_ns);
    if (wait_ns > 0) {
        struct timespec deadline = time_in(wait_ns);
        await_requests(writer, expected, &deadline);
    }
    await_requests(writer, 1, NULL);
}

/* The mutex is held. */
static void finish_request(struct request *request, const struct err *err)
{
    struct producer *producer = request->producer;
    bool told = producer->done.first != NULL; /* and hasn't looked since */
    request->err.code = err ? err->code : E_OK;
    if (err) request->err = *err;
    queue_add(&producer->done, request);
    if (!told && eventfd_write(producer->wake_fd, 1)) return; /* full: readable */
}

/* How many there were. The mutex is held. */
static size_t finish_group(struct writer *writer, struct request *group, const struct err *err)
{
    size_t count = 0;
    for (struct request *next; group; group = next, count++) {
        next = group->next;
        finish_request(group, err);
    }
    pthread_cond_broadcast(&writer->finished);
    return count;
}

static void *writer_main(void *argument)
{
    struct writer *writer = argument;
    size_t count = 0;
    int64_t took_ns = 0;
    pthread_mutex_lock(&writer->mutex);
    for (;;) {
        gather(writer, count, took_ns);
        struct request *group = take_group(writer);
        if (!group) break;
        bool cut = writer->queued > 0; /* those that it left need no company */
        pthread_mutex_unlock(&writer->mutex);
        struct err err = {0};
        int64_t began_ns = clock_mono_ns(clock_system());
        int rc = write_group(writer, group, &err);
        took_ns = clock_mono_ns(clock_system()) - began_ns;
        pthread_mutex_lock(&writer->mutex);
        count = finish_group(writer, group, rc ? &err : NULL);
        if (rc || cut) count = 0;
    }
    pthread_mutex_unlock(&writer->mutex);
    return NULL;
}

static void writer_destroy(struct writer *writer)
{
    pthread_cond_destroy(&writer->work);
    pthread_cond_destroy(&writer->finished);
    pthread_mutex_destroy(&writer->mutex);
    appender_deinit(&writer->appender);
    free(writer);
}

static int writer_create(struct environment *environment, struct writer **ret_writer,
                         struct err *err)
{
    pthread_condattr_t monotonic;
    struct writer *writer = calloc(1, sizeof *writer);
    if (!writer) return err_set(err, E_NO_MEMORY, NULL);
    writer->environment = environment;
    queue_init(&writer->queue);
    pthread_mutex_init(&writer->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&writer->work, &monotonic);
    pthread_cond_init(&writer->finished, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&writer->thread, NULL, writer_main, writer)) {
        writer_destroy(writer);
        return err_set(err, E_SYSTEM, "the writer's thread of the bus can't be started");
    }
    *ret_writer = writer;
    return E_OK;
}

/* The first producer starts the environment's writer, the last one ends it. */
static int writer_acquire(struct environment *environment, struct writer **ret_writer,
                          struct err *err)
{
    pthread_mutex_lock(&environment->mutex);
    int rc = environment->writer ? E_OK : writer_create(environment, &environment->writer, err);
    if (rc == E_OK) environment->producers++;
    *ret_writer = environment->writer;
    pthread_mutex_unlock(&environment->mutex);
    return rc;
}

static void writer_release(struct environment *environment)
{
    struct writer *ended = NULL;
    pthread_mutex_lock(&environment->mutex);
    if (--environment->producers == 0) {
        ended = environment->writer;
        environment->writer = NULL;
    }
    pthread_mutex_unlock(&environment->mutex);
    if (!ended) return;
    pthread_mutex_lock(&ended->mutex);
    ended->stops = true;
    pthread_cond_signal(&ended->work);
    pthread_mutex_unlock(&ended->mutex);
    pthread_join(ended->thread, NULL);
    writer_destroy(ended);
}

/* --- producer --------------------------------------------------------------------------------- */

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
        if (request->producer == producer) finish_request(request, &err);
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
