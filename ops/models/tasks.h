/* What each model is trained on: a task adds the rows of its sources to a trainer. */
#ifndef VERBATIM_OPS_MODELS_TASKS_H
#define VERBATIM_OPS_MODELS_TASKS_H

#include "model/train_linear.h"

struct task {
    const char *name;                /* also the file: NAME.model */
    struct train_options options;
    const char *const *source_names; /* NULL-terminated; the index is the source's number */
    const bool *judged;              /* per source: worth leaving out */
    int (*add_rows)(struct train_linear *train, const char *data, const char *own, struct err *err);
};

extern const struct task sentiment_task, needs_task, safety_task;

#endif
