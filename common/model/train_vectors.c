/* Words' vectors: what rows teach about some words goes for all that mean alike.
 *
 * Each number of a vector has a weight a class and form (the word as it is, or negated),
 * learnt beside the words' own weights, from the sum of the row's vectors. It is a linear layer on
 * a bag of fixed word vectors, so what a word's vector is worth is one number a class, which
 * is added to the word's bucket when training is done (Joulin et al. 2016, "Bag of Tricks for
 * Efficient Text Classification", with vectors that are given).
 *
 * What shares the bucket of such a word has its vector, too, and learns to do without. */
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "model/train_internal.h"

#define VECTOR_RATE 0.15f

int train_linear_vector(struct train_linear *train, struct str word,
                        const float values[TRAIN_VECTOR_SIZE], struct err *err)
{
    struct train_vector vector = {0};
    bool one = true;
    if (!str_is_utf8(word)) return err_set(err, E_BAD_TEXT, NULL);
    for (int form = 0; form < TRAIN_FORMS && one; form++) {
        int rc = train_word_item(train, word, (enum train_form)form, &vector.items[form], &one,
                                 err);
        if (rc) return rc;
    }
    if (!one) return E_OK;
    if (!array_fits(&train->vectors, &train->vector_capacity, train->vector_count + 1,
                    sizeof *train->vectors))
        return err_set(err, E_NO_MEMORY, NULL);
    memcpy(vector.values, values, sizeof vector.values);
    train->vectors[train->vector_count++] = vector;
    return E_OK;
}

int train_place_vectors(struct train_linear *train, struct err *err)
{
    size_t size = sizeof *train->placed << train->options.bucket_bits;
    free(train->placed);
    train->placed = malloc(size);
    if (!train->placed) return err_set(err, E_NO_MEMORY, NULL);
    memset(train->placed, 0xff, size); /* TRAIN_NO_VECTOR */
    for (size_t i = train->vector_count; i-- > 0;) /* the first stay */
        for (uint32_t form = 0; form < TRAIN_FORMS; form++) {
            uint32_t bucket = train->vectors[i].items[form] >> (32 - train->options.bucket_bits);
            train->placed[bucket] = (uint32_t)i * TRAIN_FORMS + form;
        }
    return E_OK;
}

void train_sum_vectors(const struct train_linear *train, const struct train_row *row,
                       train_vectors sums)
{
    const uint32_t *items = train->items + row->first;
    memset(sums, 0, sizeof(train_vectors));
    for (uint32_t i = 0; i < row->count && train->vector_count; i++) {
        uint32_t placed = train->placed[items[i] >> (32 - train->options.bucket_bits)];
        if (placed == TRAIN_NO_VECTOR) continue;
        const float *values = train->vectors[placed / TRAIN_FORMS].values;
        float *sum = sums[placed % TRAIN_FORMS];
        for (uint32_t d = 0; d < TRAIN_VECTOR_SIZE; d++) sum[d] += values[d];
    }
}

static float product(const float *a, const float *b)
{
    float sum = 0;
    for (uint32_t d = 0; d < TRAIN_VECTOR_SIZE; d++) sum += a[d] * b[d];
    return sum;
}

double train_score_vectors(const struct fit *fit, uint32_t class, train_vectors sums)
{
    double score = 0;
    for (uint32_t form = 0; form < TRAIN_FORMS; form++)
        score += (double)product(fit->vectors[class][form], sums[form]);
    return score;
}

void train_learn_vectors(struct fit *fit, train_vectors sums, const double *gradients,
                         double length)
{
    if (!fit->train->vector_count) return;
    for (uint32_t c = 0; c < fit->train->options.class_count; c++)
        for (uint32_t form = 0; form < TRAIN_FORMS; form++) {
            float gradient = (float)(gradients[c] * length);
            float *weights = fit->vectors[c][form], *squares = fit->vector_squares[c][form];
            for (uint32_t d = 0; d < TRAIN_VECTOR_SIZE; d++) {
                float step = gradient * sums[form][d];
                squares[d] += step * step;
                weights[d] -= VECTOR_RATE * step / sqrtf(squares[d] + 1e-4f);
            }
        }
}

void train_fold_vectors(struct fit *fit)
{
    const struct train_linear *train = fit->train;
    uint32_t classes = train->options.class_count;
    for (size_t i = 0; i < (size_t)1 << train->options.bucket_bits; i++) {
        uint32_t placed = train->placed[i];
        if (placed == TRAIN_NO_VECTOR) continue;
        const float *values = train->vectors[placed / TRAIN_FORMS].values;
        for (uint32_t c = 0; c < classes; c++)
            fit->weights[i * classes + c] +=
                product(values, fit->vectors[c][placed % TRAIN_FORMS]);
    }
}
