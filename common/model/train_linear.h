/* Trains a linear model: seeded AdaGrad on the logistic loss, L2, calibration on
 * held-out rows, int8.
 *
 * The same rows in the same order, options and seed give the same bytes: no threads, no library
 * exp(), double arithmetic without contraction. Source of the step rule:
 * Duchi, Hazan, Singer 2011. */
#ifndef VERBATIM_MODEL_TRAIN_LINEAR_H
#define VERBATIM_MODEL_TRAIN_LINEAR_H

#include "model/linear.h"

struct train_options {
    const char *name;        /* of the model, e.g. "sentiment-000001" */
    const char *const *classes;
    uint32_t class_count;    /* 2 to LINEAR_CLASSES_MAX (softmax), 1 to it (sigmoid) */
    enum linear_link link;
    uint32_t bucket_bits;    /* 10 to 20; 0: 17 */
    /* Shorter rows and texts are scored as if they had so many features: see linear.h. 0: as they
     * are */
    uint32_t least_features;
    uint32_t epochs;         /* 0: 8 */
    double rate;             /* 0: 0.5 */
    double l2;               /* 0: 2e-6 */
    uint64_t seed;
    bool balance;            /* weigh rows so that each class weighs the same */
    /* sigmoid, > 0: the first class's threshold is the lowest that says it of at most this share of
     * the held-out rows without it; other thresholds give the best F1 */
    double false_alarms;
    /* Softmax, > 0: the last class is what the others leave over (neutral). How often a source
     * holds it, and in what words, goes for few other sources: so each source has a bias of its
     * own for it while training, which the model has not; of what sets its weights apart from
     * the mean of the others' this share is kept, and these log-odds are added. 0:
     * a class like the others. */
    double neutral_trust, neutral_odds;
    /* Sigmoid: labels may be wrong, so a row teaches the less the surer the model is of the
     * opposite: its step times the root of its label's probability. Generalized cross-entropy,
     * Zhang and Sabuncu 2018, with q = 1/2. */
    bool doubt_labels;
    /* From this probability on the class is said, by class; 0: found on held-out rows,
     * which is noisy where few are near. */
    double thresholds[LINEAR_CLASSES_MAX];
    uint32_t may_lack; /* bits of classes that may have no rows: then they are hardly ever said */
    const char *notes;       /* goes into the metadata: data and licences; may be NULL */
    /* false: cancel */
    bool (*on_progress)(void *context, uint32_t epoch, uint32_t epochs, double loss);
    void *context;
};

/* Rows are collected first; the trainer keeps their features, not their text. */
struct train_linear;
struct train_linear *train_linear_create(const struct train_options *options); /* NULL: no memory */
void train_linear_destroy(struct train_linear *train);

/* labels: bit c is set where class c holds; exactly one bit for softmax. known:
 * the classes that the labeller judged (the others teach nothing; softmax: he chose among
 * these). weight: > 0, usually
 * 1. source groups rows for leaving one out. A text without tokens is passed over. BAD_TEXT,
 * BAD_CONFIG, NO_MEMORY. */
int train_linear_add(struct train_linear *train, struct str text, uint32_t labels, uint32_t known,
                     float weight, uint32_t source, struct err *err) CHECKED;
/* The same with features that the caller extracted, and others beside them (NULL: none). */
int train_linear_add_features(struct train_linear *train, struct str text,
                              const struct linear_features *features,
                              const struct linear_features *others, uint32_t labels, uint32_t known,
                              float weight, uint32_t source, struct err *err) CHECKED;

/* A lexicon's word: shares weights with all other words of about this score (-1, worst, to 1),
 * so that what rows teach about some words of a lexicon goes for all of them, in every language. A
 * word may come more than once; texts that aren't one word are passed over. BAD_TEXT, NO_MEMORY. */
int train_linear_tie(struct train_linear *train, struct str word, float score,
                     struct err *err) CHECKED;

enum { TRAIN_CONCEPTS_MAX = 96 };
/* A word of concept 0 to TRAIN_CONCEPTS_MAX - 1: shares weights with the other words of that
 * concept, in every language. Of a word in several concepts the first counts. BAD_TEXT,
 * BAD_CONFIG, NO_MEMORY. */
int train_linear_tie_concept(struct train_linear *train, struct str word, uint32_t concept,
                             struct err *err) CHECKED;

enum { TRAIN_VECTOR_SIZE = 32 };
/* A word's vector: words that mean alike lie alike, in every language. Beside its own weights
 * a word is worth what the numbers of its vector are, which all words share: so words that no row
 * holds are worth what their neighbours are. The model knows nothing of it: what it comes to is in
 * the word's weights. Texts that aren't one word are passed over; where words share a
 * bucket the first counts, so the commonest come first. BAD_TEXT, NO_MEMORY. */
int train_linear_vector(struct train_linear *train, struct str word,
                        const float values[TRAIN_VECTOR_SIZE], struct err *err) CHECKED;

/* A section more for the models that are made from now on; `data` is kept by the caller. One at
 * most: the last. */
void train_linear_attach(struct train_linear *train, const char *section, const void *data,
                         size_t size);

enum { TRAIN_BINS = 15 };
struct train_report {
    uint64_t rows, held_out;
    double accuracy;          /* softmax; of the classes that the judged rows hold */
    double macro_f1;          /* over the classes that the judged rows hold */
    /* softmax: of the first two classes against each other, rows of these only */
    double two_way_macro_f1;
    /* expected calibration error, 15 bins; of the class said (softmax) or all */
    double calibration_error;
    double f1[LINEAR_CLASSES_MAX];
    uint64_t confusion[LINEAR_CLASSES_MAX][LINEAR_CLASSES_MAX]; /* [truth][said]; softmax only */
    struct {
        uint64_t right, said, truth;
    } counts[LINEAR_CLASSES_MAX];
    struct {
        uint64_t rows, right; /* sigmoid: a row counts once a class */
        double sure;          /* sum of the probabilities stated */
    } bins[TRAIN_BINS];       /* by probability: of the class said (softmax) or of each (sigmoid) */
};

#define TRAIN_NO_SOURCE UINT32_MAX
/* Trains on all rows but those of `test_source` and judges on those; with TRAIN_NO_SOURCE, judges
 * on every tenth row (chosen by its text's hash), then trains on everything. The bytes of the model
 * file go to `out`. BAD_CONFIG: a class without rows. CANCELLED. */
int train_linear_run(struct train_linear *train, uint32_t test_source, struct buffer *out,
                     struct train_report *ret_report, struct err *err) CHECKED;

#endif
