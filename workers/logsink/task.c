/* Running one task. */
#include "workers/logsink/task.h"

#include <stdlib.h>

void task_run(struct task *task, struct store *store)
{
    struct str line = buffer_str(&task->line);
    if (task->kind == TASK_LOOKUP)
        task->rc = lookup_spans(store, task->topic, task->partition, task->offset, line,
                                &task->found, &task->err);
    else
        task->rc = keep_object(store, &task->keep, task->object, &task->stored, &task->adopted,
                               &task->err);
    task->retry_after_ms = task->rc ? store->retry_after_ms : 0;
}

void task_destroy(struct task *task)
{
    if (!task) return;
    object_destroy(task->object);
    buffer_deinit(&task->line);
    free(task);
}
