/* What producers of the embedded bus and the one writer thread of a process share: requests, the
 * queues they stand in, and the writer's mutex, which guards both. */
#ifndef VERBATIM_BUS_EMBEDDED_WRITER_H
#define VERBATIM_BUS_EMBEDDED_WRITER_H

#include <time.h>

#include "bus/embedded.h"

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
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t work, finished;
    struct queue queue;
    size_t queued, wake_at; /* requests in the queue; how many of them wake the writer */
    bool stops;
    struct appender appender;
};

static inline void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static inline void queue_add(struct queue *queue, struct request *request)
{
    request->next = NULL;
    *queue->last = request;
    queue->last = &request->next;
}

static inline struct request *queue_take(struct queue *queue)
{
    struct request *request = queue->first;
    if (request && !(queue->first = request->next)) queue->last = &queue->first;
    return request;
}

static inline struct timespec time_in(int64_t ns)
{
    int64_t at_ns = clock_mono_ns(clock_system()) + ns;
    return (struct timespec){.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};
}

/* The first producer starts the environment's writer, the last one ends it. */
int writer_acquire(struct environment *environment, struct writer **ret_writer,
                   struct err *err) CHECKED;
void writer_release(struct environment *environment);
/* Done, or failed: the producer is told. The mutex is held. */
void writer_finish(struct request *request, const struct err *err);

#endif
