/* K-means: finds blobs that are known, repeats itself, survives odd input,
 * and its models reload. */
#include "model/kmeans.h"

#include <math.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "model/segments.h"
#include "test.h"

enum { DIMENSIONS = 8, BLOBS = 4, ROWS = 1000 };

/* Blob b sits at 10 x axis b; sizes fall: 400, 300, 200, 100. */
static void make_blobs(float *rows)
{
    static const int ends[BLOBS] = {400, 700, 900, 1000};
    struct random random;
    random_seed(&random, 42);
    for (int i = 0, blob = 0; i < ROWS; i++) {
        if (i == ends[blob]) blob++;
        for (int j = 0; j < DIMENSIONS; j++)
            rows[i * DIMENSIONS + j] = (float)random_unit(&random) - 0.5f +
                                       (j == blob ? 10.0f : 0.0f);
    }
}

static void finds_blobs_largest_first(void **state)
{
    static float rows[ROWS * DIMENSIONS];
    static const uint64_t sizes[BLOBS] = {400, 300, 200, 100};
    struct kmeans_options options = {.clusters = BLOBS};
    (void)state;
    make_blobs(rows);
    for (uint64_t seed = 0; seed < 5; seed++) {
        struct centroids centroids;
        struct kmeans_metrics metrics;
        struct err err;
        options.seed = seed;
        assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &centroids, &metrics, &err),
                         E_OK);
        for (uint32_t blob = 0; blob < BLOBS; blob++) {
            assert_int_equal(metrics.sizes[blob], sizes[blob]);
            assert_float_equal(centroids_row(&centroids, blob)[blob], 10, 0.1);
        }
        assert_true(metrics.silhouette > 0.8);
        assert_true(metrics.mean_distance < 1.5);
        /* 8 x variance 1/12 */
        assert_true(metrics.inertia / ROWS > 0.57 && metrics.inertia / ROWS < 0.77);
        centroids_deinit(&centroids);
        kmeans_metrics_deinit(&metrics);
    }
}

static void the_same_seed_gives_the_same_centroids(void **state)
{
    static float rows[ROWS * DIMENSIONS];
    struct kmeans_options options = {.clusters = 7, .seed = 3, .seeding_rows = 100};
    struct centroids first, second;
    struct kmeans_metrics metrics;
    struct err err;
    (void)state;
    make_blobs(rows);
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &first, &metrics, &err), E_OK);
    kmeans_metrics_deinit(&metrics);
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &second, &metrics, &err), E_OK);
    kmeans_metrics_deinit(&metrics);
    assert_memory_equal(first.vectors, second.vectors, 7 * first.stride * sizeof(float));
    centroids_deinit(&first);
    centroids_deinit(&second);
}

static void odd_input(void **state)
{
    static float same[20 * 2], bad[4] = {0, 0, NAN, 0};
    static const struct {
        const char *why;
        const float *rows;
        size_t count;
        uint32_t clusters;
        int rc;
    } cases[] = {
        {"one cluster", same, 20, 1, E_OK},
        {"fewer distinct rows than clusters", same, 20, 5, E_OK},
        {"as many clusters as rows", same, 20, 20, E_OK},
        {"more clusters than rows", same, 20, 21, E_BAD_CONFIG},
        {"no clusters", same, 20, 0, E_BAD_CONFIG},
        {"no rows", same, 0, 1, E_BAD_CONFIG},
        {"a value that isn't finite", bad, 2, 1, E_BAD_MESSAGE},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct kmeans_options options = {.clusters = cases[i].clusters, .seed = 1, .batches = 2};
        struct centroids centroids = {0};
        struct kmeans_metrics metrics = {0};
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(
            kmeans_train(cases[i].rows, cases[i].count, 2, &options, &centroids, &metrics, &err),
            cases[i].rc);
        if (cases[i].rc == E_OK) assert_float_equal(metrics.inertia, 0, 1e-6);
        else assert_null(centroids.vectors);
        centroids_deinit(&centroids);
        kmeans_metrics_deinit(&metrics);
    }
}

struct watcher {
    uint32_t calls, stop_at;
    char stages[128];
};

static bool watch(void *context, const struct kmeans_progress *progress)
{
    struct watcher *watcher = context;
    assert_true(progress->done <= progress->total);
    if (!strstr(watcher->stages, progress->stage))
        strcat(strcat(watcher->stages, progress->stage), " ");
    return ++watcher->calls != watcher->stop_at;
}

static void progress_is_told_and_can_stop_it(void **state)
{
    static float rows[ROWS * DIMENSIONS];
    struct watcher watcher = {0};
    struct kmeans_options options = {
        .clusters = 4, .seed = 1, .on_progress = watch, .context = &watcher};
    struct centroids centroids = {0};
    struct kmeans_metrics metrics;
    struct err err;
    (void)state;
    make_blobs(rows);
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &centroids, &metrics, &err),
                     E_OK);
    assert_string_equal(watcher.stages, "seed batch lloyd measure ");
    centroids_deinit(&centroids);
    kmeans_metrics_deinit(&metrics);
    for (uint32_t stop_at = 1, calls = watcher.calls; stop_at <= calls; stop_at++) {
        watcher = (struct watcher){.stop_at = stop_at};
        centroids = (struct centroids){0};
        assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &centroids, &metrics, &err),
                         E_CANCELLED);
        assert_null(centroids.vectors);
    }
}

static void models_reload(void **state)
{
    static float rows[ROWS * DIMENSIONS];
    char path[] = "/tmp/verbatim-segments-XXXXXX";
    struct kmeans_options options = {.clusters = 4, .seed = 9};
    struct centroids centroids;
    struct kmeans_metrics metrics;
    struct segment_model model;
    struct err err;
    (void)state;
    close(mkstemp(path));
    make_blobs(rows);
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &centroids, &metrics, &err),
                     E_OK);
    assert_int_equal(segment_model_save(&centroids, "segments-000001", "hash-256-1", 9, ROWS,
                                        &metrics, path, &err),
                     E_OK);
    assert_int_equal(segment_model_open(path, "hash-256-1", &model, &err), E_OK);
    assert_string_equal(model.name, "segments-000001");
    assert_string_equal(model.extractor, "hash-256-1");
    assert_int_equal(model.centroids.count, 4);
    assert_memory_equal(model.centroids.vectors, centroids.vectors,
                        4 * centroids.stride * sizeof(float));
    segment_model_close(&model);
    assert_int_equal(segment_model_open(path, "hash-512-1", &model, &err), E_BAD_MODEL);
    assert_non_null(strstr(err.text, "hash-512-1"));
    unlink(path);
    assert_int_equal(segment_model_open(path, NULL, &model, &err), E_NO_INPUT);
    centroids_deinit(&centroids);
    kmeans_metrics_deinit(&metrics);
}

static void segments_go_on_from_an_older_model(void **state)
{
    static float rows[ROWS * DIMENSIONS];
    static const uint64_t sizes[BLOBS] = {400, 300, 200, 100};
    static const uint32_t blobs[BLOBS] = {2, 0, 3, 1}; /* under which number each was */
    float old[BLOBS * DIMENSIONS] = {0};
    struct kmeans_options options = {.clusters = BLOBS, .seed = 2};
    struct centroids centroids, like;
    struct kmeans_metrics metrics;
    struct err err;
    (void)state;
    make_blobs(rows);
    for (uint32_t i = 0; i < BLOBS; i++) old[i * DIMENSIONS + blobs[i]] = 7;
    assert_int_equal(centroids_init(&like, BLOBS, DIMENSIONS, old, &err), E_OK);
    options.like = &like;
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &centroids, &metrics, &err),
                     E_OK);
    for (uint32_t i = 0; i < BLOBS; i++) {
        assert_float_equal(centroids_row(&centroids, i)[blobs[i]], 10, 0.1);
        assert_int_equal(metrics.sizes[i], sizes[blobs[i]]);
    }
    centroids_deinit(&centroids);
    kmeans_metrics_deinit(&metrics);
    options.clusters = BLOBS - 1;
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS, &options, &centroids, &metrics, &err),
                     E_BAD_MODEL);
    options.clusters = BLOBS;
    assert_int_equal(kmeans_train(rows, ROWS, DIMENSIONS - 1, &options, &centroids, &metrics, &err),
                     E_BAD_MODEL);
    centroids_deinit(&like);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_blobs_largest_first),
        cmocka_unit_test(the_same_seed_gives_the_same_centroids),
        cmocka_unit_test(odd_input),
        cmocka_unit_test(progress_is_told_and_can_stop_it),
        cmocka_unit_test(models_reload),
        cmocka_unit_test(segments_go_on_from_an_older_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
