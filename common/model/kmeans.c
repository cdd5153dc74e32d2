/* Seed, mini-batches, Lloyd rounds, measure; every random choice comes from one
 * seeded generator. */
#include "model/kmeans.h"

#include <math.h>
#include <stdlib.h>

#include "base/random.h"

enum {
    BATCH_ROWS = 1024,
    BATCHES = 100,
    LLOYD_ROUNDS = 10,
    SEEDING_ROWS = 20000,
    SILHOUETTE_ROWS = 10000,
    PROGRESS_EVERY = 1 << 16,
};

struct training {
    const float *rows;
    size_t count;
    uint32_t dimensions;
    struct kmeans_options options;
    struct random random;
    struct centroids centroids;
    uint32_t *nearest; /* of each row */
    float *distances;  /* of each row, to it */
    double *sums;      /* clusters x dimensions */
    uint64_t *sizes;
    struct kmeans_metrics metrics;
};

static const float *row_of(const struct training *training, size_t index)
{
    return training->rows + index * training->dimensions;
}

static int report(struct training *training, const char *stage, uint32_t done, uint32_t total,
                  struct err *err)
{
    struct kmeans_progress progress = {stage, done, total, training->metrics.inertia};
    if (!training->options.on_progress) return E_OK;
    if (training->options.on_progress(training->options.context, &progress)) return E_OK;
    return err_set(err, E_CANCELLED, "training was cancelled");
}

static double squared_distance(const float *a, const float *b, uint32_t dimensions)
{
    double sum = 0;
    for (uint32_t i = 0; i < dimensions; i++) {
        double difference = (double)a[i] - (double)b[i];
        sum += difference * difference;
    }
    return sum;
}

/* The index that a uniform point of the summed weights falls on; uniform when all weights are 0. */
static size_t draw_weighted(struct random *random, const double *weights, size_t count)
{
    double total = 0;
    for (size_t i = 0; i < count; i++) total += weights[i];
    if (!(total > 0)) return (size_t)random_below(random, count);
    double point = random_unit(random) * total;
    size_t last = 0;
    for (size_t i = 0; i < count; i++) {
        if (weights[i] <= 0) continue;
        last = i;
        point -= weights[i];
        if (point < 0) return i;
    }
    return last; /* rounding left a rest */
}

/* The first `sample` places of a Fisher-Yates shuffle. */
static void draw_sample(struct random *random, size_t *places, size_t count, size_t sample)
{
    for (size_t i = 0; i < count; i++) places[i] = i;
    for (size_t i = 0; i < sample; i++) {
        size_t other = i + (size_t)random_below(random, count - i);
        size_t kept = places[i];
        places[i] = places[other];
        places[other] = kept;
    }
}

static int seed_from(struct training *training, const size_t *places, size_t sample,
                     double *weights, float *chosen, struct err *err)
{
    uint32_t clusters = training->options.clusters, dimensions = training->dimensions;
    for (size_t i = 0; i < sample; i++) weights[i] = INFINITY;
    size_t pick = (size_t)random_below(&training->random, sample);
    for (uint32_t cluster = 0; cluster < clusters; cluster++) {
        if (cluster) pick = draw_weighted(&training->random, weights, sample);
        const float *row = row_of(training, places[pick]);
        memcpy(chosen + (size_t)cluster * dimensions, row, dimensions * sizeof(float));
        for (size_t i = 0; i < sample; i++) {
            double squared = squared_distance(row, row_of(training, places[i]), dimensions);
            if (squared < weights[i]) weights[i] = squared;
        }
        int rc = report(training, "seed", cluster + 1, clusters, err);
        if (rc) return rc;
    }
    return centroids_init(&training->centroids, clusters, dimensions, chosen, err);
}

static int seed(struct training *training, struct err *err)
{
    size_t sample = training->options.seeding_rows;
    if (sample < training->options.clusters) sample = training->options.clusters;
    if (sample > training->count) sample = training->count;
    size_t *places = malloc(training->count * sizeof *places);
    double *weights = malloc(sample * sizeof *weights);
    float *chosen =
        malloc((size_t)training->options.clusters * training->dimensions * sizeof *chosen);
    int rc;
    if (!places || !weights || !chosen) {
        rc = err_set(err, E_NO_MEMORY, NULL);
        goto out;
    }
    draw_sample(&training->random, places, training->count, sample);
    rc = seed_from(training, places, sample, weights, chosen, err);
out:
    free(places);
    free(weights);
    free(chosen);
    return rc;
}

/* Where an older training ended. No mini-batches from there: their first step is a whole one. */
static int begin_like(struct training *training, struct err *err)
{
    const struct centroids *like = training->options.like;
    uint32_t count = like->count, dimensions = like->dimensions;
    if (count != training->options.clusters || dimensions != training->dimensions)
        return err_set(err, E_BAD_MODEL, "%u segments of %u dimensions to begin from, not %u of %u",
                       count, dimensions, training->options.clusters, training->dimensions);
    float *rows = malloc((size_t)count * dimensions * sizeof *rows);
    if (!rows) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < count; i++)
        memcpy(rows + (size_t)i * dimensions, centroids_row(like, i), dimensions * sizeof *rows);
    int rc = centroids_init(&training->centroids, count, dimensions, rows, err);
    free(rows);
    return rc;
}

/* Moves the centroid towards the row by 1 / rows seen so far (Sculley's per-centre rate). */
static void pull(float *centroid, const float *row, uint32_t dimensions, uint64_t seen)
{
    float rate = 1.0f / (float)seen;
    for (uint32_t i = 0; i < dimensions; i++) centroid[i] += rate * (row[i] - centroid[i]);
}

static int mini_batches(struct training *training, struct err *err)
{
    uint32_t batches = training->options.batches, rows = training->options.batch_rows;
    memset(training->sizes, 0, training->options.clusters * sizeof *training->sizes);
    for (uint32_t batch = 0; batch < batches; batch++) {
        for (uint32_t i = 0; i < rows; i++) {
            const float *row = row_of(training,
                                      (size_t)random_below(&training->random, training->count));
            uint32_t cluster;
            float distance;
            centroids_nearest(&training->centroids, row, &cluster, &distance);
            pull(centroids_row(&training->centroids, cluster), row, training->dimensions,
                 ++training->sizes[cluster]);
        }
        centroids_refresh(&training->centroids);
        int rc = report(training, "batch", batch + 1, batches, err);
        if (rc) return rc;
    }
    return E_OK;
}

/* Gives each row its cluster; *ret_moved counts those that changed. */
static int assign(struct training *training, uint64_t *ret_moved, struct err *err)
{
    uint64_t moved = 0;
    double inertia = 0;
    memset(training->sizes, 0, training->options.clusters * sizeof *training->sizes);
    for (size_t i = 0; i < training->count; i++) {
        uint32_t cluster;
        float distance;
        centroids_nearest(&training->centroids, row_of(training, i), &cluster, &distance);
        moved += training->nearest[i] != cluster;
        training->nearest[i] = cluster;
        training->distances[i] = distance;
        training->sizes[cluster]++;
        inertia += (double)distance * (double)distance;
        if (i % PROGRESS_EVERY == PROGRESS_EVERY - 1) {
            int rc = report(training, "lloyd", training->metrics.lloyd_rounds_done,
                            training->options.lloyd_rounds, err);
            if (rc) return rc;
        }
    }
    training->metrics.inertia = inertia;
    *ret_moved = moved;
    return E_OK;
}

/* An empty cluster takes over the row that is farthest from its own centroid. */
static void fill_empty_clusters(struct training *training)
{
    for (uint32_t cluster = 0; cluster < training->options.clusters; cluster++) {
        if (training->sizes[cluster]) continue;
        size_t farthest = 0;
        for (size_t i = 1; i < training->count; i++)
            if (training->distances[i] > training->distances[farthest]) farthest = i;
        if (!(training->distances[farthest] > 0)) return; /* fewer distinct rows than clusters */
        training->sizes[training->nearest[farthest]]--;
        training->sizes[cluster] = 1;
        training->nearest[farthest] = cluster;
        training->distances[farthest] = 0;
        training->metrics.empty_clusters_moved++;
    }
}

static void move_to_means(struct training *training)
{
    uint32_t clusters = training->options.clusters, dimensions = training->dimensions;
    memset(training->sums, 0, (size_t)clusters * dimensions * sizeof *training->sums);
    for (size_t i = 0; i < training->count; i++) {
        double *sum = training->sums + (size_t)training->nearest[i] * dimensions;
        const float *row = row_of(training, i);
        for (uint32_t j = 0; j < dimensions; j++) sum[j] += (double)row[j];
    }
    for (uint32_t cluster = 0; cluster < clusters; cluster++) {
        if (training->sizes[cluster] == 0) continue;
        float *centroid = centroids_row(&training->centroids, cluster);
        const double *sum = training->sums + (size_t)cluster * dimensions;
        for (uint32_t j = 0; j < dimensions; j++)
            centroid[j] = (float)(sum[j] / (double)training->sizes[cluster]);
    }
    centroids_refresh(&training->centroids);
}

static int lloyd(struct training *training, struct err *err)
{
    uint64_t moved = 1;
    for (uint32_t round = 0; round < training->options.lloyd_rounds && moved; round++) {
        int rc = assign(training, &moved, err);
        if (rc) return rc;
        fill_empty_clusters(training);
        move_to_means(training);
        training->metrics.lloyd_rounds_done = round + 1;
        rc = report(training, "lloyd", round + 1, training->options.lloyd_rounds, err);
        if (rc) return rc;
    }
    return E_OK;
}

static int compare_sizes(const void *left, const void *right)
{
    const uint64_t *a = left, *b = right; /* {size, cluster} */
    if (a[0] != b[0]) return a[0] < b[0] ? 1 : -1;
    return a[1] < b[1] ? -1 : 1;
}

/* Largest cluster first, so that segment numbers mean something to people. Needs current sizes. */
static int order_by_size(struct training *training, struct err *err)
{
    uint32_t clusters = training->options.clusters, dimensions = training->dimensions;
    uint64_t (*order)[2] = malloc(clusters * sizeof *order);
    float *rows = malloc((size_t)clusters * dimensions * sizeof *rows);
    int rc = order && rows ? E_OK : err_set(err, E_NO_MEMORY, NULL);
    if (!rc) {
        for (uint32_t i = 0; i < clusters; i++) order[i][0] = training->sizes[i], order[i][1] = i;
        qsort(order, clusters, sizeof *order, compare_sizes);
        for (uint32_t i = 0; i < clusters; i++)
            memcpy(rows + (size_t)i * dimensions,
                   centroids_row(&training->centroids, (uint32_t)order[i][1]),
                   dimensions * sizeof *rows);
        centroids_deinit(&training->centroids);
        rc = centroids_init(&training->centroids, clusters, dimensions, rows, err);
    }
    free(order);
    free(rows);
    return rc;
}

/* Simplified silhouette of one row: own distance a against the second nearest centroid's b. */
static double silhouette_of(const struct training *training, size_t index)
{
    double own = (double)training->distances[index], other = INFINITY;
    for (uint32_t cluster = 0; cluster < training->options.clusters; cluster++) {
        if (cluster == training->nearest[index]) continue;
        double squared = squared_distance(row_of(training, index),
                                          centroids_row(&training->centroids, cluster),
                                          training->dimensions);
        if (squared < other) other = squared;
    }
    other = sqrt(other);
    double larger = own > other ? own : other;
    return larger > 0 ? (other - own) / larger : 0;
}

static int measure(struct training *training, struct err *err)
{
    uint64_t moved;
    int rc = assign(training, &moved, err);
    if (!rc && !training->options.like) rc = order_by_size(training, err);
    if (!rc) rc = assign(training, &moved, err);
    if (rc) return rc;
    double distances = 0, silhouettes = 0;
    for (size_t i = 0; i < training->count; i++) distances += (double)training->distances[i];
    training->metrics.mean_distance = distances / (double)training->count;
    size_t step = training->count / SILHOUETTE_ROWS + 1, judged = 0;
    for (size_t i = 0; i < training->count && training->options.clusters > 1; i += step, judged++)
        silhouettes += silhouette_of(training, i);
    training->metrics.silhouette = judged ? silhouettes / (double)judged : 0;
    return report(training, "measure", 1, 1, err);
}

static int check(const struct training *training, struct err *err)
{
    uint32_t clusters = training->options.clusters;
    if (clusters == 0 || clusters > CENTROIDS_MAX || training->count < clusters)
        return err_set(err, E_BAD_CONFIG, "%u clusters need as many rows; there are %zu",
                       clusters, training->count);
    if (training->dimensions == 0 || training->dimensions > CENTROID_DIMENSIONS_MAX)
        return err_set(err, E_BAD_CONFIG, "rows of %u dimensions", training->dimensions);
    for (size_t i = 0; i < training->count * training->dimensions; i++)
        if (!isfinite(training->rows[i]))
            return err_set(err, E_BAD_MESSAGE, "row %zu holds a value that isn't finite",
                           i / training->dimensions);
    return E_OK;
}

static int allocate(struct training *training, struct err *err)
{
    uint32_t clusters = training->options.clusters;
    training->nearest = calloc(training->count, sizeof *training->nearest);
    training->distances = calloc(training->count, sizeof *training->distances);
    training->sums = calloc((size_t)clusters * training->dimensions, sizeof *training->sums);
    training->sizes = calloc(clusters, sizeof *training->sizes);
    bool fine = training->nearest && training->distances && training->sums && training->sizes;
    return fine ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

static struct kmeans_options with_defaults(struct kmeans_options options)
{
    if (options.batch_rows == 0) options.batch_rows = BATCH_ROWS;
    if (options.batches == 0) options.batches = BATCHES;
    if (options.lloyd_rounds == 0) options.lloyd_rounds = LLOYD_ROUNDS;
    if (options.seeding_rows == 0) options.seeding_rows = SEEDING_ROWS;
    return options;
}

int kmeans_train(const float *rows, size_t count, uint32_t dimensions,
                 const struct kmeans_options *options, struct centroids *ret_centroids,
                 struct kmeans_metrics *ret_metrics, struct err *err)
{
    struct training training = {
        .rows = rows, .count = count, .dimensions = dimensions, .options = with_defaults(*options)};
    random_seed(&training.random, options->seed);
    int rc = check(&training, err);
    if (!rc) rc = allocate(&training, err);
    if (!rc) rc = options->like ? begin_like(&training, err) : seed(&training, err);
    if (!rc && !options->like) rc = mini_batches(&training, err);
    if (!rc) rc = lloyd(&training, err);
    if (!rc) rc = measure(&training, err);
    free(training.nearest);
    free(training.distances);
    free(training.sums);
    if (rc) {
        free(training.sizes);
        centroids_deinit(&training.centroids);
        return rc;
    }
    training.metrics.sizes = training.sizes;
    *ret_metrics = training.metrics;
    *ret_centroids = training.centroids;
    return E_OK;
}

void kmeans_metrics_deinit(struct kmeans_metrics *metrics)
{
    if (!metrics) return;
    free(metrics->sizes);
    *metrics = (struct kmeans_metrics){0};
}
