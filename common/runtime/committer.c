/* A thread with one slot: idle → working → ended → (taken) idle. */
#include "runtime/committer.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/crash.h"

enum slot { SLOT_IDLE, SLOT_WORKING, SLOT_ENDED, SLOT_QUIT };

struct committer {
    struct bus_consumer *consumer;
    void (*on_done)(void *user);
    void *user;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum slot slot;              /* guarded by mutex, like what follows */
    const struct bus_output *outputs;
    const struct bus_position *positions;
    size_t output_count, position_count;
    int code;
    struct err err;
    double seconds;
};

/* The slot is SLOT_WORKING, and nobody else touches its fields until it isn't. */
static void work(struct committer *committer)
{
    int64_t start_ns = clock_mono_ns(clock_system());
    committer->err = (struct err){0};
    crash_point("commit.before");
    committer->code = bus_commit(committer->consumer, committer->outputs, committer->output_count,
                                 committer->positions, committer->position_count, &committer->err);
    if (committer->code == E_OK) crash_point("commit.after");
    committer->seconds = (double)(clock_mono_ns(clock_system()) - start_ns) * 1e-9;
}

static void *thread_main(void *argument)
{
    struct committer *committer = argument;
    pthread_mutex_lock(&committer->mutex);
    for (;;) {
        while (committer->slot != SLOT_WORKING && committer->slot != SLOT_QUIT)
            pthread_cond_wait(&committer->changed, &committer->mutex);
        if (committer->slot == SLOT_QUIT) break;
        pthread_mutex_unlock(&committer->mutex);
        work(committer);
        pthread_mutex_lock(&committer->mutex);
        committer->slot = SLOT_ENDED;
        pthread_cond_broadcast(&committer->changed);
        committer->on_done(committer->user);
    }
    pthread_mutex_unlock(&committer->mutex);
    return NULL;
}

int committer_create(struct bus_consumer *consumer, void (*on_done)(void *user), void *user,
                     struct committer **ret_committer, struct err *err)
{
    struct committer *committer = calloc(1, sizeof *committer);
    if (!committer) return err_set(err, E_NO_MEMORY, NULL);
    committer->consumer = consumer;
    committer->on_done = on_done;
    committer->user = user;
    pthread_mutex_init(&committer->mutex, NULL);
    pthread_cond_init(&committer->changed, NULL);
    if (pthread_create(&committer->thread, NULL, thread_main, committer)) {
        free(committer);
        return err_set(err, E_SYSTEM, "the committer's thread can't be started");
    }
    *ret_committer = committer;
    return E_OK;
}

void committer_destroy(struct committer *committer)
{
    if (!committer) return;
    pthread_mutex_lock(&committer->mutex);
    while (committer->slot == SLOT_WORKING)
        pthread_cond_wait(&committer->changed, &committer->mutex);
    committer->slot = SLOT_QUIT;
    pthread_cond_broadcast(&committer->changed);
    pthread_mutex_unlock(&committer->mutex);
    pthread_join(committer->thread, NULL);
    pthread_cond_destroy(&committer->changed);
    pthread_mutex_destroy(&committer->mutex);
    free(committer);
}

static enum slot slot_now(const struct committer *committer)
{
    pthread_mutex_t *mutex = (pthread_mutex_t *)&committer->mutex;
    pthread_mutex_lock(mutex);
    enum slot slot = committer->slot;
    pthread_mutex_unlock(mutex);
    return slot;
}

bool committer_busy(const struct committer *committer) { return slot_now(committer) != SLOT_IDLE; }

void committer_start(struct committer *committer, const struct bus_output *outputs,
                     size_t output_count, const struct bus_position *positions,
                     size_t position_count)
{
    pthread_mutex_lock(&committer->mutex);
    assert(committer->slot == SLOT_IDLE);
    committer->outputs = outputs;
    committer->output_count = output_count;
    committer->positions = positions;
    committer->position_count = position_count;
    committer->slot = SLOT_WORKING;
    pthread_cond_broadcast(&committer->changed);
    pthread_mutex_unlock(&committer->mutex);
}

bool committer_take(struct committer *committer, int *ret_code, struct err *ret_err,
                    double *ret_seconds)
{
    pthread_mutex_lock(&committer->mutex);
    bool ended = committer->slot == SLOT_ENDED;
    if (ended) {
        *ret_code = committer->code;
        *ret_err = committer->err;
        *ret_seconds = committer->seconds;
        committer->slot = SLOT_IDLE;
    }
    pthread_mutex_unlock(&committer->mutex);
    return ended;
}

void committer_wait(struct committer *committer)
{
    pthread_mutex_lock(&committer->mutex);
    while (committer->slot == SLOT_WORKING)
        pthread_cond_wait(&committer->changed, &committer->mutex);
    pthread_mutex_unlock(&committer->mutex);
}
