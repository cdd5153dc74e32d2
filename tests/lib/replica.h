/* A worker as it runs, on a thread of the test: started, told to stop, joined. Include it in one
 * test program that links with common_runtime. What it is asked meanwhile (runtime_reload(),
 * runtime_finish()) goes to `runtime`. */
#ifndef VERBATIM_TESTS_REPLICA_H
#define VERBATIM_TESTS_REPLICA_H

#include "test.h"

#include <pthread.h>
#include <stdio.h>

#include "runtime/runtime.h"

struct replica {
    struct config *config; /* its own */
    struct runtime *runtime;
    pthread_t thread;
    struct err err; /* of rc */
    int rc;         /* of runtime_run(), once joined */
};

static inline void *replica_main(void *argument)
{
    struct replica *replica = argument;
    replica->rc = runtime_run(replica->runtime, &replica->err);
    if (replica->rc) /* who waits for its work would not learn why it doesn't come */
        fprintf(stderr, "replica: %s: %s\n", err_name(replica->err.code), replica->err.text);
    return NULL;
}

/* Takes the config over. */
static inline void replica_run(struct replica *replica, const struct worker *worker,
                               struct config *config)
{
    struct err err;
    *replica = (struct replica){.config = config};
    if (runtime_create(worker, config, &replica->runtime, &err))
        fail_msg("%s: %s", err_name(err.code), err.text);
    assert_int_equal(pthread_create(&replica->thread, NULL, replica_main, replica), 0);
}

static inline struct runtime_progress replica_progress(const struct replica *replica)
{
    struct runtime_progress progress;
    runtime_progress(replica->runtime, &progress);
    return progress;
}

/* Waits until it has ended by itself, and gives it back: how far it came. */
static inline struct runtime_progress replica_ended(struct replica *replica)
{
    pthread_join(replica->thread, NULL);
    struct runtime_progress progress = replica_progress(replica);
    runtime_destroy(replica->runtime);
    config_destroy(replica->config);
    return progress;
}

/* The same; the exit of runtime_run(). */
static inline int replica_join(struct replica *replica)
{
    replica_ended(replica);
    return replica->rc;
}

static inline int replica_stop(struct replica *replica)
{
    runtime_stop(replica->runtime);
    return replica_join(replica);
}

#endif
