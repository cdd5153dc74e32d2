/* workers/logsink/crew.h without threads: each call of the store is a fiber. */
#include "workers/logsink/crew.h"

#include "tests/sim/sim.h"
#include "tests/sim/store.h"

enum { HANDS_MAX = 16 };

struct hand {
    struct crew *crew;
    struct store *store; /* NULL: not used yet */
    struct fiber *fiber;
    struct task *task; /* NULL: idle */
};

struct crew {
    void (*on_ended)(void *user);
    void *user;
    struct hand hands[HANDS_MAX];
    bool stopping;
};

int crew_create(uint32_t threads, const struct store_config *config, void (*on_ended)(void *user),
                void *user, struct crew **ret_crew, struct err *err)
{
    struct crew *crew = calloc(1, sizeof *crew);
    (void)threads, (void)config, (void)err;
    if (!crew) abort();
    *crew = (struct crew){.on_ended = on_ended, .user = user};
    *ret_crew = crew;
    return E_OK;
}

static void work(void *user)
{
    struct hand *hand = user;
    task_run(hand->task, hand->store);
    if (!hand->crew->stopping) hand->crew->on_ended(hand->crew->user);
}

void crew_start(struct crew *crew, struct task *task)
{
    for (int i = 0; i < HANDS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (hand->task) continue;
        hand->crew = crew;
        if (!hand->store) hand->store = sim_store_open();
        hand->task = task;
        hand->fiber = fiber_start(work, hand);
        return;
    }
    abort(); /* logsink.uploads is at most that */
}

struct task *crew_take(struct crew *crew)
{
    for (int i = 0; i < HANDS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (!hand->task || !fiber_done(hand->fiber)) continue;
        struct task *task = hand->task;
        fiber_free(hand->fiber);
        hand->fiber = NULL;
        hand->task = NULL;
        return task;
    }
    return NULL;
}

void crew_reopen(struct crew *crew) { (void)crew; }

void crew_stop(struct crew *crew)
{
    crew->stopping = true;
    for (int i = 0; i < HANDS_MAX; i++) {
        struct hand *hand = &crew->hands[i];
        if (!hand->task || fiber_done(hand->fiber)) continue;
        sim_store_cancel(hand->store);
        fiber_finish(hand->fiber);
    }
}

void crew_destroy(struct crew *crew)
{
    if (!crew) return;
    for (int i = 0; i < HANDS_MAX; i++) store_close(crew->hands[i].store);
    free(crew);
}
