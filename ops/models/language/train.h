/* Fits the table of language.model: logistic regression over the grams' rows, then int8,
 * then how sure its scores are. Used by verbatim-build-language for the model that ships, and by
 * verbatim train language. */
#ifndef VERBATIM_OPS_MODELS_LANGUAGE_TRAIN_H
#define VERBATIM_OPS_MODELS_LANGUAGE_TRAIN_H

#include "text/language/model.h"
#include "texts.h"

enum { LESSONS_A_STEP = 100000 };

struct language_model {
    struct language_header header;
    int8_t weights[LANGUAGE_ROWS][LANGUAGE_LANES];
};

struct language_lessons {
    /* A text and the lane that is right for it, like texts_draw(). */
    struct str (*draw)(const void *texts, struct random *random, char *buffer, size_t room,
                       uint32_t *ret_lane);
    const void *texts;
    const char *codes[LANGUAGE_LANES]; /* up to 3 letters; "und" for a lane that nothing teaches */
    uint32_t count;
    uint64_t seed;
    /* Each LESSONS_A_STEP; loss: the mean since the last one. May be NULL. */
    void (*on_step)(void *context, uint32_t done, double loss);
    void *context;
};

/* The same texts, lessons and seed give the same bytes. NO_MEMORY. */
int train_language(const struct language_lessons *lessons, struct language_model *ret_model,
                   struct err *err) CHECKED;

/* --- how sure it is (calibrate.c) ----------------------------------------------------------- */

/* What models that never saw a text say of it. */
struct language_judged {
    double scores[LANGUAGE_LANES], root;
    uint32_t lane; /* the right one */
};
struct language_judgements {
    struct language_judged *items; /* free() */
    size_t count, room;
};
/* A text without Latin letters is passed over. NO_MEMORY. */
int language_judge(const struct language_model *model, struct str text, uint32_t lane,
                   struct language_judgements *all, struct err *err) CHECKED;

/* Sets header.sharpness and slope so that the probabilities are honest; returns the Brier score. */
double language_calibrate(const struct language_judgements *all, struct language_model *model);

/* The lane said, and its probability by the header's sharpness and slope. */
uint32_t language_said(const struct language_judged *judged, const struct language_header *header,
                       double *ret_probability);

/* On the tweets of DATA to tune by, whole and in pieces. */
int calibrate_language(const char *data, struct language_model *model, struct err *err) CHECKED;

void language_sum(struct language_model *model); /* sets header.checksum: when all else is set */
/* Sums the checksum and writes the file. */
int language_write(const char *path, struct language_model *model, struct err *err) CHECKED;

/* exp(scores) that add up to one. */
void language_softmax(const double *scores, double *ret_probabilities);

#endif
