/* Trains segments: k-means++ seeding, mini-batches, then full Lloyd rounds; the same seed, the same
 * centroids. Sources: Arthur & Vassilvitskii 2007 (seeding), Sculley 2010 (mini-batches),
 * Rousseeuw 1987 (silhouette; here the simplified one, from distances to centroids). */
#ifndef VERBATIM_MODEL_KMEANS_H
#define VERBATIM_MODEL_KMEANS_H

#include "model/centroid.h"

struct kmeans_progress {
    const char *stage; /* "seed", "batch", "lloyd", "measure" */
    uint32_t done, total;
    double inertia; /* of the last full round; 0 before */
};

struct kmeans_options {
    uint32_t clusters;      /* 1 to CENTROIDS_MAX, at most the number of rows */
    uint64_t seed;
    /* Not NULL: begins there, not from seeds that are drawn, and each keeps its number. */
    const struct centroids *like;
    uint32_t batch_rows;    /* 0: 1024 */
    uint32_t batches;       /* 0: 100 */
    uint32_t lloyd_rounds;  /* 0: 10; ends early when no row moves */
    uint32_t seeding_rows;  /* 0: 20000; seeding looks at a random sample of that size */
    /* Called between steps; false stops the training with E_CANCELLED. May be NULL. */
    bool (*on_progress)(void *context, const struct kmeans_progress *progress);
    void *context;
};

struct kmeans_metrics {
    double inertia;       /* sum of squared distances to the nearest centroid */
    double mean_distance; /* Euclidean */
    double silhouette;    /* simplified, mean over at most 10000 rows: [-1, 1]; 0 for one cluster */
    uint32_t empty_clusters_moved, lloyd_rounds_done;
    uint64_t *sizes; /* rows of each cluster; kmeans_metrics_deinit() frees it */
};
void kmeans_metrics_deinit(struct kmeans_metrics *metrics);

/* rows: count x dimensions floats, finite, packed. The caller frees *ret_centroids with
 * centroids_deinit(). Centroids come ordered by falling cluster size, or as in `like`. Memory:
 * O(count + clusters x dimensions) beside the rows. BAD_CONFIG: fewer rows than clusters;
 * BAD_MODEL: `like` has another count or other dimensions; BAD_MESSAGE: a value that isn't finite;
 * CANCELLED. */
int kmeans_train(const float *rows, size_t count, uint32_t dimensions,
                 const struct kmeans_options *options, struct centroids *ret_centroids,
                 struct kmeans_metrics *ret_metrics, struct err *err) CHECKED;

#endif
