/* Ties: words of lexicons share weights, whatever their language.
 *
 * A lexicon gives a word a score. All words of about the same score and form (as it is, or negated)
 * have one weight a class in common, beside the weights of their own: rows in one language teach
 * what a lexicon's words of that score are worth, and a word that no row holds, of a language with
 * few rows, is worth as much. After training the shared weights are added to the buckets, so the
 * model and what scores by it know nothing of lexicons.
 *
 * A concept is the same for words that mean the same ("crash", "plante", "se cierra"):
 * one weight a class and form.
 *
 * What shares the bucket of a tied word is tied with it: it has to unlearn that while training. */
#include <math.h>
#include <stdlib.h>

#include "base/array.h"
#include "model/train_internal.h"

static int compare(const void *a, const void *b)
{
    const struct train_tie *x = a, *y = b;
    if (x->item != y->item) return x->item < y->item ? -1 : 1;
    if (x->form != y->form) return x->form < y->form ? -1 : 1;
    if (x->concept != y->concept) return x->concept < y->concept ? -1 : 1;
    /* so that sums are the same everywhere */
    return x->score < y->score ? -1 : x->score > y->score;
}

static int add(struct train_linear *train, uint32_t item, enum train_form form, float score,
               uint32_t concept, struct err *err)
{
    if (!array_fits(&train->ties, &train->tie_capacity, train->tie_count + 1, sizeof *train->ties))
        return err_set(err, E_NO_MEMORY, NULL);
    train->ties[train->tie_count++] = (struct train_tie){item, form, 1, score, concept};
    return E_OK;
}

/* The first of a word's features is the word itself. */
int train_word_item(struct train_linear *train, struct str word, enum train_form form,
                    uint32_t *ret_item, bool *ret_one, struct err *err)
{
    struct tokens tokens;
    struct linear_features features;
    uint32_t at = form == TRAIN_NEGATED;
    arena_reset(&train->arena);
    struct str text = arena_printf(&train->arena, "%s%.*s", at ? "no " : "", STR_ARGS(word));
    if (!text.data) return err_set(err, E_NO_MEMORY, NULL);
    int rc = text_tokenize(text, &train->arena, &tokens, err);
    if (!rc) rc = linear_extract(text, &tokens, &train->arena, &features, err);
    if (rc) return rc;
    *ret_one = tokens.count == at + 1 && tokens.items[at].kind != TOKEN_NUMBER;
    if (*ret_one) *ret_item = features.items[features.first[at]];
    return E_OK;
}

/* A word's stems aren't tied: their scores are too uncertain, and each tie takes a bucket
 * (measured: 0.01 to 0.02 worse). */
static int tie_form(struct train_linear *train, struct str word, enum train_form form, float score,
                    uint32_t concept, struct err *err)
{
    uint32_t item = 0;
    bool one = false;
    int rc = train_word_item(train, word, form, &item, &one, err);
    return rc || !one ? rc : add(train, item, form, score, concept, err);
}

int train_linear_tie(struct train_linear *train, struct str word, float score, struct err *err)
{
    if (!str_is_utf8(word)) return err_set(err, E_BAD_TEXT, NULL);
    int rc = tie_form(train, word, TRAIN_WORD, score, 0, err);
    return rc ? rc : tie_form(train, word, TRAIN_NEGATED, score, 0, err);
}

int train_linear_tie_concept(struct train_linear *train, struct str word, uint32_t concept,
                             struct err *err)
{
    if (!str_is_utf8(word)) return err_set(err, E_BAD_TEXT, NULL);
    if (concept >= TRAIN_CONCEPTS_MAX)
        return err_set(err, E_BAD_CONFIG, "more than %d concepts", TRAIN_CONCEPTS_MAX);
    int rc = tie_form(train, word, TRAIN_WORD, 0, concept + 1, err);
    return rc ? rc : tie_form(train, word, TRAIN_NEGATED, 0, concept + 1, err);
}

/* 0: worth nothing; 1 to 3: positive; 4 to 6: negative. */
static uint32_t band_of(float score)
{
    static const float EDGES[] = {0.12f, 0.35f, 0.6f};
    uint32_t band = 0;
    for (size_t i = 0; i < sizeof EDGES / sizeof EDGES[0]; i++) band += fabsf(score) >= EDGES[i];
    return band && score < 0 ? band + TRAIN_BANDS / 2 : band;
}

/* One entry a feature, with the mean of its scores: lexicons differ, and forms of a
 * word fold to one. */
static void join(struct train_linear *train)
{
    size_t count = 0;
    if (train->tie_count) qsort(train->ties, train->tie_count, sizeof *train->ties, compare);
    for (size_t i = 0; i < train->tie_count; i++) {
        struct train_tie *last = count ? &train->ties[count - 1] : NULL;
        if (!last || last->item != train->ties[i].item) {
            train->ties[count++] = train->ties[i];
            continue;
        }
        last->score += train->ties[i].score;
        last->count++;
    }
    train->tie_count = count;
}

int train_join_ties(struct train_linear *train, struct err *err)
{
    free(train->tied);
    train->tied = calloc((size_t)1 << train->options.bucket_bits, 1);
    if (!train->tied) return err_set(err, E_NO_MEMORY, NULL);
    join(train);
    for (size_t i = 0; i < train->tie_count; i++) {
        const struct train_tie *tie = &train->ties[i];
        uint32_t band = band_of(tie->score / (float)tie->count);
        uint8_t *tied = &train->tied[tie->item >> (32 - train->options.bucket_bits)];
        if (tie->concept) band = TRAIN_BANDS + tie->concept;
        *tied = band ? (uint8_t)(1 + tie->form * (TRAIN_BANDS + TRAIN_CONCEPTS_MAX) + band - 1) : 0;
    }
    return E_OK;
}

void train_fold_ties(struct fit *fit)
{
    const struct train_linear *train = fit->train;
    uint32_t classes = train->options.class_count;
    for (size_t i = 0; i < (size_t)1 << train->options.bucket_bits; i++)
        for (uint32_t c = 0; c < classes && train->tied[i]; c++)
            fit->weights[i * classes + c] += (float)fit->ties[train->tied[i]][c];
}
