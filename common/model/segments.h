/* A segment model on disk: the centroids of one k-means training, with its extractor
 * and metrics. */
#ifndef VERBATIM_MODEL_SEGMENTS_H
#define VERBATIM_MODEL_SEGMENTS_H

#include "model/kmeans.h"
#include "model/model_file.h"

struct segment_model {
    struct centroids centroids;
    char name[64];      /* e.g. "segments-000001" */
    char extractor[33]; /* FEATURES_VERSION of the training */
};

/* BAD_MODEL: damaged, another kind, or made with an extractor other than `extractor`
 * (NULL: any). */
int segment_model_open(const char *path, const char *extractor, struct segment_model *ret_model,
                       struct err *err) CHECKED;
void segment_model_close(struct segment_model *model);

/* trained_rows and metrics go into the metadata, for `verbatim models`. metrics may be NULL. */
int segment_model_save(const struct centroids *centroids, const char *name, const char *extractor,
                       uint64_t seed, uint64_t trained_rows, const struct kmeans_metrics *metrics,
                       const char *path, struct err *err) CHECKED;

#endif
