/* Float weights to int8, and those into a model file. */
#include <math.h>
#include <stdlib.h>

#include "model/train_internal.h"

/* A few large weights would coarsen all others: cut at this many standard deviations. */
#define CUT_DEVIATIONS 12.0

/* The value of one int8 step. Zeros (buckets never met) don't count for the deviation. */
static double step_of(const struct fit *fit, uint32_t class)
{
    uint32_t classes = fit->train->options.class_count;
    size_t buckets = (size_t)1 << fit->train->options.bucket_bits, used = 0;
    double squares = 0, largest = 0;
    for (size_t i = 0; i < buckets; i++) {
        double weight = fabs((double)fit->weights[i * classes + class]);
        if (weight > 0) used++;
        squares += weight * weight;
        if (weight > largest) largest = weight;
    }
    double cut = used ? CUT_DEVIATIONS * sqrt(squares / (double)used) : 0;
    if (largest < cut) cut = largest;
    return cut > 0 ? cut / 127 : 1;
}

static void quantise(const struct fit *fit, uint8_t *bytes, uint32_t stride, double *steps)
{
    uint32_t classes = fit->train->options.class_count;
    size_t buckets = (size_t)1 << fit->train->options.bucket_bits;
    memset(bytes, 128, buckets * stride);
    for (uint32_t c = 0; c < classes; c++) {
        steps[c] = step_of(fit, c);
        for (size_t i = 0; i < buckets; i++) {
            double value = floor((double)fit->weights[i * classes + c] / steps[c] + 0.5);
            value = value < -127 ? -127 : value > 127 ? 127 : value;
            bytes[i * stride + c] = (uint8_t)(value + 128);
        }
    }
}

static void describe(struct model_writer *writer, const struct fit *fit)
{
    const struct train_options *options = &fit->train->options;
    char names[LINEAR_CLASSES_MAX * 32] = "";
    for (uint32_t c = 0; c < options->class_count; c++) {
        if (c) strcat(names, " ");
        strncat(names, options->classes[c], 31);
    }
    model_writer_set(writer, "extractor", "%s", LINEAR_EXTRACTOR);
    model_writer_set(writer, "link", "%s", options->link == LINEAR_SOFTMAX ? "softmax" : "sigmoid");
    model_writer_set(writer, "classes", "%s", names);
    model_writer_set(writer, "bucket_bits", "%u", options->bucket_bits);
    if (options->least_features)
        model_writer_set(writer, "least_features", "%u", options->least_features);
    model_writer_set(writer, "seed", "%llu", (unsigned long long)options->seed);
    model_writer_set(writer, "epochs", "%u", options->epochs);
    model_writer_set(writer, "trained_rows", "%zu", fit->train->row_count);
    if (options->notes) model_writer_set(writer, "notes", "%s", options->notes);
}

int train_write(const struct fit *fit, const struct calibration *calibration, struct buffer *out,
                struct err *err)
{
    const struct train_options *options = &fit->train->options;
    uint32_t stride = (options->class_count + 3) / 4 * 4;
    size_t size = (size_t)stride << options->bucket_bits;
    double steps[LINEAR_CLASSES_MAX];
    float numbers[1 + 3 * LINEAR_CLASSES_MAX];
    struct model_writer writer;
    uint8_t *bytes = malloc(size);
    if (!bytes) return err_set(err, E_NO_MEMORY, NULL);
    quantise(fit, bytes, stride, steps);
    numbers[0] = (float)calibration->temperature;
    for (uint32_t c = 0; c < options->class_count; c++) {
        numbers[1 + 3 * c] = (float)steps[c];
        numbers[2 + 3 * c] = (float)fit->biases[c];
        numbers[3 + 3 * c] = (float)calibration->thresholds[c];
    }
    model_writer_init(&writer, "linear", options->name);
    describe(&writer, fit);
    model_writer_add(&writer, "numbers", numbers,
                     (1 + 3 * (size_t)options->class_count) * sizeof(float));
    model_writer_add(&writer, "weights", bytes, size);
    const struct model_section *more = &fit->train->attached;
    if (more->name.data) model_writer_add(&writer, more->name.data, more->data, more->size);
    int rc = model_writer_bytes(&writer, out, err);
    model_writer_deinit(&writer);
    free(bytes);
    return rc;
}
