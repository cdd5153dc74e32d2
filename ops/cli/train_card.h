/* The files that verbatim train writes: OUT, the model, and OUT.md, its card. */
#ifndef VERBATIM_OPS_CLI_TRAIN_CARD_H
#define VERBATIM_OPS_CLI_TRAIN_CARD_H

#include "base/str.h"
#include "model/train_linear.h"
#include "ops/cli/train_task.h"

struct train_card {
    const struct train_wish *wish;
    const char *kind;      /* "A linear model" */
    struct str data, model; /* bytes of both files */
    const char *const *classes;
    uint32_t class_count;
    uint64_t rows;
    bool one_class;        /* a row has exactly one: a confusion matrix says something */
    const struct train_report *report; /* of all folds together */
    const char *notes;     /* ends the card; may be NULL */
};

/* Writes both and prints the card. NO_OUTPUT, NO_MEMORY. */
int train_card_write(const struct train_card *card, struct err *err) CHECKED;

#endif
