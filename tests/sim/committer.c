/* runtime/committer.h without a thread: a commit is a fiber. */
#include "runtime/committer.h"

#include <assert.h>

#include "tests/sim/bus.h"

struct committer {
    struct bus_consumer *consumer;
    void (*on_done)(void *user);
    void *user;
    struct fiber *fiber; /* from start to take */
    const struct bus_output *outputs;
    const struct bus_position *positions;
    size_t output_count, position_count;
    int code;
    struct err err;
};

int committer_create(struct bus_consumer *consumer, void (*on_done)(void *user), void *user,
                     struct committer **ret_committer, struct err *err)
{
    struct committer *committer = calloc(1, sizeof *committer);
    (void)err;
    if (!committer) abort();
    *committer = (struct committer){.consumer = consumer, .on_done = on_done, .user = user};
    *ret_committer = committer;
    return E_OK;
}

void committer_destroy(struct committer *committer)
{
    if (!committer) return;
    committer_wait(committer);
    fiber_free(committer->fiber);
    free(committer);
}

static void work(void *user)
{
    struct committer *committer = user;
    committer->code = bus_commit(committer->consumer, committer->outputs, committer->output_count,
                                 committer->positions, committer->position_count, &committer->err);
    committer->on_done(committer->user);
}

void committer_start(struct committer *committer, const struct bus_output *outputs,
                     size_t output_count, const struct bus_position *positions,
                     size_t position_count)
{
    assert(!committer->fiber);
    commit_begins(committer->consumer, outputs, output_count);
    committer->outputs = outputs;
    committer->output_count = output_count;
    committer->positions = positions;
    committer->position_count = position_count;
    committer->err = (struct err){0};
    committer->fiber = fiber_start(work, committer);
}

bool committer_busy(const struct committer *committer) { return committer->fiber; }

bool committer_take(struct committer *committer, int *ret_code, struct err *ret_err,
                    double *ret_seconds)
{
    if (!committer->fiber || !fiber_done(committer->fiber)) return false;
    *ret_code = committer->code;
    *ret_err = committer->err;
    *ret_seconds = 0.01;
    fiber_free(committer->fiber);
    committer->fiber = NULL;
    return true;
}

void committer_wait(struct committer *committer)
{
    if (committer->fiber) fiber_finish(committer->fiber);
}
