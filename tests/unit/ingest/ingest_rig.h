/* The ingest worker on a thread of this process, on an embedded bus in a folder of its own.
 * Who talks to it is in ingest_callers.h, what it wrote in ingest_topics.h, what it is made to
 * suffer in ingest_faults.h. */
#ifndef VERBATIM_TESTS_INGEST_RIG_H
#define VERBATIM_TESTS_INGEST_RIG_H

#include "must.h"
#include "own_folder.h"
#include "ingest_faults.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "runtime/internal.h"
#include "workers/ingest/feed.h"
#include "workers/ingest/ingest.h"
#include "workers/ingest/state.h"


static inline int rig_setup(void **state)
{
    atomic_store(&rig_produce, PRODUCE_WELL);
    atomic_store(&rig_tell, PRODUCE_WELL);
    atomic_store(&rig_ahead_ms, 0);
    return own_folder_make(state);
}

/* What the loop's thread knows, copied there: see rig_look(). */
struct look {
    struct http_counters counters;
    uint64_t posts_open;
    int64_t bus_told_ms;
    size_t waiters, streams;
    bool draining, hurry;
};

struct rig {
    const char *whom; /* for whose sake insights are sent again; NULL: they are new */
    uv_async_t asked;
    atomic_uint looks;
    struct look look;
    struct config *config;
    struct runtime *runtime;
    pthread_t thread;
    struct err err;
    int rc;
    uint16_t port;
    struct bus *bus; /* from outside */
};

static inline struct config *rig_config(const char *const *settings)
{
    static const struct worker *const workers[] = {&ingest_worker};
    static const struct option_table **tables;
    const char *const defaults[] = {"bus.durable=false", "bus.size_limit=256M", "bus.partitions=3",
                                    "ingest.listen=127.0.0.1:0", "runtime.status_every=100ms",
                                    "runtime.log_level=error", "ingest.watch_every=20ms"};
    struct config *config;
    struct err err;
    char path[128];
    if (!tables) tables = runtime_tables(workers, 1);
    must(config_create(tables, &config, &err), &err);
    snprintf(path, sizeof path, "bus.path=%s/bus", own_folder);
    must(config_set(config, str_of(path), "test", &err), &err);
    for (size_t i = 0; i < COUNT_OF(defaults); i++)
        must(config_set(config, str_of(defaults[i]), "test", &err), &err);
    for (; settings && *settings; settings++)
        must(config_set(config, str_of(*settings), "test", &err), &err);
    return config;
}

static inline void *rig_main(void *argument)
{
    struct rig *rig = argument;
    rig->rc = runtime_run(rig->runtime, &rig->err);
    return NULL;
}

static inline bool rig_ready(const struct rig *rig)
{
    struct runtime_progress progress;
    runtime_progress(rig->runtime, &progress);
    return progress.ready;
}

static inline struct ingest_state *rig_state(const struct rig *rig)
{
    return rig->runtime->context.state;
}

static inline void rig_on_asked(uv_async_t *asked)
{
    struct rig *rig = asked->data;
    const struct ingest_state *state = rig_state(rig);
    rig_give_up_held();
    rig->look.posts_open = state->posts_open;
    rig->look.bus_told_ms = state->bus_told_ms;
    rig->look.waiters = state->feed->waiter_count;
    rig->look.streams = state->feed->stream_count;
    rig->look.draining = state->draining;
    rig->look.hurry = state->feed->hurry != NULL;
    if (state->server) rig->look.counters = *http_server_counters(state->server);
    atomic_fetch_add(&rig->looks, 1);
}

/* While the worker runs. */
static inline const struct look *rig_look(struct rig *rig)
{
    unsigned before = atomic_load(&rig->looks);
    uv_async_send(&rig->asked);
    RIG_AWAIT(atomic_load(&rig->looks) != before);
    return &rig->look;
}

static inline void rig_create_topics(struct rig *rig)
{
    struct err err;
    for (int i = 0; i < TOPIC_COUNT; i++) {
        const struct bus_topic_settings settings = {.partitions = 3};
        bool created;
        must(bus_topic_create(rig->bus, (enum topic)i, &settings, &created, &err), &err);
    }
}

/* `settings` ends with NULL, and may be NULL. */
static inline void rig_start(struct rig *rig, const char *const *settings)
{
    struct err err;
    memset(rig, 0, sizeof *rig);
    rig->config = rig_config(settings);
    must(bus_open(rig->config, __real_clock_system(), &rig->bus, &err), &err);
    rig_create_topics(rig);
    must(runtime_create(&ingest_worker, rig->config, &rig->runtime, &err), &err);
    uv_async_init(&rig->runtime->loop, &rig->asked, rig_on_asked);
    rig->asked.data = rig;
    if (pthread_create(&rig->thread, NULL, rig_main, rig)) abort();
    RIG_AWAIT(rig_ready(rig));
    if (rig_state(rig)->server) rig->port = http_server_port(rig_state(rig)->server);
}

static inline int rig_stop(struct rig *rig)
{
    runtime_stop(rig->runtime);
    pthread_join(rig->thread, NULL);
    runtime_destroy(rig->runtime);
    bus_close(rig->bus);
    config_destroy(rig->config);
    return rig->rc;
}

/* What runtime_run() says of settings that it should refuse. */
static inline int rig_refusal(const char *const *settings, struct err *err)
{
    struct config *config = rig_config(settings);
    struct runtime *runtime;
    must(runtime_create(&ingest_worker, config, &runtime, err), err);
    int rc = runtime_run(runtime, err);
    runtime_destroy(runtime);
    config_destroy(config);
    return rc;
}

#endif
