/* What the two steps of the sentiment model share: its rows, and how texts as a whole feel. */
#ifndef VERBATIM_OPS_MODELS_SENTIMENT_H
#define VERBATIM_OPS_MODELS_SENTIMENT_H

#include "model/feeling.h"
#include "tasks.h"

typedef int sentiment_visitor(void *user, struct str text, enum feeling_class label,
                              struct err *err);
/* The texts of source `number` that are labelled by how they feel; none for other sources. */
int sentiment_visit(uint32_t number, const char *data, const char *own, sentiment_visitor *visit,
                    void *user, struct err *err) CHECKED;

/* Fits section "feeling" and attaches it; reads OUT/needs.model. struct task has the rest. */
int sentiment_finish(struct train_linear *train, const char *data, const char *own, const char *out,
                     uint32_t without, struct err *err) CHECKED;

#endif
