/* A depth-first walk: an output is processed at once by the worker that consumes its topic. */
#include "runtime/chain.h"

#include <stdlib.h>

#include "runtime/flow.h"

enum { CHAIN_ATTEMPTS = 3, CHAIN_WORKERS_MAX = 8 };

struct link {
    struct worker_context context;
    void *options;
    bool opened;
};

struct chain {
    struct link links[CHAIN_WORKERS_MAX];
    size_t count;
    struct random random;
    struct arena arena; /* of the record on its way */
    int64_t offset;
};

static int open_link(struct link *link, const struct worker *worker, const struct config *config, struct err *err)
{
    if (worker->options) {
        link->options = calloc(1, worker->options->struct_bytes);
        int rc = link->options ? config_get(config, worker->options, link->options, err) : err_set(err, E_NO_MEMORY, NULL);
        if (rc) return rc;
        link->context.options = link->options;
    }
    int rc = worker->open ? worker->open(&link->context, err) : E_OK;
    link->opened = rc == E_OK;
    return rc;
}

int chain_create(const struct worker *const *workers, size_t count, const struct config *config,
                 const struct clock *clock, struct chain **ret_chain, struct err *err)
{
    assert(count <= CHAIN_WORKERS_MAX);
    struct chain *chain = calloc(1, sizeof *chain);
    if (!chain) return err_set(err, E_NO_MEMORY, NULL);
    random_seed_system(&chain->random);
    for (size_t i = 0; i < count; i++) {
        struct link *link = &chain->links[chain->count++];
        link->context = (struct worker_context){.worker = workers[i], .config = config, .clock = clock,
                                                .random = &chain->random, .member = "chain"};
        int rc = open_link(link, workers[i], config, err);
        if (rc) {
            chain_destroy(chain);
            return rc;
        }
    }
    *ret_chain = chain;
    return E_OK;
}

void chain_destroy(struct chain *chain)
{
    if (!chain) return;
    for (size_t i = 0; i < chain->count; i++) {
        struct link *link = &chain->links[i];
        if (link->opened && link->context.worker->close) link->context.worker->close(&link->context);
        free(link->options);
    }
    arena_deinit(&chain->arena);
    free(chain);
}

static struct link *consumer_of(struct chain *chain, enum topic topic)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->links[i].context.worker->consumes >> topic & 1) return &chain->links[i];
    return NULL;
}

static int run_job(struct link *link, struct job *job, struct err *err)
{
    int rc = E_OK;
    for (job->attempts = 1; ; job->attempts++) {
        job_reset(job);
        rc = link->context.worker->raw ? E_OK : record_scan(job->message->value, job->arena, &job->record, err);
        if (rc == E_OK) rc = link->context.worker->process(&link->context, job, err);
        assert(!job->deferred); /* only workers that answer at once can be chained */
        if (rc == E_OK || err_class((enum err_code)rc) != ERR_RETRY || job->attempts == CHAIN_ATTEMPTS) break;
    }
    if (rc == E_OK || err_class((enum err_code)rc) == ERR_FATAL) return rc;
    struct err cause = *err;
    job_reset(job);
    return dead_letter_emit(job, (enum err_code)rc, &cause, SIZE_MAX, err);
}

static int pass_on(struct chain *chain, struct link *link, const struct bus_message *message, chain_on_output *on_output,
                   void *user, struct err *err)
{
    struct job job = {.message = message, .arena = &chain->arena, .context = &link->context};
    int rc = run_job(link, &job, err);
    for (struct job_output *output = job.outputs; output && rc == E_OK; output = output->next) {
        struct link *next = consumer_of(chain, output->bus.topic);
        if (!next) {
            on_output(user, output->bus.topic, output->bus.key, output->bus.value);
            continue;
        }
        struct bus_message passed = {.topic = output->bus.topic, .offset = message->offset, .timestamp_ms = output->bus.timestamp_ms,
                                     .key = output->bus.key, .value = output->bus.value,
                                     .headers = output->bus.headers, .header_count = output->bus.header_count};
        rc = pass_on(chain, next, &passed, on_output, user, err);
    }
    return rc;
}

int chain_process(struct chain *chain, enum topic topic, struct str key, struct str value, int64_t timestamp_ms,
                  chain_on_output *on_output, void *user, struct err *err)
{
    struct link *first = consumer_of(chain, topic);
    assert(first);
    arena_reset(&chain->arena);
    struct bus_message message = {.topic = topic, .offset = chain->offset++, .timestamp_ms = timestamp_ms, .key = key, .value = value};
    return pass_on(chain, first, &message, on_output, user, err);
}
