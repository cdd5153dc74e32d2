/* Fits the weights by AdaGrad, one row a step, some times over all rows in an order drawn by lot.
 * The same rows and options give the same bits on every machine. */
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "model/train_internal.h"

/* e^x in plain double steps, so that every machine gets the same bits: x = k ln 2 + r,
 * |r| <= ln 2 / 2. */
double train_exp(double x)
{
    if (x < -700) return 0;
    if (x > 700) x = 700;
    double k = floor(x * 1.4426950408889634 + 0.5);
    double r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
    double sum = 1, term = 1;
    for (int i = 1; i < 14; i++) sum += term *= r / i;
    return ldexp(sum, (int)k);
}

void train_probabilities(const struct train_options *options, const double *scores, uint32_t known,
                         double *probabilities)
{
    double largest = -1e300, total = 0;
    for (uint32_t c = 0; c < options->class_count; c++)
        if (known >> c & 1 && scores[c] > largest) largest = scores[c];
    for (uint32_t c = 0; c < options->class_count; c++) {
        if (options->link == LINEAR_SIGMOID) probabilities[c] = 1 / (1 + train_exp(-scores[c]));
        else total += probabilities[c] = known >> c & 1 ? train_exp(scores[c] - largest) : 0;
    }
    for (uint32_t c = 0; c < options->class_count && options->link == LINEAR_SOFTMAX; c++)
        probabilities[c] /= total;
}

/* class_weight[c][label]: how much a row with (1) or without (0) class c counts for c. */
static void weigh_classes(struct fit *fit)
{
    const struct train_options *options = &fit->train->options;
    double with[LINEAR_CLASSES_MAX] = {0}, total[LINEAR_CLASSES_MAX] = {0}, all = 0;
    for (size_t i = 0; i < fit->train->row_count; i++) {
        const struct train_row *row = &fit->train->rows[i];
        if (!fit_uses(fit, row)) continue;
        all += (double)row->weight;
        for (uint32_t c = 0; c < options->class_count; c++) {
            if (row->known >> c & 1) total[c] += (double)row->weight;
            if (row->labels >> c & 1) with[c] += (double)row->weight;
        }
    }
    for (uint32_t c = 0; c < options->class_count; c++) {
        fit->class_weight[c][0] = fit->class_weight[c][1] = 1;
        if (!options->balance || with[c] <= 0) continue;
        if (options->link == LINEAR_SOFTMAX)
            fit->class_weight[c][1] = all / (with[c] * options->class_count);
        /* half way: rare classes stay rare */
        else fit->class_weight[c][1] = sqrt(total[c] / with[c] / 2);
    }
}

static double row_weight(const struct fit *fit, const struct train_row *row, uint32_t class)
{
    const struct train_options *options = &fit->train->options;
    if (options->link == LINEAR_SIGMOID)
        return (double)row->weight * fit->class_weight[class][row->labels >> class & 1];
    for (uint32_t c = 0; c < options->class_count; c++)
        if (row->labels >> c & 1) return (double)row->weight * fit->class_weight[c][1];
    return (double)row->weight;
}

/* What the sum of a row's weights is multiplied by. */
double train_length(const struct train_options *options, const struct train_row *row)
{
    uint32_t count = row->count > options->least_features ? row->count : options->least_features;
    return 1 / sqrt((double)count);
}

static void score_row(const struct fit *fit, const struct train_row *row, train_vectors vectors,
                      double *scores)
{
    uint32_t classes = fit->train->options.class_count,
             shift = 32 - fit->train->options.bucket_bits;
    const uint32_t *items = fit->train->items + row->first;
    double sums[LINEAR_CLASSES_MAX] = {0}, length = train_length(&fit->train->options, row);
    for (uint32_t i = 0; i < row->count; i++) {
        const float *weights = fit->weights + (size_t)(items[i] >> shift) * classes;
        /* tie 0 is always 0 */
        const double *shared = fit->ties[fit->train->tied[items[i] >> shift]];
        for (uint32_t c = 0; c < classes; c++) sums[c] += (double)weights[c] + shared[c];
    }
    for (uint32_t c = 0; c < classes; c++) {
        sums[c] += train_score_vectors(fit, c, vectors);
        scores[c] = fit->biases[c] + sums[c] * length;
    }
}

static void learn_tie(struct fit *fit, uint32_t tie, const double *gradients, double length)
{
    const struct train_options *options = &fit->train->options;
    for (uint32_t c = 0; c < options->class_count && tie; c++) {
        double step = gradients[c] * length;
        fit->tie_squares[tie][c] += step * step;
        fit->ties[tie][c] -= options->rate * step / sqrt(fit->tie_squares[tie][c] + 1e-4);
    }
}

static void learn_source(struct fit *fit, uint32_t source, double gradient)
{
    fit->source_squares[source] += gradient * gradient;
    fit->source_biases[source] -= fit->train->options.rate * gradient /
                                  sqrt(fit->source_squares[source] + 1);
}

/* options.doubt_labels: a step is so much smaller as the model holds the label for unlikely. */
static double doubted(const struct train_options *options, double miss)
{
    return options->doubt_labels ? miss * sqrt(1 - fabs(miss)) : miss;
}

/* One AdaGrad step; returns the row's squared error, a cheap loss to show. */
static double learn_row(struct fit *fit, const struct train_row *row)
{
    const struct train_options *options = &fit->train->options;
    uint32_t classes = options->class_count, shift = 32 - options->bucket_bits;
    const uint32_t *items = fit->train->items + row->first;
    double scores[LINEAR_CLASSES_MAX] = {0}, gradients[LINEAR_CLASSES_MAX], loss = 0;
    double length = train_length(options, row);
    train_vectors vectors;
    train_sum_vectors(fit->train, row, vectors);
    score_row(fit, row, vectors, scores);
    if (options->neutral_trust > 0) scores[classes - 1] += fit->source_biases[row->source];
    train_probabilities(options, scores, row->known, gradients);
    for (uint32_t c = 0; c < classes; c++) {
        double miss = gradients[c] - (double)(row->labels >> c & 1);
        if (!(row->known >> c & 1)) miss = 0;
        loss += miss * miss;
        gradients[c] = doubted(options, miss) * row_weight(fit, row, c);
        fit->bias_squares[c] += gradients[c] * gradients[c];
        fit->biases[c] -= 0.1 * options->rate * gradients[c] / sqrt(fit->bias_squares[c] + 1);
    }
    if (options->neutral_trust > 0) learn_source(fit, row->source, gradients[classes - 1]);
    train_learn_vectors(fit, vectors, gradients, length);
    for (uint32_t i = 0; i < row->count; i++) {
        size_t at = (size_t)(items[i] >> shift) * classes;
        learn_tie(fit, fit->train->tied[items[i] >> shift], gradients, length);
        for (uint32_t c = 0; c < classes; c++) {
            double weight = (double)fit->weights[at + c];
            double step = gradients[c] * length + options->l2 * weight;
            fit->squares[at + c] += (float)(step * step);
            fit->weights[at + c] =
                (float)(weight - options->rate * step / sqrt((double)fit->squares[at + c] + 1e-4));
        }
    }
    return loss;
}

static void shuffle(struct random *random, size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t other = (size_t)random_below(random, i), kept = order[i - 1];
        order[i - 1] = order[other];
        order[other] = kept;
    }
}

static int learn(struct fit *fit, size_t *order, size_t count, struct err *err)
{
    const struct train_options *options = &fit->train->options;
    struct random random;
    random_seed(&random, options->seed);
    weigh_classes(fit);
    for (uint32_t epoch = 0; epoch < options->epochs; epoch++) {
        double loss = 0;
        shuffle(&random, order, count);
        for (size_t i = 0; i < count; i++) loss += learn_row(fit, &fit->train->rows[order[i]]);
        loss /= count ? (double)count : 1;
        if (options->on_progress &&
            !options->on_progress(options->context, epoch + 1, options->epochs, loss))
            return err_set(err, E_CANCELLED, "training was cancelled");
    }
    return E_OK;
}

/* options.neutral_trust: moves the last class's weights towards the mean of the others'. */
static void trust_neutral(struct fit *fit)
{
    const struct train_options *options = &fit->train->options;
    uint32_t others = options->class_count - 1;
    for (size_t i = 0; i < (size_t)1 << options->bucket_bits; i++) {
        float *weights = fit->weights + i * options->class_count;
        double mean = 0;
        for (uint32_t c = 0; c < others; c++) mean += (double)weights[c] / others;
        weights[others] = (float)(mean + options->neutral_trust * ((double)weights[others] - mean));
    }
    double mean = 0;
    for (uint32_t c = 0; c < others; c++) mean += fit->biases[c] / others;
    fit->biases[others] = mean + options->neutral_trust * (fit->biases[others] - mean) +
                          options->neutral_odds;
}

static size_t count_sources(const struct train_linear *train)
{
    size_t count = 1;
    for (size_t i = 0; i < train->row_count && train->options.neutral_trust > 0; i++)
        if (train->rows[i].source >= count) count = (size_t)train->rows[i].source + 1;
    return count;
}

static int allocate(struct fit *fit, struct err *err)
{
    size_t cells = (size_t)fit->train->options.class_count << fit->train->options.bucket_bits;
    size_t sources = count_sources(fit->train);
    fit->weights = calloc(cells, sizeof *fit->weights);
    fit->squares = calloc(cells, sizeof *fit->squares);
    fit->source_biases = calloc(sources, sizeof *fit->source_biases);
    fit->source_squares = calloc(sources, sizeof *fit->source_squares);
    bool ok = fit->weights && fit->squares && fit->source_biases && fit->source_squares;
    return ok ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

int train_fit(struct fit *fit, struct err *err)
{
    size_t *order = malloc((fit->train->row_count + 1) * sizeof *order), count = 0;
    int rc = order ? allocate(fit, err) : err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < fit->train->row_count && !rc; i++)
        if (fit_uses(fit, &fit->train->rows[i])) order[count++] = i;
    if (!rc) rc = train_join_ties(fit->train, err);
    if (!rc) rc = train_place_vectors(fit->train, err);
    if (!rc) rc = learn(fit, order, count, err);
    if (!rc) train_fold_ties(fit);
    if (!rc) train_fold_vectors(fit);
    if (!rc && fit->train->options.neutral_trust > 0) trust_neutral(fit);
    free(order);
    return rc;
}

void train_fit_deinit(struct fit *fit)
{
    free(fit->weights);
    free(fit->squares);
    free(fit->source_biases);
    free(fit->source_squares);
}
