/* Fits how texts as a whole feel (feeling.h), by stacking: each source with all three labels is
 * judged by a model that never saw it, and a logistic learns from those judgements what the truth
 * was. Sources weigh the same, and so do the labels within each. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "sentiment.h"

/* Fewer texts are neutral than a third, and many tell their feeling by facts alone, in faint words:
 * so much is taken off the log-odds of neutral. */
#define NEUTRAL_ODDS (-0.15)

enum { ROWS_MAX = 8000 /* of a source: evenly chosen */, STEPS = 400, TERMS = 1 + FEELING_SIGNS };

struct judged_text {
    double terms[TERMS]; /* 1, then the signs */
    double weight;
    enum feeling_class label;
};
struct judged_texts {
    struct judged_text *items;
    size_t count, capacity;
};

/* Whoever judges a source: the model without it, and the needs model that ships beside it. */
struct judge {
    struct linear_model sentiment;
    const struct linear_model *needs;
    struct linear_pair pair;
    uint32_t classes[FEELING_CLASSES], problem, question;
    struct arena arena;
    struct feeling_scales scales;
    struct judged_texts *texts;
    size_t seen, every; /* each so many-th text is judged */
};

/* The needs of the sentence that has most of each. */
static void read_needs(const struct judge *judge, const struct tokens *tokens,
                       const struct linear_features *features, float *problem, float *question)
{
    uint32_t first = 0;
    *problem = *question = 0;
    for (uint32_t next = 1; next <= tokens->count; next++) {
        struct linear_sums sums = {0};
        float probabilities[LINEAR_CLASSES_MAX];
        if (next < tokens->count && !tokens->items[next].sentence_before) continue;
        linear_sum(judge->needs, features, first, next, &sums);
        linear_probabilities(judge->needs, &sums, probabilities);
        *problem = fmaxf(*problem, probabilities[judge->problem]);
        *question = fmaxf(*question, probabilities[judge->question]);
        first = next;
    }
}

static int read_text(struct judge *judge, const struct tokens *tokens,
                     const struct linear_features *features, float signs[static FEELING_SIGNS],
                     struct err *err)
{
    struct linear_sums sums = {0}, needs = {0};
    struct strongest strongest = {0};
    float all[LINEAR_CLASSES_MAX], probabilities[FEELING_CLASSES], problem, question;
    struct linear_level *levels = ARENA_ARRAY(&judge->arena, struct linear_level,
                                              (size_t)features->count + 1);
    if (!levels) return err_set(err, E_NO_MEMORY, NULL);
    linear_pair_sum(&judge->pair, features, 0, tokens->count, &sums, &needs, levels);
    linear_probabilities(&judge->sentiment, &sums, all);
    for (int c = 0; c < FEELING_CLASSES; c++) probabilities[c] = all[judge->classes[c]];
    feeling_hear(&judge->scales, features, levels, 0, tokens->count, &strongest);
    read_needs(judge, tokens, features, &problem, &question);
    feeling_read(probabilities, &strongest, problem, question, signs);
    return E_OK;
}

static struct judged_text *add_text(struct judged_texts *texts)
{
    if (!array_fits(&texts->items, &texts->capacity, texts->count + 1, sizeof *texts->items))
        return NULL;
    return &texts->items[texts->count++];
}

static int judge_text(void *user, struct str text, enum feeling_class label, struct err *err)
{
    struct judge *judge = user;
    struct tokens tokens;
    struct linear_features features;
    float signs[FEELING_SIGNS];
    if (judge->seen++ % judge->every) return E_OK;
    arena_reset(&judge->arena);
    int rc = text_tokenize(text, &judge->arena, &tokens, err);
    if (!rc) rc = linear_extract(text, &tokens, &judge->arena, &features, err);
    if (rc || tokens.count == 0) return rc;
    rc = read_text(judge, &tokens, &features, signs, err);
    if (rc) return rc;
    struct judged_text *judged = add_text(judge->texts);
    if (!judged) return err_set(err, E_NO_MEMORY, NULL);
    *judged = (struct judged_text){.label = label, .terms = {1}};
    for (int i = 0; i < FEELING_SIGNS; i++) judged->terms[1 + i] = (double)signs[i];
    return E_OK;
}

static int count_text(void *user, struct str text, enum feeling_class label, struct err *err)
{
    size_t *counts = user;
    (void)text;
    (void)err;
    counts[label]++;
    return E_OK;
}

static int open_judge(struct judge *judge, struct train_linear *train, uint32_t source,
                      struct buffer *bytes, struct err *err)
{
    static const char *const NAMES[] = {"positive", "negative", "neutral"};
    struct train_report report;
    int rc = train_linear_run(train, source, bytes, &report, err);
    if (!rc) rc = linear_parse(buffer_str(bytes), &judge->sentiment, err);
    if (!rc) rc = linear_pair_init(&judge->sentiment, judge->needs, &judge->pair, err);
    for (int c = 0; c < FEELING_CLASSES && !rc; c++)
        judge->classes[c] = linear_class(&judge->sentiment, NAMES[c]);
    if (!rc && !judge->pair.weights)
        rc = err_set(err, E_BAD_MODEL, "needs.model has more than four classes");
    if (rc) return rc;
    judge->scales = feeling_scales_of(&judge->sentiment, judge->classes[FEELING_POSITIVE],
                                      judge->classes[FEELING_NEGATIVE]);
    judge->problem = linear_class(judge->needs, "problem_report");
    judge->question = linear_class(judge->needs, "question");
    if (judge->problem == LINEAR_CLASSES_MAX || judge->question == LINEAR_CLASSES_MAX)
        return err_set(err, E_BAD_MODEL, "needs.model has no problem_report or question");
    return E_OK;
}

static void weigh(struct judged_texts *texts, size_t first)
{
    size_t counts[FEELING_CLASSES] = {0};
    for (size_t i = first; i < texts->count; i++) counts[texts->items[i].label]++;
    for (size_t i = first; i < texts->count; i++)
        texts->items[i].weight = 1.0 / (double)counts[texts->items[i].label];
}

/* Appends what a model without the source says of its texts; nothing if a label is missing
 * there. */
static int judge_source(struct train_linear *train, const struct linear_model *needs,
                        uint32_t source, const char *data, const char *own,
                        struct judged_texts *texts, struct err *err)
{
    size_t counts[FEELING_CLASSES] = {0}, first = texts->count;
    struct buffer bytes = {0};
    struct judge judge = {.needs = needs, .texts = texts};
    int rc = sentiment_visit(source, data, own, count_text, counts, err);
    if (rc || !counts[0] || !counts[1] || !counts[2]) return rc;
    judge.every = (counts[0] + counts[1] + counts[2] + ROWS_MAX - 1) / ROWS_MAX;
    arena_init(&judge.arena, 0);
    rc = open_judge(&judge, train, source, &bytes, err);
    if (!rc) rc = sentiment_visit(source, data, own, judge_text, &judge, err);
    if (!rc) weigh(texts, first);
    linear_pair_deinit(&judge.pair);
    arena_deinit(&judge.arena);
    buffer_deinit(&bytes);
    return rc;
}

/* Cholesky: a becomes its lower triangle. */
static void factor(double a[TERMS][TERMS])
{
    for (int i = 0; i < TERMS; i++)
        for (int j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (int k = 0; k < j; k++) sum -= a[i][k] * a[j][k];
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
}

static void solve(double lower[TERMS][TERMS], double *x)
{
    for (int i = 0; i < TERMS; i++) {
        for (int k = 0; k < i; k++) x[i] -= lower[i][k] * x[k];
        x[i] /= lower[i][i];
    }
    for (int i = TERMS - 1; i >= 0; i--) {
        for (int k = i + 1; k < TERMS; k++) x[i] -= lower[k][i] * x[k];
        x[i] /= lower[i][i];
    }
}

/* Adds the gradient of a text's log-likelihood. */
static void add_gradient(const struct judged_text *text, double weights[][TERMS],
                         double gradients[][TERMS])
{
    double scores[FEELING_CLASSES] = {0}, largest = -HUGE_VAL, total = 0;
    for (int c = 0; c < FEELING_CLASSES; c++) {
        for (int i = 0; i < TERMS; i++) scores[c] += weights[c][i] * text->terms[i];
        largest = fmax(largest, scores[c]);
    }
    for (int c = 0; c < FEELING_CLASSES; c++) total += scores[c] = exp(scores[c] - largest);
    for (int c = 0; c < FEELING_CLASSES; c++) {
        double miss = (c == (int)text->label) - scores[c] / total;
        for (int i = 0; i < TERMS; i++) gradients[c][i] += text->weight * miss * text->terms[i];
    }
}

/* Multinomial logistic regression; half of the terms' moments bound the curvature, so each step
 * climbs (Boehning 1992, "Multinomial logistic regression algorithm"). */
static void fit(const struct judged_texts *texts, double weights[][TERMS])
{
    double bound[TERMS][TERMS] = {0};
    for (size_t n = 0; n < texts->count; n++)
        for (int i = 0; i < TERMS; i++)
            for (int j = 0; j < TERMS; j++)
                bound[i][j] += texts->items[n].weight * texts->items[n].terms[i] *
                               texts->items[n].terms[j] / 2;
    for (int i = 0; i < TERMS; i++) bound[i][i] += 1e-6;
    factor(bound);
    for (int step = 0; step < STEPS; step++) {
        double gradients[FEELING_CLASSES][TERMS] = {0};
        for (size_t n = 0; n < texts->count; n++)
            add_gradient(&texts->items[n], weights, gradients);
        for (int c = 0; c < FEELING_CLASSES; c++) {
            solve(bound, gradients[c]);
            for (int i = 0; i < TERMS; i++) weights[c][i] += gradients[c][i];
        }
    }
}

/* In thousandths: the same on every machine. */
static void round_off(double weights[][TERMS], float *numbers)
{
    for (int c = 0; c < FEELING_CLASSES; c++)
        for (int i = 0; i < TERMS; i++)
            *numbers++ = (float)(floor(weights[c][i] * 1000 + 0.5) / 1000);
}

int sentiment_finish(struct train_linear *train, const char *data, const char *own, const char *out,
                     uint32_t without, struct err *err)
{
    static float numbers[FEELING_NUMBERS]; /* the trainer reads them later */
    double weights[FEELING_CLASSES][TERMS] = {0};
    struct judged_texts texts = {0};
    struct linear_model needs = {0};
    char path[4096];
    snprintf(path, sizeof path, "%s/needs.model", out);
    int rc = linear_open(path, &needs, err);
    for (uint32_t i = 0; sentiment_task.source_names[i] && !rc; i++)
        if (i != without) rc = judge_source(train, &needs, i, data, own, &texts, err);
    if (!rc) {
        fit(&texts, weights);
        weights[FEELING_NEUTRAL][0] += NEUTRAL_ODDS;
        round_off(weights, numbers);
        train_linear_attach(train, "feeling", numbers, sizeof numbers);
    }
    linear_close(&needs);
    free(texts.items);
    return rc;
}
