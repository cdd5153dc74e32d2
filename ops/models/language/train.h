/* Fits the table of language.model: logistic regression over the grams' rows. */
#ifndef VERBATIM_OPS_MODELS_LANGUAGE_TRAIN_H
#define VERBATIM_OPS_MODELS_LANGUAGE_TRAIN_H

#include "text/language_model.h"
#include "texts.h"

struct language_model {
    struct language_header header;
    int8_t weights[LANGUAGE_ROWS][LANGUAGE_LANES];
};

/* The same texts and lessons give the same bytes. NO_MEMORY. */
int train_language(const struct texts *texts, uint32_t lessons, struct language_model *ret_model,
                   struct err *err) CHECKED;

/* Sets header.sharpness and slope so that the probabilities are honest on the tweets to tune by. */
int calibrate_language(const char *data, struct language_model *model, struct err *err) CHECKED;

#endif
