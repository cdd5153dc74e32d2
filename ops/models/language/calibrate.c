/* How sure a language model's scores are: two numbers that make probabilities of them, fitted on
 * texts that taught it nothing. */
#include "train.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../table.h"
#include "base/array.h"
#include "base/hash.h"

enum { CROPS = 4 };

int language_judge(const struct language_model *model, struct str text, uint32_t lane,
                   struct language_judgements *all, struct err *err)
{
    struct language_letters letters;
    uint32_t rows[LANGUAGE_GRAMS];
    language_letters(text, &letters);
    uint32_t places = language_places(&letters);
    if (!places) return E_OK;
    if (!array_fits(&all->items, &all->room, all->count + 1, sizeof *all->items))
        return err_set(err, E_NO_MEMORY, NULL);
    struct language_judged *judged = &all->items[all->count++];
    *judged = (struct language_judged){.lane = lane, .root = sqrt((double)places)};
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
static double brier(const struct language_judgements *all, double sharpness, double slope)
{
    double total = 0;
    for (size_t i = 0; i < all->count; i++) {
        const struct language_judged *judged = &all->items[i];
        double scores[LANGUAGE_LANES], probabilities[LANGUAGE_LANES];
        for (int c = 0; c < LANGUAGE_LANES; c++)
            scores[c] = judged->scores[c] * (sharpness + slope * judged->root);
        language_softmax(scores, probabilities);
        for (uint32_t c = 0; c < LANGUAGE_LANES; c++) {
            double miss = probabilities[c] - (c == judged->lane);
            total += miss * miss;
        }
    }
    return total / (double)all->count;
}

/* Each tweet whole, and pieces of it. */
static int judge_tweets(const char *data, const struct language_model *model,
                        struct language_judgements *all, struct err *err)
{
    struct table table;
    int rc = table_open(&table, data, "langid/tweets.tsv", true, err);
    while (!rc && table_next(&table)) {
        struct str text = table_cell(&table, "text");
        uint32_t lane = (uint32_t)texts_lane(table_cell(&table, "lang"));
        if (split_of(text) != SPLIT_TUNE || !str_is_utf8(text)) continue;
        rc = language_judge(model, text, lane, all, err);
        for (size_t i = 1; i <= CROPS && !rc; i++) {
            struct str piece =
                str_slice(text, text.size * i / (CROPS + 1), text.size * i / (CROPS + 1) + 12 * i);
            str_cut(&piece, ' ');
            rc = language_judge(model, piece, lane, all, err);
        }
    }
    table_close(&table);
    return rc;
}

double language_calibrate(const struct language_judgements *all, struct language_model *model)
{
    double best = 1e9;
    for (int i = 1; i <= 30; i++) {
        for (int j = 0; j <= 60; j++) {
            double sharpness = i * 0.05 - 0.05, slope = j * 0.01,
                   score = brier(all, sharpness, slope);
            if (score >= best) continue;
            best = score;
            model->header.sharpness = (float)sharpness;
            model->header.slope = (float)slope;
        }
    }
    return best;
}

uint32_t language_said(const struct language_judged *judged, const struct language_header *header,
                       double *ret_probability)
{
    double scores[LANGUAGE_LANES], probabilities[LANGUAGE_LANES];
    uint32_t said = 0;
    for (int c = 0; c < LANGUAGE_LANES; c++)
        scores[c] = judged->scores[c] *
                    ((double)header->sharpness + (double)header->slope * judged->root);
    language_softmax(scores, probabilities);
    for (uint32_t c = 1; c < LANGUAGE_LANES; c++)
        if (probabilities[c] > probabilities[said]) said = c;
    *ret_probability = probabilities[said];
    return said;
}

int calibrate_language(const char *data, struct language_model *model, struct err *err)
{
    struct language_judgements all = {0};
    int rc = judge_tweets(data, model, &all, err);
    double best = rc ? 0 : language_calibrate(&all, model);
    fprintf(stderr, "calibrated on %zu texts: sharpness %.2f, slope %.2f, Brier score %.4f\n",
            all.count, (double)model->header.sharpness, (double)model->header.slope, best);
    free(all.items);
    return rc;
}

void language_sum(struct language_model *model)
{
    struct str whole = str_make(model, sizeof *model);
    size_t summed = sizeof model->header.magic + sizeof model->header.checksum;
    model->header.checksum = hash_fast(str_slice(whole, summed, whole.size), 0);
}

int language_write(const char *path, struct language_model *model, struct err *err)
{
    language_sum(model);
    return buffer_write_file(str_make(model, sizeof *model), path, err);
}
