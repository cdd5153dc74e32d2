/* AdaGrad (Duchi, Hazan, Singer 2011) on the softmax loss, one lesson after the other, then int8.
 *
 * Repeatable to the byte: seeded, one thread, plain double arithmetic, no exp() of the C library.
 */
#include "train.h"

#include <math.h>
#include <stdlib.h>

#include "model/train_internal.h"

enum { LESSON_BYTES = 420 };
static const double RATE = 0.5, FIRST_SUM = 0.05;

struct weights {
    double weight[LANGUAGE_ROWS][LANGUAGE_LANES], sum[LANGUAGE_ROWS][LANGUAGE_LANES];
};

void language_softmax(const double *scores, double *probabilities)
{
    double largest = scores[0], total = 0;
    for (int c = 1; c < LANGUAGE_LANES; c++)
        if (scores[c] > largest) largest = scores[c];
    for (int c = 0; c < LANGUAGE_LANES; c++)
        total += probabilities[c] = train_exp(scores[c] - largest);
    for (int c = 0; c < LANGUAGE_LANES; c++) probabilities[c] /= total;
}

/* Returns the loss. */
static double learn(struct weights *fit, const struct language_letters *letters, uint32_t lane)
{
    uint32_t places = language_places(letters), rows[LANGUAGE_GRAMS];
    double length = 1 / sqrt((double)places), scores[LANGUAGE_LANES] = {0}, miss[LANGUAGE_LANES];
    for (uint32_t at = 0; at < places; at++) {
        language_rows(letters->bytes + at, rows);
        for (int g = 0; g < LANGUAGE_GRAMS; g++)
            for (int c = 0; c < LANGUAGE_LANES; c++) scores[c] += fit->weight[rows[g]][c];
    }
    for (int c = 0; c < LANGUAGE_LANES; c++) scores[c] *= length;
    language_softmax(scores, miss);
    double loss = 1 - miss[lane];
    miss[lane] -= 1;
    for (int c = 0; c < LANGUAGE_LANES; c++) miss[c] *= length;
    for (uint32_t at = 0; at < places; at++) {
        language_rows(letters->bytes + at, rows);
        for (int g = 0; g < LANGUAGE_GRAMS; g++) {
            double *weight = fit->weight[rows[g]], *sum = fit->sum[rows[g]];
            for (int c = 0; c < LANGUAGE_LANES; c++) {
                sum[c] += miss[c] * miss[c];
                weight[c] -= RATE * miss[c] / sqrt(sum[c]);
            }
        }
    }
    return loss;
}

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The largest weight in a thousand becomes the largest int8 that three can share. */
static int quantize(const struct weights *fit, struct language_model *model, struct err *err)
{
    size_t count = (size_t)LANGUAGE_ROWS * LANGUAGE_LANES;
    double *sizes = malloc(count * sizeof *sizes);
    if (!sizes) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++)
        sizes[i] = fabs(fit->weight[i / LANGUAGE_LANES][i % LANGUAGE_LANES]);
    qsort(sizes, count, sizeof *sizes, compare_doubles);
    double scale = sizes[count - count / 500] / LANGUAGE_WEIGHT_MAX;
    free(sizes);
    for (size_t i = 0; i < count; i++) {
        double value = floor(fit->weight[i / LANGUAGE_LANES][i % LANGUAGE_LANES] / scale + 0.5);
        value = fmax(-LANGUAGE_WEIGHT_MAX, fmin(LANGUAGE_WEIGHT_MAX, value));
        model->weights[i / LANGUAGE_LANES][i % LANGUAGE_LANES] = (int8_t)value;
    }
    model->header.scale = (float)scale;
    return E_OK;
}

static void fill_header(const struct language_lessons *lessons, struct language_header *header)
{
    memcpy(header->magic, LANGUAGE_MAGIC, sizeof header->magic);
    header->rows = LANGUAGE_ROWS;
    header->lanes = LANGUAGE_LANES;
    for (uint32_t c = 0; c < LANGUAGE_LANES; c++)
        memcpy(header->codes[c], lessons->codes[c], strlen(lessons->codes[c]));
}

int train_language(const struct language_lessons *lessons, struct language_model *model,
                   struct err *err)
{
    struct weights *fit = calloc(1, sizeof *fit);
    struct random random;
    double loss = 0;
    if (!fit) return err_set(err, E_NO_MEMORY, NULL);
    random_seed(&random, lessons->seed);
    for (int i = 0; i < LANGUAGE_ROWS; i++)
        for (int c = 0; c < LANGUAGE_LANES; c++) fit->sum[i][c] = FIRST_SUM;
    for (uint32_t i = 1; i <= lessons->count; i++) {
        char buffer[LESSON_BYTES];
        struct language_letters letters;
        uint32_t lane;
        language_letters(lessons->draw(lessons->texts, &random, buffer, sizeof buffer, &lane),
                         &letters);
        if (language_places(&letters)) loss += learn(fit, &letters, lane);
        if (i % LESSONS_A_STEP) continue;
        if (lessons->on_step) lessons->on_step(lessons->context, i, loss / LESSONS_A_STEP);
        loss = 0;
    }
    *model = (struct language_model){0};
    fill_header(lessons, &model->header);
    int rc = quantize(fit, model, err);
    free(fit);
    return rc;
}
