/* See identity.h. */
#include "ops/benchmarks/identity.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/runtime.h"

enum { VALUE_BYTES = 500 };
/* What is kept of `documents` in a partition: each round of each side writes all records again. */
enum { KEPT_BYTES = 32 << 20 };

/* --- the worker ------------------------------------------------------------------------------- */

static int identity_process(struct worker_context *context, struct job *job, struct err *err)
{
    (void)context;
    return job_emit(job, TOPIC_DOCUMENTS, job->message->key, job->message->value, err);
}

static const struct worker identity_worker = {
    .name = "identity", .summary = "Passes records on.", .consumes = TOPICS(FEEDBACK),
    .produces = TOPICS(DOCUMENTS),
    .raw = true, .process = identity_process,
};

static struct runtime *running;

void identity_stop(void) { runtime_stop(running); }

bool identity_is_ready(void)
{
    struct runtime_progress progress = {0};
    if (running) runtime_progress(running, &progress);
    return progress.ready;
}

static void *stop_when_done(void *user)
{
    const struct identity_round *round = user;
    struct runtime_progress progress = {0};
    while (round->records && progress.outputs < round->records) {
        usleep(2000);
        runtime_progress(running, &progress);
    }
    if (round->records) runtime_stop(running);
    return NULL;
}

static int set_all(struct config *config, const struct identity_round *round, struct err *err)
{
    char bootstrap[256], group[128], delivery[64], prefix[128];
    snprintf(bootstrap, sizeof bootstrap, "kafka.bootstrap.servers=%s", round->bootstrap);
    snprintf(group, sizeof group, "runtime.group=%s", round->group);
    snprintf(delivery, sizeof delivery, "runtime.delivery=%s", round->delivery);
    snprintf(prefix, sizeof prefix, "bus.topic_prefix=%s", round->prefix ? round->prefix : "");
    const char *const settings[] = {
        "bus.kind=kafka", bootstrap, group, delivery, prefix, "runtime.log_level=warn",
        "runtime.batch_records=2000", "runtime.batches=2", "runtime.status_every=1h"};
    int rc = E_OK;
    for (size_t i = 0; i < sizeof settings / sizeof settings[0] && rc == E_OK; i++)
        rc = config_set(config, str_of(settings[i]), "bench", err);
    return rc;
}

int identity_run(void *user)
{
    const struct identity_round *round = user;
    const struct worker *workers[] = {&identity_worker};
    const struct option_table **tables = runtime_tables(workers, 1);
    struct config *config = NULL;
    struct err err = {0};
    pthread_t watcher;
    log_setup(LOG_WARN, LOG_TEXT);
    int rc = config_create(tables, &config, &err);
    if (rc == E_OK) rc = set_all(config, round, &err);
    if (rc == E_OK) rc = runtime_create(&identity_worker, config, &running, &err);
    if (rc == E_OK && pthread_create(&watcher, NULL, stop_when_done, user)) rc = E_SYSTEM;
    if (rc == E_OK) rc = runtime_run(running, &err);
    if (rc) fprintf(stderr, "identity: %s\n", err.text);
    return rc ? 1 : 0;
}

/* --- the input -------------------------------------------------------------------------------- */

static void on_done(void *user, const struct err *err) { *(int *)user = err ? (int)err->code : -1; }

static int fill(struct bus *bus, uint64_t records, struct err *err)
{
    enum { BATCH = 1000 };
    struct bus_producer *producer = NULL;
    char values[VALUE_BYTES], keys[BATCH][24];
    struct bus_output outputs[BATCH];
    struct bus_header headers[JOB_HEADERS];
    int rc = bus_producer_open(bus, "fill", &producer, err);
    memset(values, 'x', sizeof values);
    headers_fill(headers, TOPIC_FEEDBACK, "bench", STR("b-1"),
                 STR("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
    for (uint64_t at = 0; at < records && rc == E_OK; at += BATCH) {
        int state = 0;
        for (int i = 0; i < BATCH; i++) {
            int size = snprintf(keys[i], sizeof keys[i], "k%llu",
                                (unsigned long long)(at + (uint64_t)i) % 997);
            outputs[i] = (struct bus_output){
                .topic = TOPIC_FEEDBACK, .timestamp_ms = clock_wall_ms(clock_system()),
                .key = str_make(keys[i], (size_t)size), .value = str_make(values, sizeof values),
                .headers = headers, .header_count = JOB_HEADERS};
        }
        rc = bus_produce(producer, outputs, BATCH, on_done, &state, err);
        while (rc == E_OK && state == 0) rc = bus_producer_flush(producer, 30000, err);
        if (state > 0) rc = err_set(err, E_UNAVAILABLE, "the topic can't be filled");
    }
    bus_producer_close(producer);
    return rc;
}

int identity_open(const struct identity_round *round, struct config **ret_config,
                  struct bus **ret_bus, struct err *err)
{
    const struct worker *workers[] = {&identity_worker};
    const struct option_table **tables = runtime_tables(workers, 1);
    int rc = tables ? config_create(tables, ret_config, err) : err_set(err, E_NO_MEMORY, NULL);
    if (rc == E_OK) rc = set_all(*ret_config, round, err);
    if (rc == E_OK) rc = bus_open(*ret_config, clock_system(), ret_bus, err);
    return rc;
}

int identity_prepare(void *user)
{
    const struct identity_round *round = user;
    struct config *config = NULL;
    struct bus *bus = NULL;
    struct err err = {0};
    struct bus_topic_settings settings = {.partitions = IDENTITY_PARTITIONS};
    bool created;
    int rc = identity_open(round, &config, &bus, &err);
    for (int i = 0; i < TOPIC_COUNT && rc == E_OK; i++) {
        settings.retention_bytes = i == TOPIC_DOCUMENTS ? KEPT_BYTES : 0;
        rc = bus_topic_create(bus, (enum topic)i, &settings, &created, &err);
    }
    if (rc == E_OK) rc = fill(bus, round->records, &err);
    if (rc) fprintf(stderr, "prepare: %s\n", err.text);
    bus_close(bus);
    return rc ? 1 : 0;
}
