/* AdaGrad (Duchi, Hazan, Singer 2011) on the softmax loss, one lesson after the other, then int8.
 *
 * Repeatable to the byte: seeded, one thread, plain double arithmetic, no exp() of the C library.
 */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../table.h"
#include "base/hash.h"
#include "model/train_internal.h"

enum { LESSON_BYTES = 420, CROPS = 4 };
static const double RATE = 0.5, FIRST_SUM = 0.05;

struct weights {
    double weight[LANGUAGE_ROWS][LANGUAGE_LANES], sum[LANGUAGE_ROWS][LANGUAGE_LANES];
};

static void softmax(const double *scores, double *probabilities)
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
    softmax(scores, miss);
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

static void fill_header(struct language_header *header)
{
    memcpy(header->magic, LANGUAGE_MAGIC, sizeof header->magic);
    header->rows = LANGUAGE_ROWS;
    header->lanes = LANGUAGE_LANES;
    for (uint32_t c = 0; c < LANGUAGE_LANES; c++)
        memcpy(header->codes[c], texts_code(c), strlen(texts_code(c)));
}

int train_language(const struct texts *texts, uint32_t lessons, struct language_model *model,
                   struct err *err)
{
    struct weights *fit = calloc(1, sizeof *fit);
    struct random random;
    double loss = 0;
    if (!fit) return err_set(err, E_NO_MEMORY, NULL);
    random_seed(&random, 1);
    for (int i = 0; i < LANGUAGE_ROWS; i++)
        for (int c = 0; c < LANGUAGE_LANES; c++) fit->sum[i][c] = FIRST_SUM;
    for (uint32_t i = 1; i <= lessons; i++) {
        char buffer[LESSON_BYTES];
        struct language_letters letters;
        uint32_t lane;
        language_letters(texts_draw(texts, &random, buffer, sizeof buffer, &lane), &letters);
        if (language_places(&letters)) loss += learn(fit, &letters, lane);
        if (i % 100000 == 0) fprintf(stderr, "lesson %7u  loss %.4f\n", i, loss / 100000), loss = 0;
    }
    *model = (struct language_model){0};
    fill_header(&model->header);
    int rc = quantize(fit, model, err);
    free(fit);
    return rc;
}

/* --- calibration --------------------------------------------------------------------------------
 */

struct judged {
    double scores[LANGUAGE_LANES], root;
    uint32_t lane;
};

struct judgements {
    struct judged *items;
    size_t count, room;
};

static int judge(const struct language_model *model, struct str text, uint32_t lane,
                 struct judgements *all, struct err *err)
{
    struct language_letters letters;
    uint32_t rows[LANGUAGE_GRAMS];
    language_letters(text, &letters);
    uint32_t places = language_places(&letters);
    if (!places) return E_OK;
    if (all->count == all->room) {
        all->room = all->room ? all->room * 2 : 1024;
        struct judged *items = realloc(all->items, all->room * sizeof *items);
        if (!items) return err_set(err, E_NO_MEMORY, NULL);
        all->items = items;
    }
    struct judged *judged = &all->items[all->count++];
    *judged = (struct judged){.lane = lane, .root = sqrt((double)places)};
    for (uint32_t at = 0; at < places; at++) {
        language_rows(letters.bytes + at, rows);
        for (int g = 0; g < LANGUAGE_GRAMS; g++)
            for (int c = 0; c < LANGUAGE_LANES; c++)
                judged->scores[c] += model->weights[rows[g]][c];
    }
    for (int c = 0; c < LANGUAGE_LANES; c++)
        judged->scores[c] *= (double)model->header.scale / judged->root;
    return E_OK;
}

/* Brier score of the right lane's probability: convex enough to search on a grid. */
static double brier(const struct judgements *all, double sharpness, double slope)
{
    double total = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct judged *judged = &all->items[i];
        double scores[LANGUAGE_LANES], probabilities[LANGUAGE_LANES];
        for (int c = 0; c < LANGUAGE_LANES; c++)
            scores[c] = judged->scores[c] * (sharpness + slope * judged->root);
        softmax(scores, probabilities);
        for (uint32_t c = 0; c < LANGUAGE_LANES; c++) {
            double miss = probabilities[c] - (c == judged->lane);
            total += miss * miss;
        }
    }
    return total / (double)all->count;
}

/* Each tweet whole, and pieces of it. */
static int judge_tweets(const char *data, const struct language_model *model,
                        struct judgements *all, struct err *err)
{
    struct table table;
    int rc = table_open(&table, data, "langid/tweets.tsv", true, err);
    while (!rc && table_next(&table)) {
        struct str text = table_cell(&table, "text");
        uint32_t lane = (uint32_t)texts_lane(table_cell(&table, "lang"));
        if (split_of(text) != SPLIT_TUNE || !str_is_utf8(text)) continue;
        rc = judge(model, text, lane, all, err);
        for (size_t i = 1; i <= CROPS && !rc; i++) {
            struct str piece =
                str_slice(text, text.size * i / (CROPS + 1), text.size * i / (CROPS + 1) + 12 * i);
            str_cut(&piece, ' ');
            rc = judge(model, piece, lane, all, err);
        }
    }
    table_close(&table);
    return rc;
}

int calibrate_language(const char *data, struct language_model *model, struct err *err)
{
    struct judgements all = {0};
    int rc = judge_tweets(data, model, &all, err);
    double best = 1e9;
    for (int i = 1; i <= 30 && !rc; i++) {
        for (int j = 0; j <= 60; j++) {
            double sharpness = i * 0.05 - 0.05, slope = j * 0.01,
                   score = brier(&all, sharpness, slope);
            if (score >= best) continue;
            best = score;
            model->header.sharpness = (float)sharpness;
            model->header.slope = (float)slope;
        }
    }
    fprintf(stderr, "calibrated on %zu texts: sharpness %.2f, slope %.2f, Brier score %.4f\n",
            all.count, (double)model->header.sharpness, (double)model->header.slope, best);
    free(all.items);
    return rc;
}
