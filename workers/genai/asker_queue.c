/* Where a task goes next: into a batch, alone, later, to the next provider, or to its end. */
#include <stdio.h>

#include "base/backoff.h"
#include "workers/genai/asker.h"

void task_queue_push(struct task_queue *queue, struct task *task)
{
    task->next = NULL;
    if (queue->last) queue->last->next = task;
    else queue->first = task;
    queue->last = task;
    queue->count++;
}

struct task *task_queue_pop(struct task_queue *queue)
{
    struct task *task = queue->first;
    if (!task) return NULL;
    queue->first = task->next;
    if (!queue->first) queue->last = NULL;
    queue->count--;
    return task;
}

/* By due time: pauses are short and few, so it is found soon from the front. */
static void push_by_due(struct task_queue *queue, struct task *task)
{
    struct task **link = &queue->first;
    while (*link && (*link)->due_ms <= task->due_ms) link = &(*link)->next;
    task->next = *link;
    *link = task;
    if (!task->next) queue->last = task;
    queue->count++;
}

void asker_place(struct asker *asker, struct task *task)
{
    struct stage *stage = &asker->stages[task->stage];
    if (task->gone) {
        asker_end(asker, task, NULL, NULL);
        return;
    }
    asker->waiting++;
    task_queue_push(task->alone ? &stage->alone : &stage->together, task);
}

void asker_hold(struct asker *asker, struct task *task, int64_t until_ms)
{
    if (task->gone) {
        asker_end(asker, task, NULL, NULL);
        return;
    }
    task->since_ms += until_ms - clock_mono_ms(asker->clock);
    task->due_ms = until_ms;
    asker->waiting++;
    push_by_due(&asker->stages[task->stage].later, task);
}

/* Its claim, and those that waited for it: they look at the journal again. */
static void release(struct asker *asker, struct task *task)
{
    for (struct claim *at = claims_release(&asker->claims, &task->claim), *next; at; at = next) {
        next = at->next;
        task_of(at)->key.shared = true;
        asker->waiting++;
        task_queue_push(&asker->inbox, task_of(at));
    }
}

const struct prompt *asker_prompt(const struct asker *asker, const struct task *task)
{
    return task->subject ? task->subject->prompt : asker->prompt;
}

void asker_end(struct asker *asker, struct task *task, void *answer,
               const struct asker_source *source)
{
    release(asker, task);
    if (task->subject) {
        task->subject->on_end(task->subject->user, task, answer, source);
        return;
    }
    if (answer) asker->counts.answered++;
    else asker->counts.given_up++;
    asker->on_end(asker->on_end_user, task, answer, source);
}

void asker_next_stage(struct asker *asker, struct task *task)
{
    task->tries = task->repairs = 0;
    task->group = 0;
    task->reason[0] = '\0';
    if (++task->stage < asker->stage_count) asker_place(asker, task);
    else asker_end(asker, task, NULL, NULL);
}

/* From three quarters of it to all of it: each is longer than the one before, and replicas
 * don't come back in step. */
int64_t asker_pause_ms(struct asker *asker, uint32_t failures)
{
    const struct asker_options *options = &asker->options;
    int64_t most_ms = backoff_ms(options->retry_least_ms, options->retry_most_ms, failures);
    return most_ms - (int64_t)random_below(asker->random, (uint64_t)most_ms / 4 + 1);
}

void asker_try_again(struct asker *asker, struct task *task, uint64_t group, int64_t pause_ms)
{
    if (task->gone || ++task->tries >= asker->options.tries) {
        asker_next_stage(asker, task);
        return;
    }
    task->group = group;
    task->due_ms = clock_mono_ms(asker->clock) + pause_ms;
    asker->counts.retries++;
    asker->waiting++;
    push_by_due(&asker->stages[task->stage].later, task);
}

void asker_repair(struct asker *asker, struct task *task, const char *reason)
{
    if (task->repairs++) {
        asker_next_stage(asker, task);
        return;
    }
    snprintf(task->reason, sizeof task->reason, "%s", reason);
    task->alone = true;
    task->group = 0;
    asker->counts.repairs++;
    asker_place(asker, task);
}
