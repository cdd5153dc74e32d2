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
    struct link *consumers[TOPIC_COUNT]; /* by topic; NULL: nobody */
    struct random random;
    struct arena arena; /* of the record on its way */
    int64_t offset;
};

static int open_link(struct link *link, const struct worker *worker, const struct config *config,
                     struct err *err)
{
    if (worker->options) {
        link->options = calloc(1, worker->options->struct_bytes);
        int rc = link->options ? config_get(config, worker->options, link->options, err)
                               : err_set(err, E_NO_MEMORY, NULL);
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
        link->context = (struct worker_context){
            .worker = workers[i], .config = config, .clock = clock, .random = &chain->random,
            .member = "chain"};
        int rc = open_link(link, workers[i], config, err);
        if (rc) {
            chain_destroy(chain);
            config_locate(config, err);
            return rc;
        }
        for (int topic = 0; topic < TOPIC_COUNT; topic++)
            if (workers[i]->consumes >> topic & 1 && !chain->consumers[topic])
                chain->consumers[topic] = link;
    }
    *ret_chain = chain;
    return E_OK;
}

void chain_destroy(struct chain *chain)
{
    if (!chain) return;
    for (size_t i = 0; i < chain->count; i++) {
        struct link *link = &chain->links[i];
        if (link->opened && link->context.worker->close)
            link->context.worker->close(&link->context);
        free(link->options);
    }
    arena_deinit(&chain->arena);
    free(chain);
}

int chain_record(const struct chain_message *message, struct arena *arena,
                 struct record *ret_record, struct err *err)
{
    if (!message->record) return record_scan(message->value, arena, ret_record, err);
    record_copy(ret_record, message->record);
    return E_OK;
}

static int run_job(struct link *link, struct job *job, const struct chain_message *input,
                   struct err *err)
{
    int rc = E_OK;
    for (job->attempts = 1; ; job->attempts++) {
        job_reset(job);
        job->words = input->words;
        rc = link->context.worker->raw ? E_OK : chain_record(input, job->arena, &job->record, err);
        if (rc || link->context.worker->raw) job->record = (struct record){0};
        if (rc == E_OK) rc = link->context.worker->process(&link->context, job, err);
        assert(!job->deferred); /* only workers that answer at once can be chained */
        if (rc == E_OK || err_class((enum err_code)rc) != ERR_RETRY ||
            job->attempts == CHAIN_ATTEMPTS)
            break;
    }
    return rc;
}

/* A dead letter holds its message's bytes. */
static int reject(struct job *job, struct bus_message *message, struct record *record,
                  enum err_code code, struct err *err)
{
    struct err cause = *err;
    job_reset(job);
    int rc = record ? record_write(record, job->arena, &message->value, err) : E_OK;
    return rc ? rc : dead_letter_emit(job, code, &cause, SIZE_MAX, err);
}

static int pass_on(struct chain *chain, struct link *link, const struct chain_message *input,
                   chain_on_output *on_output, void *user, struct err *err)
{
    struct bus_message message = {
        .topic = input->topic, .offset = chain->offset, .timestamp_ms = input->timestamp_ms,
        .key = input->key, .value = input->value};
    struct job job;
    /* in two pieces that are a few moves each: as one it is a loop of the processor's, which is
     * slow to begin */
    enum { PIECE = offsetof(struct job, record) / 2 };
    memset(&job, 0, PIECE);
    memset((char *)&job + PIECE, 0, offsetof(struct job, record) - PIECE);
    job.message = &message, job.arena = &chain->arena, job.context = &link->context;
    job.handed_on = true;
    int rc = E_OK;
    if (link->context.worker->raw && input->record)
        rc = record_write(input->record, &chain->arena, &message.value, err);
    if (rc == E_OK) rc = run_job(link, &job, input, err);
    if (rc && err_class((enum err_code)rc) != ERR_FATAL)
        rc = reject(&job, &message, input->record, (enum err_code)rc, err);
    for (struct job_output *output = job.outputs; output && rc == E_OK; output = output->next) {
        struct chain_message passed = {
            .topic = output->bus.topic, .key = output->bus.key, .record = output->record,
            .value = output->bus.value, .words = output->words,
            .timestamp_ms = output->bus.timestamp_ms};
        struct link *next = chain->consumers[passed.topic];
        if (next) rc = pass_on(chain, next, &passed, on_output, user, err);
        else on_output(user, &passed);
    }
    return rc;
}

int chain_process(struct chain *chain, const struct chain_message *message,
                  chain_on_output *on_output, void *user, struct err *err)
{
    struct link *first = chain->consumers[message->topic];
    assert(first);
    arena_reset(&chain->arena);
    int rc = pass_on(chain, first, message, on_output, user, err);
    chain->offset++;
    return rc;
}
