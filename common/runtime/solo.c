/* Happy path: solo_send() copies the message, the worker processes it, and it ends at once, or,
 * deferred, when job_finish() comes. There are no retries here: how it ended is told, and the
 * caller decides. */
#include "runtime/solo.h"

#include <stdlib.h>

#include "runtime/flow.h"

/* One message under way. */
struct passage {
    struct passage *next, **link;
    struct solo *solo;
    struct arena arena;
    struct bus_message message;
    struct job job;
    enum topic wanted;
    solo_on_end *on_end;
    void *user;
};

struct solo {
    struct worker_context context;
    void *options;
    struct random random;
    struct passage *passages;
    uint32_t under_way;
};

int solo_create(uv_loop_t *loop, const struct worker *worker, const struct config *config,
                const struct clock *clock, struct solo **ret_solo, struct err *err)
{
    struct solo *solo = calloc(1, sizeof *solo);
    if (!solo) return err_set(err, E_NO_MEMORY, NULL);
    random_seed_system(&solo->random);
    solo->context = (struct worker_context){.worker = worker,
                                            .config = config,
                                            .clock = clock,
                                            .random = &solo->random,
                                            .member = "solo",
                                            .loop = loop};
    int rc = E_OK;
    if (worker->options) {
        solo->options = calloc(1, worker->options->struct_bytes);
        rc = solo->options ? config_get(config, worker->options, solo->options, err)
                           : err_set(err, E_NO_MEMORY, NULL);
        solo->context.options = solo->options;
    }
    if (rc == E_OK && worker->open) rc = worker->open(&solo->context, err);
    if (rc) {
        free(solo->options);
        free(solo);
        return rc;
    }
    *ret_solo = solo;
    return E_OK;
}

static void forget(struct passage *passage)
{
    *passage->link = passage->next;
    if (passage->next) passage->next->link = passage->link;
    passage->solo->under_way--;
    arena_deinit(&passage->arena);
    free(passage);
}

void solo_destroy(struct solo *solo)
{
    if (!solo) return;
    if (solo->context.worker->close) solo->context.worker->close(&solo->context);
    while (solo->passages) forget(solo->passages);
    free(solo->options);
    free(solo);
}

uint32_t solo_under_way(const struct solo *solo) { return solo->under_way; }
struct worker_context *solo_context(struct solo *solo) { return &solo->context; }

static void end(struct passage *passage, enum err_code code, const struct err *err)
{
    struct solo_end ended = {.code = code, .err = err, .arena = &passage->arena};
    for (const struct job_output *output = passage->job.outputs; output && !ended.record;
         output = output->next)
        if (output->bus.topic == passage->wanted) ended.record = output->record;
    passage->on_end(passage->user, &ended);
    forget(passage);
}

void solo_finish(struct job *job, enum err_code code, const struct err *err)
{
    end((struct passage *)((char *)job - offsetof(struct passage, job)), code, err);
}

static struct passage *make_passage(struct solo *solo, const struct solo_message *message)
{
    struct passage *passage = calloc(1, sizeof *passage);
    if (!passage) return NULL;
    passage->solo = solo;
    passage->wanted = message->topic;
    passage->message = (struct bus_message){.topic = message->from,
                                            .timestamp_ms = clock_wall_ms(solo->context.clock),
                                            .key = arena_copy(&passage->arena, message->key),
                                            .value = arena_copy(&passage->arena, message->value)};
    passage->job = (struct job){.message = &passage->message,
                                .arena = &passage->arena,
                                .context = &solo->context,
                                .handed_on = true,
                                .attempts = 1};
    if (!passage->message.key.data || !passage->message.value.data) {
        arena_deinit(&passage->arena);
        free(passage);
        return NULL;
    }
    passage->next = solo->passages;
    passage->link = &solo->passages;
    if (passage->next) passage->next->link = &passage->next;
    solo->passages = passage;
    solo->under_way++;
    return passage;
}

int solo_send(struct solo *solo, const struct solo_message *message, solo_on_end *on_end,
              void *user, struct err *err)
{
    struct passage *passage = make_passage(solo, message);
    if (!passage) return err_set(err, E_NO_MEMORY, NULL);
    struct job *job = &passage->job;
    struct err cause = {0};
    passage->on_end = on_end, passage->user = user;
    job_reset(job);
    bool raw = solo->context.worker->raw;
    int rc =
        raw ? E_OK : record_scan(passage->message.value, &passage->arena, &job->record, &cause);
    if (rc == E_OK) rc = solo->context.worker->process(&solo->context, job, &cause);
    if (rc || !job->deferred) end(passage, (enum err_code)rc, &cause);
    return E_OK;
}
