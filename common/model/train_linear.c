/* Collects rows, has the weights fitted (train_fit.c) and the model written (train_write.c). How
 * well it does is judged in train_judge.c, on the int8 model that ships. */
#include "model/train_linear.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/array.h"
#include "base/hash.h"
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
    free(train->vectors);
    free(train->placed);
    free(train);
}

void train_linear_attach(struct train_linear *train, const char *section, const void *data,
                         size_t size)
{
    train->attached = (struct model_section){str_of(section), data, size};
}

/* Room for one more row of `items` features. */
static int grow(struct train_linear *train, size_t items, struct err *err)
{
    if (!array_fits(&train->rows, &train->row_capacity, train->row_count + 1,
                    sizeof *train->rows) ||
        !array_fits(&train->items, &train->item_capacity, train->item_count + items,
                    sizeof *train->items))
        return err_set(err, E_NO_MEMORY, NULL);
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

/* class < 0: rows are of one class only. */
static int no_rows_of(const struct train_options *options, int class, struct err *err)
{
    char names[256] = "";
    size_t size = 0;
    for (uint32_t c = 0; c < options->class_count; c++) {
        int more = snprintf(names + size, sizeof names - size, "%s%s", c ? ", " : "",
                            options->classes[c]);
        if (more < 0 || size + (size_t)more >= sizeof names) break;
        size += (size_t)more;
    }
    if (class < 0)
        return err_set(err, E_BAD_MESSAGE, "all rows are of one class; at least two are needed: %s",
                       names);
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
        if (!((seen | options->may_lack) >> c & 1)) return no_rows_of(options, (int)c, err);
    bool alternatives = options->link == LINEAR_SOFTMAX;
    if (alternatives && (seen & (seen - 1)) == 0) return no_rows_of(options, -1, err);
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
    int rc = train_fit(&fit, err);
    if (!rc) rc = train_write(&fit, &calibration, &bytes, err);
    if (!rc) rc = linear_parse(buffer_str(&bytes), &model, err);
    if (!rc) {
        train_calibrate(train, &model, test_source, &calibration);
        train_judge(train, &model, &calibration, test_source, ret_report);
        *ret_calibration = calibration;
    }
    if (!rc && out) rc = train_write(&fit, &calibration, out, err);
    buffer_deinit(&bytes);
    train_fit_deinit(&fit);
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
        rc = train_fit(&fit, err);
        if (!rc) rc = train_write(&fit, &calibration, out, err);
        train_fit_deinit(&fit);
    }
    if (!rc) *ret_report = report;
    return rc;
}
