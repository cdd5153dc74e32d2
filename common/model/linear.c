/* Opens linear models and scores features with them.
 *
 * A bucket holds one byte per class, in groups of four. Eight of them at most are widened to eight
 * sums of 16 bits in one register, which are emptied before they can overflow. Stored bytes are
 * weight + 128: the sums take 128 per feature off again. */
#include "model/linear.h"

#include <assert.h>
#include <math.h>

enum { BUCKET_BITS_MIN = 4, BUCKET_BITS_MAX = 22, GROUP = 4, LANES = 8, LANE_FEATURES = 256 };

typedef uint8_t bytes_8 __attribute__((vector_size(LANES)));
typedef uint16_t shorts_8 __attribute__((vector_size(2 * LANES)));

static int bad(const struct model_file *file, struct err *err, const char *what)
{
    return err_set(err, E_BAD_MODEL, "model %.*s: %s", STR_ARGS(file->name), what);
}

static int read_names(struct linear_model *model, struct err *err)
{
    struct str rest = model_file_get(&model->file, "classes");
    while (rest.size) {
        struct str name = str_cut(&rest, ' ');
        if (name.size == 0 || name.size >= sizeof model->names[0])
            return bad(&model->file, err, "a class's name");
        if (model->classes == LINEAR_CLASSES_MAX) return bad(&model->file, err, "too many classes");
        memcpy(model->names[model->classes++], name.data, name.size);
    }
    return model->classes ? E_OK : bad(&model->file, err, "no classes");
}

static int read_link(struct linear_model *model, struct err *err)
{
    struct str link = model_file_get(&model->file, "link"),
               made = model_file_get(&model->file, "extractor");
    if (!str_equal(made, STR(LINEAR_EXTRACTOR)))
        return bad(&model->file, err, "made with another extractor than " LINEAR_EXTRACTOR);
    if (str_equal(link, STR("softmax"))) model->link = LINEAR_SOFTMAX;
    else if (str_equal(link, STR("sigmoid"))) model->link = LINEAR_SIGMOID;
    else return bad(&model->file, err, "link is neither softmax nor sigmoid");
    return E_OK;
}

/* Section "numbers": temperature, then per class scale, bias, threshold; float32. */
static int read_numbers(struct linear_model *model, struct err *err)
{
    const void *data;
    float numbers[1 + 3 * LINEAR_CLASSES_MAX];
    size_t count = 1 + 3 * (size_t)model->classes;
    int rc = model_file_section(&model->file, "numbers", sizeof(float), count, &data, err);
    if (rc) return rc;
    memcpy(numbers, data, count * sizeof(float));
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(numbers[i]) <= 1e6f)) return bad(&model->file, err, "a number out of range");
    if (numbers[0] < 1e-3f) return bad(&model->file, err, "temperature out of range");
    model->temperature = numbers[0];
    for (uint32_t i = 0; i < model->classes; i++) {
        model->scales[i] = numbers[1 + 3 * i];
        model->biases[i] = numbers[2 + 3 * i];
        model->thresholds[i] = numbers[3 + 3 * i];
    }
    return E_OK;
}

static int read_weights(struct linear_model *model, struct err *err)
{
    uint64_t bits;
    const void *data;
    int rc = model_file_get_u64(&model->file, "bucket_bits", BUCKET_BITS_MIN, BUCKET_BITS_MAX,
                                &bits, err);
    if (rc) return rc;
    model->bucket_bits = (uint32_t)bits;
    model->stride = (model->classes + GROUP - 1) / GROUP * GROUP;
    rc = model_file_section(&model->file, "weights", model->stride, (size_t)1 << bits, &data, err);
    if (!rc) model->weights = data;
    return rc;
}

/* A model without it takes every feature of the shortest texts at its word. */
static int read_least_features(struct linear_model *model, struct err *err)
{
    uint64_t least = 0;
    if (!model_file_get(&model->file, "least_features").data) return E_OK;
    int rc = model_file_get_u64(&model->file, "least_features", 0, LINEAR_LEAST_FEATURES_MAX,
                                &least, err);
    model->least_features = (uint32_t)least;
    return rc;
}

static int read_model(struct linear_model *model, struct err *err)
{
    if (!str_equal(model->file.kind, STR("linear")))
        return bad(&model->file, err, "not a linear model");
    int rc = read_link(model, err);
    if (!rc) rc = read_names(model, err);
    if (!rc) rc = read_numbers(model, err);
    if (!rc) rc = read_weights(model, err);
    if (!rc) rc = read_least_features(model, err);
    return rc;
}

int linear_parse(struct str bytes, struct linear_model *ret_model, struct err *err)
{
    struct linear_model model = {0};
    int rc = model_file_parse(bytes, &model.file, err);
    if (!rc) rc = read_model(&model, err);
    if (!rc) *ret_model = model;
    return rc;
}

int linear_open(const char *path, struct linear_model *ret_model, struct err *err)
{
    struct linear_model model = {0};
    int rc = model_file_open(path, "linear", &model.file, err);
    if (rc) return rc;
    rc = read_model(&model, err);
    if (rc) {
        model_file_close(&model.file);
        return err_wrap(err, "%s", path);
    }
    *ret_model = model;
    return E_OK;
}

void linear_close(struct linear_model *model)
{
    if (!model) return;
    model_file_close(&model->file);
    *model = (struct linear_model){0};
}

uint32_t linear_class(const struct linear_model *model, const char *name)
{
    for (uint32_t i = 0; i < model->classes; i++)
        if (strcmp(model->names[i], name) == 0) return i;
    return LINEAR_CLASSES_MAX;
}

static void drain(shorts_8 lanes, uint32_t features, int64_t *sums)
{
    for (int i = 0; i < LANES; i++)
        sums[i] += (int64_t)lanes[i] - (int64_t)features * LINEAR_WEIGHT_ZERO;
}

/* Eight classes from `first` on, of which the bucket has `bytes`. */
static inline void sum_lanes(const struct linear_model *model, const uint32_t *items,
                             uint32_t count, uint32_t first, size_t bytes, int64_t *sums)
{
    const uint8_t *weights = model->weights + first;
    uint32_t shift = 32 - model->bucket_bits, stride = model->stride;
    while (count) {
        uint32_t part = count < LANE_FEATURES ? count : LANE_FEATURES;
        shorts_8 lanes = {0};
        for (uint32_t i = 0; i < part; i++) {
            bytes_8 bucket = {0};
            memcpy(&bucket, weights + (size_t)(items[i] >> shift) * stride, bytes);
            lanes += __builtin_convertvector(bucket, shorts_8);
        }
        drain(lanes, part, sums);
        items += part;
        count -= part;
    }
}

void linear_sum(const struct linear_model *model, const struct linear_features *features,
                uint32_t first, uint32_t last, struct linear_sums *sums)
{
    assert(first <= last && last <= features->tokens);
    const uint32_t *items = features->items + features->first[first];
    uint32_t count = features->first[last] - features->first[first];
    for (uint32_t group = 0; group < model->stride; group += LANES) {
        int64_t more[LANES] = {0};
        if (model->stride - group >= LANES) sum_lanes(model, items, count, group, LANES, more);
        else sum_lanes(model, items, count, group, GROUP, more);
        for (uint32_t i = 0; i < LANES && group + i < model->classes; i++)
            sums->classes[group + i] += more[i];
    }
    sums->count += count;
}

void linear_softmax(float *values, uint32_t count)
{
    float largest = values[0], total = 0;
    for (uint32_t i = 1; i < count; i++) largest = values[i] > largest ? values[i] : largest;
    for (uint32_t i = 0; i < count; i++) total += values[i] = expf(values[i] - largest);
    for (uint32_t i = 0; i < count; i++) values[i] /= total;
}

static float length_of(const struct linear_model *model, uint32_t count)
{
    if (count < model->least_features) count = model->least_features;
    return count ? 1.0f / sqrtf((float)count) : 0.0f;
}

#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE floats_4 lengths_of(const struct linear_model *model,
                                  const struct linear_sums *const sums[static FOUR])
{
    ints_4 counts = {(int32_t)sums[0]->count, (int32_t)sums[1]->count, (int32_t)sums[2]->count,
                     (int32_t)sums[3]->count},
           less = counts < (int32_t)model->least_features;
    counts = (counts & ~less) | (less & (int32_t)model->least_features);
    floats_4 lengths = 1.0f / root_of_four(__builtin_convertvector(counts, floats_4));
    return (floats_4)((ints_4)lengths & (counts != 0));
}

ALWAYS_INLINE void odds_of_four(const struct linear_model *model, uint32_t classes,
                                const struct linear_sums *const sums[static FOUR], floats_4 *odds)
{
    floats_4 lengths = lengths_of(model, sums);
    for (uint32_t c = 0; c < classes; c++) {
        floats_4 sum = {(float)sums[0]->classes[c], (float)sums[1]->classes[c],
                        (float)sums[2]->classes[c], (float)sums[3]->classes[c]};
        odds[c] = (model->biases[c] + model->scales[c] * sum * lengths) / model->temperature;
    }
}

ALWAYS_INLINE void softmax_of_four(const struct linear_model *model, uint32_t classes,
                                   const struct linear_sums *const sums[static FOUR],
                                   floats_4 *probabilities)
{
    floats_4 odds[LINEAR_CLASSES_MAX], total = {0};
    odds_of_four(model, classes, sums, odds);
    floats_4 largest = odds[0];
    for (uint32_t c = 1; c < classes; c++) largest = larger_of_four(largest, odds[c]);
    for (uint32_t c = 0; c < classes; c++)
        total += odds[c] = exponential_of_four(odds[c] - largest);
    for (uint32_t c = 0; c < classes; c++) probabilities[c] = odds[c] / total;
}

ALWAYS_INLINE void sigmoids_of_four(const struct linear_model *model, uint32_t classes,
                                    const struct linear_sums *const sums[static FOUR],
                                    floats_4 *probabilities)
{
    floats_4 odds[LINEAR_CLASSES_MAX];
    odds_of_four(model, classes, sums, odds);
    for (uint32_t c = 0; c < classes; c++)
        probabilities[c] = 1.0f / (1.0f + exponential_of_four(-odds[c]));
}

/* Of three classes, as ours have: without loops, and with four doubles in one register. The same
 * operations as elsewhere, so the same results to the last bit. */
#ifdef __x86_64__
#define WITH_AVX2 __attribute__((target("avx2")))
WITH_AVX2 static void softmax_of_three(const struct linear_model *model,
                                       const struct linear_sums *const sums[static FOUR],
                                       floats_4 probabilities[static LINEAR_CLASSES_MAX])
{
    softmax_of_four(model, 3, sums, probabilities);
}

WITH_AVX2 static void sigmoids_of_three(const struct linear_model *model,
                                        const struct linear_sums *const sums[static FOUR],
                                        floats_4 probabilities[static LINEAR_CLASSES_MAX])
{
    sigmoids_of_four(model, 3, sums, probabilities);
}

static bool is_of_three(const struct linear_model *model)
{
    return model->classes == 3 && __builtin_cpu_supports("avx2");
}
#endif

void linear_by_softmax(const struct linear_model *model,
                       const struct linear_sums *const sums[static FOUR],
                       floats_4 probabilities[static LINEAR_CLASSES_MAX])
{
#ifdef __x86_64__
    if (is_of_three(model)) {
        softmax_of_three(model, sums, probabilities);
        return;
    }
#endif
    softmax_of_four(model, model->classes, sums, probabilities);
}

void linear_by_sigmoid(const struct linear_model *model,
                       const struct linear_sums *const sums[static FOUR],
                       floats_4 probabilities[static LINEAR_CLASSES_MAX])
{
#ifdef __x86_64__
    if (is_of_three(model)) {
        sigmoids_of_three(model, sums, probabilities);
        return;
    }
#endif
    sigmoids_of_four(model, model->classes, sums, probabilities);
}

void linear_probabilities(const struct linear_model *model, const struct linear_sums *sums,
                          float *probabilities)
{
    floats_4 each[LINEAR_CLASSES_MAX];
    linear_probabilities_of_four(model, (const struct linear_sums *[]){sums, sums, sums, sums},
                                 each);
    for (uint32_t c = 0; c < model->classes; c++) probabilities[c] = each[c][0];
}

float linear_odds(const struct linear_model *model, uint32_t class, int64_t sum, uint32_t count)
{
    assert(class < model->classes && model->link == LINEAR_SIGMOID);
    float score = model->biases[class] +
                  model->scales[class] * (float)sum * length_of(model, count);
    return score / model->temperature;
}

float linear_of_odds(float odds)
{
    return 1.0f / (1.0f + exponential_of_four((floats_4){-odds})[0]);
}
