/* verbatim train sentiment | needs | safety | topics | language: models from anybody's
 * labelled file. */
#ifndef VERBATIM_OPS_CLI_TRAIN_TASK_H
#define VERBATIM_OPS_CLI_TRAIN_TASK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "ops/evaluate/examples.h"

#define TRAIN_TASKS "sentiment, needs, safety, topics, language"
enum { TRAIN_FOLDS_MAX = 20, TRAIN_ROWS_LEAST = 20 };

struct train_wish {
    struct examples_source data;
    const char *task, *out, *name, *licence;
    uint64_t folds, seed;
};

bool train_task_known(const char *task);
int train_task(const struct train_wish *wish, struct err *err) CHECKED;
/* train_language.c */
int train_language_task(const struct train_wish *wish, struct err *err) CHECKED;

#endif
