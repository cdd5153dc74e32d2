/* What segment's tests share: small models in a folder, and records that lie where they say. */
#ifndef VERBATIM_TEST_SEGMENT_BENCH_H
#define VERBATIM_TEST_SEGMENT_BENCH_H

#include <unistd.h>

#include "model/features.h"
#include "model/segments.h"
#include "worker_bench.h"
#include "workers/segment/segment.h"

static char folder[64], path[96], canary_path[96], setting[128];

static inline int setup(void **state)
{
    (void)state;
    snprintf(folder, sizeof folder, "/tmp/verbatim-segment-XXXXXX");
    if (!mkdtemp(folder)) return -1;
    snprintf(path, sizeof path, "%s/segments.model", folder);
    snprintf(canary_path, sizeof canary_path, "%s/canary.model", folder);
    snprintf(setting, sizeof setting, "segment.model=%s", path);
    return 0;
}

static inline int teardown(void **state)
{
    (void)state;
    unlink(path);
    unlink(canary_path);
    return rmdir(folder);
}

/* Two centroids: one along `axis`, one against it. */
static inline void write_model_at(const char *at, const char *name, const char *extractor,
                                  uint32_t dimensions, uint32_t axis)
{
    float *rows = calloc((size_t)2 * dimensions, sizeof *rows);
    struct centroids centroids;
    struct err err;
    assert_non_null(rows);
    rows[axis] = 1;
    rows[dimensions + axis] = -1;
    must(centroids_init(&centroids, 2, dimensions, rows, &err), &err);
    must(segment_model_save(&centroids, name, extractor, 1, 2, NULL, at, &err), &err);
    centroids_deinit(&centroids);
    free(rows);
}

static inline void write_bytes_at(const char *at, const char *bytes)
{
    FILE *file = fopen(at, "wb");
    assert_non_null(file);
    fputs(bytes, file);
    fclose(file);
}

/* A record whose vector is `value` along `axis`. */
static inline struct str vector_message(struct bench *bench, const char *extractor,
                                        uint32_t dimensions, uint32_t axis, float value)
{
    struct record record = bench_document(bench, "text", "en", NULL, 0);
    struct features features = {0};
    struct err err;
    float *values = ARENA_ARRAY(&bench->arena, float, dimensions);
    assert_non_null(values);
    values[axis] = value;
    shape_set(features, &features, vector, (struct vector){values, dimensions});
    shape_set(features, &features, extractor, str_of(extractor));
    must(record_put(&record, SECTION_FEATURES, &features, &bench->arena, &err), &err);
    return bench_write(bench, &record);
}

static inline struct segment segment_of(struct bench *bench, uint32_t axis, float value)
{
    struct record out;
    struct segment segment;
    struct err err;
    enum topic topic;
    struct str message = vector_message(bench, FEATURES_VERSION, FEATURES_DIMENSIONS, axis, value);
    assert_int_equal(bench_pass(bench, TOPIC_FEATURES, message, &topic, &out), E_OK);
    assert_int_equal(topic, TOPIC_SEGMENTS);
    /* the archive has it; nobody after needs it */
    assert_false(record_has(&out, SECTION_FEATURES));
    assert_true(record_has(&out, SECTION_DOCUMENT));
    must(record_decode(&out, SECTION_SEGMENT, &segment, &bench->arena, &err), &err);
    return segment;
}

#define SEGMENT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
