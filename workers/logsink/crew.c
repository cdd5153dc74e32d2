/* A few threads, a queue in, a queue out. */
#include "workers/logsink/crew.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

enum { CREW_MAX = 16 };

struct queue {
    struct task *first, **end;
};

struct hand {
    struct crew *crew;
    pthread_t thread;
    struct store *store;
    uint32_t edition; /* of the configuration that the store was opened with */
};

struct crew {
    struct store_config config;
    void (*on_ended)(void *user);
    void *user;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct queue waiting, ended; /* under the lock, and so are: */
    uint32_t edition;
    bool stopping;
    atomic_bool cancelled;
    struct hand hands[CREW_MAX];
    uint32_t count;
};

static void push(struct queue *queue, struct task *task)
{
    task->next = NULL;
    *queue->end = task;
    queue->end = &task->next;
}

static struct task *pop(struct queue *queue)
{
    struct task *task = queue->first;
    if (!task) return NULL;
    queue->first = task->next;
    if (!queue->first) queue->end = &queue->first;
    return task;
}

/* --- on a thread of the crew ------------------------------------------------------------------ */

static void run(struct hand *hand, struct task *task, uint32_t edition)
{
    if (hand->store && hand->edition != edition) {
        store_close(hand->store);
        hand->store = NULL;
    }
    if (!hand->store) {
        task->rc = store_open(&hand->crew->config, &hand->store, &task->err);
        if (task->rc != E_OK) return;
        hand->edition = edition;
    }
    task_run(task, hand->store);
}

static void *work(void *argument)
{
    struct hand *hand = argument;
    struct crew *crew = hand->crew;
    pthread_mutex_lock(&crew->lock);
    while (!crew->stopping) {
        struct task *task = pop(&crew->waiting);
        if (!task) {
            pthread_cond_wait(&crew->changed, &crew->lock);
            continue;
        }
        uint32_t edition = crew->edition;
        pthread_mutex_unlock(&crew->lock);
        run(hand, task, edition);
        pthread_mutex_lock(&crew->lock);
        push(&crew->ended, task);
        crew->on_ended(crew->user);
    }
    pthread_mutex_unlock(&crew->lock);
    return NULL;
}

/* --- on the loop ------------------------------------------------------------------------------ */

void crew_start(struct crew *crew, struct task *task)
{
    pthread_mutex_lock(&crew->lock);
    push(&crew->waiting, task);
    pthread_cond_signal(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
}

struct task *crew_take(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    struct task *task = pop(&crew->ended);
    if (!task && crew->stopping) task = pop(&crew->waiting);
    pthread_mutex_unlock(&crew->lock);
    return task;
}

void crew_reopen(struct crew *crew)
{
    pthread_mutex_lock(&crew->lock);
    crew->edition++;
    pthread_mutex_unlock(&crew->lock);
}

/* Signals are for the main thread. */
static int start_hand(struct hand *hand)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int failed = pthread_create(&hand->thread, NULL, work, hand);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

static int start_hands(struct crew *crew, uint32_t threads, struct err *err)
{
    int rc = store_open(&crew->config, &crew->hands[0].store, err);
    if (rc != E_OK) return rc;
    for (uint32_t i = 0; i < threads && i < CREW_MAX; i++) {
        crew->hands[i].crew = crew;
        if (start_hand(&crew->hands[i])) break; /* fewer will do */
        crew->count++;
    }
    return crew->count ? E_OK : err_set(err, E_SYSTEM, "no thread can be started");
}

int crew_create(uint32_t threads, const struct store_config *config, void (*on_ended)(void *user),
                void *user, struct crew **ret_crew, struct err *err)
{
    struct crew *crew = calloc(1, sizeof *crew);
    if (!crew) return err_set(err, E_NO_MEMORY, NULL);
    crew->config = *config;
    crew->config.cancelled = &crew->cancelled;
    crew->on_ended = on_ended;
    crew->user = user;
    crew->waiting.end = &crew->waiting.first;
    crew->ended.end = &crew->ended.first;
    pthread_mutex_init(&crew->lock, NULL);
    pthread_cond_init(&crew->changed, NULL);
    int rc = start_hands(crew, threads, err);
    if (rc != E_OK)
        crew_destroy(crew);
    else
        *ret_crew = crew;
    return rc;
}

void crew_stop(struct crew *crew)
{
    atomic_store(&crew->cancelled, true);
    pthread_mutex_lock(&crew->lock);
    crew->stopping = true;
    pthread_cond_broadcast(&crew->changed);
    pthread_mutex_unlock(&crew->lock);
    for (uint32_t i = 0; i < crew->count; i++) pthread_join(crew->hands[i].thread, NULL);
}

void crew_destroy(struct crew *crew)
{
    if (!crew) return;
    for (uint32_t i = 0; i < CREW_MAX; i++) store_close(crew->hands[i].store);
    pthread_cond_destroy(&crew->changed);
    pthread_mutex_destroy(&crew->lock);
    free(crew);
}
