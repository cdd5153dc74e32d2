/* The one linear core: a text's sparse hashed features, and int8 logistic models that score them.
 *
 * Features are extracted once and scored by any number of models, for the whole text or a range of
 * its tokens. A feature is a 32-bit hash; a model of 2^b buckets uses its top b bits.
 * For each token:
 *   word (marked within a negation's scope; French elisions off; numbers are all one), its pair with
 *   the left neighbour or, at the start of a sentence, that it comes first, stem (its first 4 and 6
 *   bytes, marked like the word), capitals, stretched letters, and behind it ? ! :-) and :-(
 * score(class) = bias + scale x sum(weights) / sqrt(features, or least_features where there are
 * fewer: of two or three words each would count for too much); probabilities by softmax or, where
 * classes may hold together, by a sigmoid each; both after division by the calibration
 * temperature. */
#ifndef VERBATIM_MODEL_LINEAR_H
#define VERBATIM_MODEL_LINEAR_H

#include "model/fours.h"
#include "model/model_file.h"
#include "text/tokens.h"

enum { LINEAR_CLASSES_MAX = 16, LINEAR_WEIGHT_ZERO = 128 /* a weight of 0, as it is stored */ };
enum { LINEAR_LEAST_FEATURES_MAX = 1000 };
/* Changes whenever the same text would give other features; models say which they
 * were made with. */
#define LINEAR_EXTRACTOR "linear-2"

/* The features of token i are items[first[i]] to items[first[i + 1] - 1]. */
struct linear_features {
    uint32_t *items, *first;
    uint32_t count, tokens;
    /* Sentence s has the tokens [sentences[s], sentences[s + 1]). */
    uint32_t *sentences, sentence_count;
    /* words_sets() of each token's hash, FLAGS_ROUND of them readable where one is; NULL: not of a
     * text's words */
    const uint16_t *sets;
};

/* In the arena; NO_MEMORY, or TOO_LARGE beyond 100 million tokens. `text` must be the one that the
 * tokens were cut from. Those that tokens->features has already are taken as they are. */
int linear_extract(struct str text, const struct tokens *tokens, struct arena *arena,
                   struct linear_features *ret_features, struct err *err) CHECKED;

enum linear_link { LINEAR_SOFTMAX, LINEAR_SIGMOID };

struct linear_model {
    struct model_file file;
    const uint8_t *weights; /* buckets x stride, each stored as value + 128 */
    uint32_t bucket_bits, classes, stride, least_features;
    enum linear_link link;
    char names[LINEAR_CLASSES_MAX][32];
    float scales[LINEAR_CLASSES_MAX], biases[LINEAR_CLASSES_MAX];
    float thresholds[LINEAR_CLASSES_MAX]; /* below it: abstain (softmax) or not present (sigmoid) */
    float temperature;
};

/* NO_INPUT, BAD_MODEL. The model is read-only after that, and any thread may use it. */
int linear_open(const char *path, struct linear_model *ret_model, struct err *err) CHECKED;
int linear_parse(struct str bytes, struct linear_model *ret_model, struct err *err) CHECKED;
void linear_close(struct linear_model *model);
/* LINEAR_CLASSES_MAX if there is no such class. */
uint32_t linear_class(const struct linear_model *model, const char *name);

/* Sums over ranges add up to the sums over the whole. */
struct linear_sums {
    int64_t classes[LINEAR_CLASSES_MAX];
    uint32_t count;
};
/* Adds the features of tokens [first, last) to *sums. */
void linear_sum(const struct linear_model *model, const struct linear_features *features,
                uint32_t first, uint32_t last, struct linear_sums *sums);
/* Calibrated; `probabilities` has room for model->classes. No feature at all:
 * what the biases say. */
void linear_probabilities(const struct linear_model *model, const struct linear_sums *sums,
                          float *probabilities);
/* The same of four sums at once, for the price of less than two; of each class, in their order. */
void linear_by_softmax(const struct linear_model *model,
                       const struct linear_sums *const sums[static FOUR],
                       floats_4 probabilities[static LINEAR_CLASSES_MAX]);
void linear_by_sigmoid(const struct linear_model *model,
                       const struct linear_sums *const sums[static FOUR],
                       floats_4 probabilities[static LINEAR_CLASSES_MAX]);
/* Here, so that each caller has a branch of its own: it is always the same there. */
static inline void linear_probabilities_of_four(
    const struct linear_model *model, const struct linear_sums *const sums[static FOUR],
    floats_4 probabilities[static LINEAR_CLASSES_MAX])
{
    if (model->link == LINEAR_SOFTMAX) linear_by_softmax(model, sums, probabilities);
    else linear_by_sigmoid(model, sums, probabilities);
}
/* Scores become probabilities that add up to 1. */
void linear_softmax(float *values, uint32_t count);
/* The log-odds of one class alone, by its sum over so many features, of a model whose classes may
 * hold together (LINEAR_SIGMOID); and the probability that they are. */
float linear_odds(const struct linear_model *model, uint32_t class, int64_t sum, uint32_t count);
float linear_of_odds(float odds);

#endif
