/* Nearest centroid: known answers, every kernel like the scalar one, and hostile numbers. */
#include "model/centroid.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "base/random.h"
#include "test.h"

static void known_answers(void **state)
{
    static const float rows[] = {0, 0, 10, 0, 0, 10, 10, 10};
    static const struct { const char *why; float x, y; uint32_t index; float distance; } cases[] = {
        {"on a centroid", 10, 0, 1, 0},
        {"near one", 1, 9, 2, 1.41421356f},
        {"far out", 110, 10, 3, 100},
        {"a tie goes to the lowest index", 5, 5, 0, 7.07106781f},
        {"NaN counts as 0", NAN, 9, 2, 1},
        {"infinity counts as 0", INFINITY, -INFINITY, 0, 0},
        {"a value beyond 1e15 counts as 0", FLT_MAX, 0, 0, 0},
    };
    struct centroids centroids;
    struct err err;
    (void)state;
    assert_int_equal(centroids_init(&centroids, 4, 2, rows, &err), E_OK);
    assert_int_equal(centroids.stride % 16, 0);
    assert_int_equal((uintptr_t)centroids.vectors % 64, 0);
    for (int kernel = 0; kernel < CENTROID_KERNELS; kernel++) {
        if (!centroid_kernel_available((enum centroid_kernel)kernel)) continue;
        for (size_t i = 0; i < COUNT_OF(cases); i++) {
            float vector[2] = {cases[i].x, cases[i].y}, distance = -1;
            uint32_t index = 99;
            CASE(cases[i].why);
            centroids_nearest_with((enum centroid_kernel)kernel, &centroids, vector, &index,
                                   &distance);
            assert_int_equal(index, cases[i].index);
            assert_float_equal(distance, cases[i].distance, 1e-4);
        }
    }
    centroids_deinit(&centroids);
}

static float *random_rows(struct random *random, size_t count)
{
    float *rows = malloc(count * sizeof *rows);
    assert_non_null(rows);
    for (size_t i = 0; i < count; i++) rows[i] = (float)(random_unit(random) * 2 - 1);
    return rows;
}

static void compare_kernels(uint32_t count, uint32_t dimensions, uint64_t seed)
{
    struct random random;
    struct centroids centroids;
    struct err err;
    random_seed(&random, seed);
    float *rows = random_rows(&random, (size_t)count * dimensions);
    float *vectors = random_rows(&random, (size_t)100 * dimensions + 1);
    assert_int_equal(centroids_init(&centroids, count, dimensions, rows, &err), E_OK);
    assert_null(centroids.sketch); /* rows may still change */
    assert_int_equal(centroids_settle(&centroids, &err), E_OK);
    for (int i = 0; i < 100; i++) {
        const float *vector = vectors + 1 + (size_t)i * dimensions; /* off any alignment */
        uint32_t expected, index;
        float expected_distance, distance;
        centroids_nearest_with(CENTROID_SCALAR, &centroids, vector, &expected, &expected_distance);
        for (int kernel = 1; kernel < CENTROID_KERNELS; kernel++) {
            if (!centroid_kernel_available((enum centroid_kernel)kernel)) continue;
            centroids_nearest_with((enum centroid_kernel)kernel, &centroids, vector, &index,
                                   &distance);
            assert_float_equal(distance, expected_distance, 1e-4); /* two may be equally near */
        }
        centroids_nearest(&centroids, vector, &index, &distance);
        assert_float_equal(distance, expected_distance, 1e-4);
    }
    centroids_deinit(&centroids);
    free(rows);
    free(vectors);
}

static void kernels_agree(void **state)
{
    static const struct { const char *why; uint32_t count, dimensions; } cases[] = {
        {"one centroid", 1, 256},           {"one dimension", 5, 1},
        {"a rest after the steps", 7, 33},  {"what ships", 64, 256},
        {"the largest dimension", 3, 4096}, {"many", 500, 16},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        compare_kernels(cases[i].count, cases[i].dimensions, i + 1);
    }
}

/* Rows that lie close together, far apart, are tiny or zero: what eight bits can't tell apart must
 * be told by all of them. */
static void a_sketch_passes_nothing_over(void **state)
{
    static const struct {
        const char *why;
        uint32_t count, dimensions;
        float spread, scale;
    } cases[] = {
        {"apart", 64, 256, 1, 1},           {"nearly the same", 100, 256, 1e-3f, 1},
        {"the same", 40, 64, 0, 1},         {"tiny", 64, 256, 1, 1e-18f},
        {"large", 64, 256, 1, 1e14f},       {"a chunk and a rest", 300, 48, 1, 1},
        {"of one large value", 64, 256, 0.001f, 1},
    };
    (void)state;
    if (!centroid_kernel_available(CENTROID_VNNI)) return; /* nothing has one here */
    for (size_t k = 0; k < COUNT_OF(cases); k++) {
        uint32_t count = cases[k].count, dimensions = cases[k].dimensions;
        struct random random;
        struct centroids centroids;
        struct err err;
        CASE(cases[k].why);
        random_seed(&random, k + 1);
        float *rows = random_rows(&random, (size_t)count * dimensions);
        for (uint32_t i = count; i-- > 0;)
            for (uint32_t j = 0; j < dimensions; j++) {
                float own = rows[i * dimensions + j] * cases[k].spread;
                rows[i * dimensions + j] = (own + (1 - cases[k].spread) * rows[j]) * cases[k].scale;
            }
        assert_int_equal(centroids_init(&centroids, count, dimensions, rows, &err), E_OK);
        assert_int_equal(centroids_settle(&centroids, &err), E_OK);
        assert_non_null(centroids.sketch);
        for (uint32_t i = 0; i < 2 * count; i++) {
            uint32_t expected, index;
            float distance, *vector = rows + (size_t)(i % count) * dimensions;
            if (i >= count) vector[i % dimensions] += 0.3f * cases[k].scale;
            centroids_nearest_with(CENTROID_AVX512, &centroids, vector, &expected, &distance);
            centroids_nearest_with(CENTROID_VNNI, &centroids, vector, &index, &distance);
            assert_int_equal(index, expected);
        }
        centroids_deinit(&centroids);
        free(rows);
    }
}

static void refuses_what_is_unusable(void **state)
{
    static const struct { const char *why; uint32_t count, dimensions; float value; } cases[] = {
        {"none", 0, 2, 1},          {"no dimensions", 1, 0, 1}, {"too many dimensions", 1, 4097, 1},
        {"too many", 65537, 1, 1},  {"NaN", 1, 2, NAN},         {"infinity", 1, 2, INFINITY},
        {"too large", 1, 2, 1e16f},
    };
    static float rows[65537];
    struct centroids centroids = {.count = 77};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        CASE(cases[i].why);
        rows[0] = cases[i].value;
        assert_int_equal(
            centroids_init(&centroids, cases[i].count, cases[i].dimensions, rows, &err),
            E_BAD_MODEL);
        assert_int_equal(centroids.count, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(kernels_agree),
        cmocka_unit_test(a_sketch_passes_nothing_over),
        cmocka_unit_test(refuses_what_is_unusable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
