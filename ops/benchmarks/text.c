/* The kernels of text and models one by one, on the texts of records of 500 bytes: nanoseconds a
 * record of one thread's CPU time, the fastest of several rounds. */
#include <stdlib.h>

#include "base/clock.h"
#include "config/shipped.h"
#include "model/centroid.h"
#include "model/features.h"
#include "model/insight.h"
#include "model/kmeans.h"
#include "ops/benchmarks/bench.h"
#include "schema/json.h"
#include "text/clean.h"
#include "text/language.h"
#include "text/redact.h"
#include "text/screen.h"
#include "text/similar.h"

enum {
    RECORDS = 5000, ROUNDS = 15, RECORD_BYTES = 500, CENTROIDS = 64 /* as many as the aim is for */
};

/* What the kernel before left for the next, per record. */
struct sample {
    struct str text;
    struct language_guess guess;
    struct tokens tokens;
    uint64_t similar;
    float vector[FEATURES_DIMENSIONS];
    uint32_t nearest;
};

struct rig {
    struct arena kept, scratch; /* what lives as long as the rig; what lives as long as a record */
    struct screen *screen;
    struct insight_engine *engine;
    struct centroids centroids;
    struct sample *samples;
    size_t count, bytes;
};

static int run_clean(struct rig *rig, struct sample *sample, struct err *err)
{
    struct str clean;
    return text_clean(sample->text, &rig->scratch, &clean, err);
}

static int run_language(struct rig *rig, struct sample *sample, struct err *err)
{
    (void)rig, (void)err;
    language_detect(sample->text, &sample->guess);
    return E_OK;
}

static int run_redact(struct rig *rig, struct sample *sample, struct err *err)
{
    struct redacted redacted;
    return text_redact(sample->text, sample->guess.code, &rig->scratch, &redacted, err);
}

static int run_tokens(struct rig *rig, struct sample *sample, struct err *err)
{
    struct tokens tokens;
    return text_tokenize(sample->text, &rig->scratch, &tokens, err);
}

static int run_similar(struct rig *rig, struct sample *sample, struct err *err)
{
    (void)rig, (void)err;
    struct similar similar;
    text_similar(&sample->tokens, &similar);
    sample->similar = similar.exact ^ similar.similar ^ similar.bands[0];
    return E_OK;
}

static int run_screen(struct rig *rig, struct sample *sample, struct err *err)
{
    struct screen_result result;
    return screen_text(rig->screen, sample->text, &sample->tokens, sample->guess.code,
                       sample->guess.confidence, true, &rig->scratch, &result, err);
}

static int run_features(struct rig *rig, struct sample *sample, struct err *err)
{
    (void)rig, (void)err;
    features_extract(&sample->tokens, STR("review"), true, 4, sample->vector);
    return E_OK;
}

static int run_nearest(struct rig *rig, struct sample *sample, struct err *err)
{
    float distance;
    (void)err;
    centroids_nearest(&rig->centroids, sample->vector, &sample->nearest, &distance);
    return E_OK;
}

static int run_insight(struct rig *rig, struct sample *sample, struct err *err)
{
    struct insight_result result;
    return insight_analyze(rig->engine, sample->text, &sample->tokens, sample->guess.code, true, 4,
                           NULL, &rig->scratch, &result, err);
}

static const struct {
    const char *name;
    int (*run)(struct rig *rig, struct sample *sample, struct err *err);
} kernels[] = {
    {"clean_ns", run_clean},   {"language_ns", run_language}, {"redact_ns", run_redact},
    {"tokens_ns", run_tokens}, {"similar_ns", run_similar},   {"screen_ns", run_screen},
    {"features_ns", run_features}, {"nearest_64_ns", run_nearest}, {"insight_ns", run_insight},
};

static int add_sample(struct rig *rig, struct str line, struct err *err)
{
    struct feedback feedback;
    struct json_problems problems;
    struct sample *sample = &rig->samples[rig->count];
    int rc = json_read_shape(&feedback_shape, line, JSON_UNKNOWN_KEEP, &rig->kept, &feedback,
                             &problems, err);
    if (!rc) rc = text_clean(feedback.text, &rig->kept, &sample->text, err);
    if (!rc) rc = text_tokenize(sample->text, &rig->kept, &sample->tokens, err);
    if (!rc) rig->bytes += sample->text.size, rig->count++;
    return rc;
}

/* Of the records' own vectors, as segments are. */
static int make_centroids(struct rig *rig, struct err *err)
{
    struct kmeans_options options = {.clusters = CENTROIDS, .seed = 1};
    struct kmeans_metrics metrics = {0};
    float *rows = malloc(rig->count * FEATURES_DIMENSIONS * sizeof *rows);
    if (!rows) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < rig->count; i++)
        features_extract(&rig->samples[i].tokens, STR("review"), true, 4,
                         rows + i * FEATURES_DIMENSIONS);
    int rc = kmeans_train(rows, rig->count, FEATURES_DIMENSIONS, &options, &rig->centroids,
                          &metrics, err);
    if (!rc) rc = centroids_settle(&rig->centroids, err);
    kmeans_metrics_deinit(&metrics);
    free(rows);
    return rc;
}

static int prepare(struct rig *rig, size_t records, struct buffer *lines, struct err *err)
{
    char path[SHIPPED_PATH_BYTES];
    int rc = shipped_path("", "cues", path, err);
    if (!rc) rc = screen_open(path, &rig->screen, err);
    if (!rc) rc = bench_lines(records, RECORD_BYTES, lines, err);
    rig->samples = calloc(records, sizeof *rig->samples);
    if (!rc && !rig->samples) rc = err_set(err, E_NO_MEMORY, NULL);
    struct str rest = buffer_str(lines);
    while (!rc && rest.size) rc = add_sample(rig, str_cut(&rest, '\n'), err);
    if (!rc) rc = make_centroids(rig, err);
    if (!rc) rc = shipped_path("", "", path, err);
    return rc ? rc : insight_engine_create(path, &rig->engine, err);
}

static int measure(struct rig *rig, size_t kernel, size_t rounds, struct err *err)
{
    double best = 1e9;
    for (size_t round = 0; round < rounds; round++) {
        double start = clock_cpu_seconds();
        for (size_t i = 0; i < rig->count; i++) {
            int rc = kernels[kernel].run(rig, &rig->samples[i], err);
            if (rc) return rc;
            arena_reset(&rig->scratch);
        }
        double seconds = clock_cpu_seconds() - start;
        best = seconds < best ? seconds : best;
    }
    bench_figure(kernels[kernel].name, best / (double)rig->count * 1e9, "ns per record");
    return E_OK;
}

int bench_text(const struct bench_options *options, struct err *err)
{
    struct rig rig = {0};
    struct buffer lines = {0};
    int rc = prepare(&rig, options->records ? options->records : RECORDS, &lines, err);
    if (!rc) bench_figure("text_bytes", (double)rig.bytes / (double)rig.count, "bytes per record");
    for (size_t i = 0; !rc && i < sizeof kernels / sizeof kernels[0]; i++)
        rc = measure(&rig, i, options->rounds ? options->rounds : ROUNDS, err);
    screen_close(rig.screen);
    insight_engine_destroy(rig.engine);
    centroids_deinit(&rig.centroids);
    free(rig.samples);
    buffer_deinit(&lines);
    arena_deinit(&rig.kept);
    arena_deinit(&rig.scratch);
    return rc;
}
