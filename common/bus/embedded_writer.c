/* The writer of the embedded bus: one thread a process commits what all producers have queued.
 *
 * While one commit waits for the disk the next group gathers, so many small calls cost few syncs.
 * Callers that all wait for their answers before they come again would be in two groups in turn,
 * each waiting for the other's commit: so after a group of some size the writer waits a moment for
 * those that it has just let go. */
#include "bus/embedded_writer.h"

#include <stdlib.h>
#include <sys/eventfd.h>

/* From so many requests on, up to so many, for as long as the last commit took, up to so long: a
 * commit may have waited for a disk that stood still, or for another process. */
enum { GATHER_FROM = 4, GATHER_MOST = 256, GATHER_NS = 5000000 };
enum { GROUP_BYTES_MAX = 16 << 20 };

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
    retention_tell_time(writer->environment, bus->clock);
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
    return last_ns < GATHER_NS ? last_ns : GATHER_NS;
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

void writer_finish(struct request *request, const struct err *err)
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
        writer_finish(group, err);
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

int writer_acquire(struct environment *environment, struct writer **ret_writer, struct err *err)
{
    pthread_mutex_lock(&environment->mutex);
    int rc = environment->writer ? E_OK : writer_create(environment, &environment->writer, err);
    if (rc == E_OK) environment->producers++;
    *ret_writer = environment->writer;
    pthread_mutex_unlock(&environment->mutex);
    return rc;
}

void writer_release(struct environment *environment)
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
