/* Collects rows, fits by AdaGrad, finds the temperature and the thresholds, and writes the model.
 * How well it does is judged in train_judge.c, on the int8 model that ships. */
#include "model/train_linear.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/random.h"
#include "model/train_internal.h"

enum { BUCKET_BITS = 17, EPOCHS = 8, HELD_OUT_SHARE = 10 };

static const struct train_options DEFAULTS = {
    .bucket_bits = BUCKET_BITS, .epochs = EPOCHS, .rate = 0.5, .l2 = 2e-6};

struct train_linear *train_linear_create(const struct train_options *options)
{
    struct train_linear *train = calloc(1, sizeof *train);
    if (!train) return NULL;
    train->options = *options;
    if (!options->bucket_bits) train->options.bucket_bits = DEFAULTS.bucket_bits;
    if (!options->epochs) train->options.epochs = DEFAULTS.epochs;
    if (!(options->rate > 0)) train->options.rate = DEFAULTS.rate;
    if (!(options->l2 > 0)) train->options.l2 = DEFAULTS.l2;
    arena_init(&train->arena, 0);
    return train;
}

void train_linear_destroy(struct train_linear *train)
{
    if (!train) return;
    arena_deinit(&train->arena);
    free(train->rows);
    free(train->items);
    free(train->ties);
    free(train->tied);
    free(train);
}

/* Room for one more row of `items` features. */
static int grow(struct train_linear *train, size_t items, struct err *err)
{
    if (train->row_count == train->row_capacity) {
        size_t capacity = train->row_capacity ? train->row_capacity * 2 : 1024;
        struct train_row *rows = realloc(train->rows, capacity * sizeof *rows);
        if (!rows) return err_set(err, E_NO_MEMORY, NULL);
        train->rows = rows;
        train->row_capacity = capacity;
    }
    if (train->item_count + items > train->item_capacity) {
        size_t capacity = (train->item_count + items) * 2;
        uint32_t *more = realloc(train->items, capacity * sizeof *more);
        if (!more) return err_set(err, E_NO_MEMORY, NULL);
        train->items = more;
        train->item_capacity = capacity;
    }
    return E_OK;
}

static bool labels_fit(const struct train_options *options, uint32_t labels, uint32_t known)
{
    uint32_t all = options->class_count < 32 ? (1u << options->class_count) - 1 : 0;
    if (labels & ~all || known & ~all || !known) return false;
    return options->link == LINEAR_SIGMOID || ((labels & known) && (labels & (labels - 1)) == 0);
}

int train_linear_add_features(struct train_linear *train, struct str text,
                              const struct linear_features *features,
                              const struct linear_features *others, uint32_t labels, uint32_t known,
                              float weight, uint32_t source, struct err *err)
{
    uint32_t more = others ? others->count : 0, count = features->count + more;
    if (!labels_fit(&train->options, labels, known) || !(weight > 0))
        return err_set(err, E_BAD_CONFIG, "a training row's labels or weight");
    if (count == 0) return E_OK;
    int rc = grow(train, count, err);
    if (rc) return rc;
    uint32_t *items = train->items + train->item_count;
    memcpy(items, features->items, features->count * sizeof *items);
    if (more) memcpy(items + features->count, others->items, more * sizeof *items);
    train->rows[train->row_count++] = (struct train_row){
        .first = train->item_count,
        .count = count,
        .labels = labels,
        .known = known,
        .weight = weight,
        .source = source,
        .held_out = hash_fast(text, 0) % HELD_OUT_SHARE == 0,
    };
    train->item_count += count;
    return E_OK;
}

int train_linear_add(struct train_linear *train, struct str text, uint32_t labels, uint32_t known,
                     float weight, uint32_t source, struct err *err)
{
    struct tokens tokens;
    struct linear_features features;
    if (!str_is_utf8(text)) return err_set(err, E_BAD_TEXT, NULL);
    arena_reset(&train->arena);
    int rc = text_tokenize(text, &train->arena, &tokens, err);
    if (!rc) rc = linear_extract(text, &tokens, &train->arena, &features, err);
    if (!rc)
        rc = train_linear_add_features(train, text, &features, NULL, labels, known, weight, source,
                                       err);
    return rc;
}

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

static void score_row(const struct fit *fit, const struct train_row *row, double *scores)
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
    for (uint32_t c = 0; c < classes; c++) scores[c] = fit->biases[c] + sums[c] * length;
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
    score_row(fit, row, scores);
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

static int fit_run(struct fit *fit, struct err *err)
{
    size_t *order = malloc((fit->train->row_count + 1) * sizeof *order), count = 0;
    int rc = order ? allocate(fit, err) : err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < fit->train->row_count && !rc; i++)
        if (fit_uses(fit, &fit->train->rows[i])) order[count++] = i;
    if (!rc) rc = train_join_ties(fit->train, err);
    if (!rc) rc = learn(fit, order, count, err);
    if (!rc) train_fold_ties(fit);
    if (!rc && fit->train->options.neutral_trust > 0) trust_neutral(fit);
    free(order);
    return rc;
}

static void fit_deinit(struct fit *fit)
{
    free(fit->weights);
    free(fit->squares);
    free(fit->source_biases);
    free(fit->source_squares);
}

static int no_rows_of(const struct train_options *options, uint32_t class, struct err *err)
{
    char names[256] = "";
    size_t size = 0;
    for (uint32_t c = 0; c < options->class_count; c++) {
        int more = snprintf(names + size, sizeof names - size, "%s%s", c ? ", " : "",
                            options->classes[c]);
        if (more < 0 || size + (size_t)more >= sizeof names) break;
        size += (size_t)more;
    }
    return err_set(err, E_BAD_MESSAGE, "no rows of class %s; each class needs some: %s",
                   options->classes[class], names);
}

static int check(const struct train_linear *train, struct err *err)
{
    const struct train_options *options = &train->options;
    if (options->class_count == 0 || options->class_count > LINEAR_CLASSES_MAX ||
        (options->link == LINEAR_SOFTMAX && options->class_count < 2))
        return err_set(err, E_BAD_CONFIG, "%u classes", options->class_count);
    if (options->bucket_bits < 10 || options->bucket_bits > 20)
        return err_set(err, E_BAD_CONFIG, "bucket_bits is %u; 10 to 20 are possible",
                       options->bucket_bits);
    uint32_t seen = 0;
    for (size_t i = 0; i < train->row_count; i++) seen |= train->rows[i].labels;
    if (options->least_features > LINEAR_LEAST_FEATURES_MAX)
        return err_set(err, E_BAD_CONFIG, "least_features is %u; at most %u",
                       options->least_features, LINEAR_LEAST_FEATURES_MAX);
    for (uint32_t c = 0; c < options->class_count; c++)
        if (!(seen >> c & 1)) return no_rows_of(options, c, err);
    return E_OK;
}

/* Fits without the rows that are held out, calibrates on those of other sources, judges. */
static int fit_and_judge(struct train_linear *train, uint32_t test_source,
                         struct calibration *ret_calibration, struct buffer *out,
                         struct train_report *ret_report, struct err *err)
{
    struct fit fit = {.train = train, .test_source = test_source, .hold_out = true};
    struct calibration calibration = {.temperature = 1};
    struct linear_model model;
    struct buffer bytes = {0};
    int rc = fit_run(&fit, err);
    if (!rc) rc = train_write(&fit, &calibration, &bytes, err);
    if (!rc) rc = linear_parse(buffer_str(&bytes), &model, err);
    if (!rc) {
        train_calibrate(train, &model, test_source, &calibration);
        train_judge(train, &model, &calibration, test_source, ret_report);
        *ret_calibration = calibration;
    }
    if (!rc && out) rc = train_write(&fit, &calibration, out, err);
    buffer_deinit(&bytes);
    fit_deinit(&fit);
    return rc;
}

int train_linear_run(struct train_linear *train, uint32_t test_source, struct buffer *out,
                     struct train_report *ret_report, struct err *err)
{
    struct calibration calibration;
    struct train_report report;
    bool leave_out = test_source != TRAIN_NO_SOURCE;
    int rc = check(train, err);
    if (!rc)
        rc = fit_and_judge(train, test_source, &calibration, leave_out ? out : NULL, &report, err);
    if (!rc && !leave_out) {
        struct fit fit = {.train = train, .test_source = TRAIN_NO_SOURCE};
        rc = fit_run(&fit, err);
        if (!rc) rc = train_write(&fit, &calibration, out, err);
        fit_deinit(&fit);
    }
    if (!rc) *ret_report = report;
    return rc;
}
