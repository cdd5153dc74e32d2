/* What the parts of the linear trainer share; nobody else includes it. */
#ifndef VERBATIM_MODEL_TRAIN_INTERNAL_H
#define VERBATIM_MODEL_TRAIN_INTERNAL_H

#include <assert.h>

#include "model/train_linear.h"

struct train_row {
    size_t first; /* of its features in items */
    uint32_t count, labels, known, source;
    float weight;
    bool held_out; /* for calibration */
};

/* train_ties.c */
enum train_form { TRAIN_WORD, TRAIN_NEGATED, TRAIN_FORMS };
/* The bands of lexicons' scores come first, then the concepts; 0: not tied. */
enum { TRAIN_BANDS = 6, TRAIN_TIES = 1 + TRAIN_FORMS * (TRAIN_BANDS + TRAIN_CONCEPTS_MAX) };
static_assert(TRAIN_TIES <= UINT8_MAX, "train_linear.tied holds them in a byte");
struct train_tie {
    uint32_t item;
    enum train_form form;
    uint32_t count;   /* of scores */
    float score;      /* their sum */
    uint32_t concept; /* 1 and up; 0: a lexicon's word */
};

/* train_vectors.c: of a word as it is, or behind a negator */
struct train_vector {
    uint32_t items[TRAIN_FORMS];
    float values[TRAIN_VECTOR_SIZE];
};
typedef float train_vectors[TRAIN_FORMS][TRAIN_VECTOR_SIZE];

struct train_linear {
    struct train_options options;
    struct model_section attached; /* name.data NULL: none */
    struct train_tie *ties;
    size_t tie_count, tie_capacity;
    uint8_t *tied; /* of each bucket: which weights it shares */
    struct train_vector *vectors;
    size_t vector_count, vector_capacity;
    /* of each bucket: TRAIN_FORMS times its vector's number, and the form; TRAIN_NO_VECTOR */
    uint32_t *placed;
    struct arena arena;
    struct train_row *rows;
    size_t row_count, row_capacity;
    uint32_t *items;
    size_t item_count, item_capacity;
};

struct calibration {
    double temperature;
    double thresholds[LINEAR_CLASSES_MAX];
};

/* One training: weights are buckets x classes. */
struct fit {
    struct train_linear *train;
    uint32_t test_source;
    bool hold_out;
    float *weights, *squares;
    double biases[LINEAR_CLASSES_MAX], bias_squares[LINEAR_CLASSES_MAX];
    /* of the last class, by source; options.neutral_trust */
    double *source_biases, *source_squares;
    double class_weight[LINEAR_CLASSES_MAX][2];
    /* what the vectors' numbers are worth */
    train_vectors vectors[LINEAR_CLASSES_MAX], vector_squares[LINEAR_CLASSES_MAX];
    double ties[TRAIN_TIES][LINEAR_CLASSES_MAX], tie_squares[TRAIN_TIES][LINEAR_CLASSES_MAX];
};

static inline bool fit_uses(const struct fit *fit, const struct train_row *row)
{
    return row->source != fit->test_source && !(fit->hold_out && row->held_out);
}

/* train_fit.c: fits to the rows that fit_uses(). CANCELLED, NO_MEMORY. */
int train_fit(struct fit *fit, struct err *err) CHECKED;
void train_fit_deinit(struct fit *fit);
double train_exp(double x);
double train_length(const struct train_options *options, const struct train_row *row);
/* Of the classes in `known`; softmax: the others can't be. */
void train_probabilities(const struct train_options *options, const double *scores, uint32_t known,
                         double *probabilities);

/* train_ties.c: the feature of a word alone, or behind a negator. false: it isn't one word. */
int train_word_item(struct train_linear *train, struct str word, enum train_form form,
                    uint32_t *ret_item, bool *ret_one, struct err *err) CHECKED;
/* before training, which buckets are tied; after it, their shared weights
 * become their own. */
int train_join_ties(struct train_linear *train, struct err *err) CHECKED;
void train_fold_ties(struct fit *fit);

/* train_vectors.c: before training, which bucket has which vector; what a row's words add up to;
 * what that is worth, and one step on it; after training what its words' vectors are worth
 * is added to each bucket. */
#define TRAIN_NO_VECTOR UINT32_MAX
int train_place_vectors(struct train_linear *train, struct err *err) CHECKED;
void train_sum_vectors(const struct train_linear *train, const struct train_row *row,
                       train_vectors sums);
double train_score_vectors(const struct fit *fit, uint32_t class, train_vectors sums);
void train_learn_vectors(struct fit *fit, train_vectors sums, const double *gradients,
                         double length);
void train_fold_vectors(struct fit *fit);

/* train_write.c: weights to int8, and the model file's bytes. */
int train_write(const struct fit *fit, const struct calibration *calibration, struct buffer *out,
                struct err *err) CHECKED;

/* train_judge.c */
void train_calibrate(const struct train_linear *train, const struct linear_model *model,
                     uint32_t test_source, struct calibration *calibration);
void train_judge(const struct train_linear *train, const struct linear_model *model,
                 const struct calibration *calibration, uint32_t test_source,
                 struct train_report *report);

#endif
