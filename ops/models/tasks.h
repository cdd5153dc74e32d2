/* What each model is trained on: a task adds the rows of its sources to a trainer. */
#ifndef VERBATIM_OPS_MODELS_TASKS_H
#define VERBATIM_OPS_MODELS_TASKS_H

#include "model/train_linear.h"

/* A row of anybody's labelled file, as verbatim evaluate reads it. */
struct labelled {
    /* label: the task's spellings, joined by '+' where a row may have several */
    struct str text, label, serious;
    const char *language;            /* "" where it isn't known */
    uint32_t source;                 /* the fold that it is judged in */
};
/* *ret_end: there is none any more. */
typedef int next_labelled(void *user, struct labelled *ret_row, bool *ret_end, struct err *err);

struct task {
    const char *name;                /* also the file: NAME.model */
    struct train_options options;
    const char *const *source_names; /* NULL-terminated; the index is the source's number */
    const bool *judged;              /* per source: worth leaving out */
    bool vectors;                    /* what words mean counts, too: own/vectors.tsv */
    /* The same from rows of one file. BAD_MESSAGE: a label that the task doesn't know. */
    int (*add_labelled)(struct train_linear *train, next_labelled *next, void *user,
                        struct err *err);
    int (*add_rows)(struct train_linear *train, const char *data, const char *own, struct err *err);
    /* What else the model file carries, with all rows but those of source `without`; NULL: nothing.
     * `out` is where the models made before lie. */
    int (*finish)(struct train_linear *train, const char *data, const char *own, const char *out,
                  uint32_t without, struct err *err);
};

int label_unknown(struct str label, const char *known, struct err *err); /* BAD_MESSAGE */

extern const struct task sentiment_task, needs_task, safety_task;

#endif
