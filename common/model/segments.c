/* Segment models as model files: section "centroids" is count x dimensions float32. */
#include "model/segments.h"

#include <stdlib.h>

static int read_model(const struct model_file *file, const char *extractor,
                      struct segment_model *ret_model, struct err *err)
{
    uint64_t count, dimensions;
    const void *rows;
    if (!str_equal(file->kind, STR("segments")))
        return err_set(err, E_BAD_MODEL, "not a model of segments");
    int rc = model_file_get_u64(file, "clusters", 1, CENTROIDS_MAX, &count, err);
    if (!rc)
        rc = model_file_get_u64(file, "dimensions", 1, CENTROID_DIMENSIONS_MAX, &dimensions, err);
    if (!rc)
        rc = model_file_section(file, "centroids", sizeof(float) * dimensions, count, &rows, err);
    if (rc) return rc;
    struct segment_model model = {0};
    struct str made_with = model_file_get(file, "extractor");
    if (made_with.size == 0 || made_with.size >= sizeof model.extractor)
        return err_set(err, E_BAD_MODEL, "model %.*s: no extractor", STR_ARGS(file->name));
    if (extractor && !str_equal(made_with, str_of(extractor)))
        return err_set(err, E_BAD_MODEL, "model %.*s was made with extractor %.*s; %s is in use",
                       STR_ARGS(file->name), STR_ARGS(made_with), extractor);
    memcpy(model.extractor, made_with.data, made_with.size);
    /* at most 63 bytes, by model_file_parse() */
    memcpy(model.name, file->name.data, file->name.size);
    size_t bytes = (size_t)(count * dimensions) * sizeof(float);
    float *copy = malloc(bytes); /* the file's bytes may lie at any alignment */
    if (!copy) return err_set(err, E_NO_MEMORY, NULL);
    memcpy(copy, rows, bytes);
    rc = centroids_init(&model.centroids, (uint32_t)count, (uint32_t)dimensions, copy, err);
    free(copy);
    if (!rc && (rc = centroids_settle(&model.centroids, err))) centroids_deinit(&model.centroids);
    if (rc) return err_wrap(err, "model %.*s", STR_ARGS(file->name));
    *ret_model = model;
    return E_OK;
}

int segment_model_open(const char *path, const char *extractor, struct segment_model *ret_model,
                       struct err *err)
{
    struct model_file file;
    int rc = model_file_open(path, "segments", &file, err);
    if (rc) return rc;
    rc = read_model(&file, extractor, ret_model, err);
    model_file_close(&file);
    return rc ? err_wrap(err, "%s", path) : E_OK;
}

void segment_model_close(struct segment_model *model)
{
    if (!model) return;
    centroids_deinit(&model->centroids);
    *model = (struct segment_model){0};
}

static void describe(struct model_writer *writer, const struct kmeans_metrics *metrics)
{
    model_writer_set(writer, "inertia", "%.6g", metrics->inertia);
    model_writer_set(writer, "mean_distance", "%.6g", metrics->mean_distance);
    model_writer_set(writer, "silhouette", "%.6g", metrics->silhouette);
    model_writer_set(writer, "lloyd_rounds", "%u", metrics->lloyd_rounds_done);
}

int segment_model_save(const struct centroids *centroids, const char *name, const char *extractor,
                       uint64_t seed, uint64_t trained_rows, const struct kmeans_metrics *metrics,
                       const char *path, struct err *err)
{
    struct model_writer writer;
    size_t row_bytes = centroids->dimensions * sizeof(float);
    uint8_t *rows = malloc(row_bytes * centroids->count);
    if (!rows) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < centroids->count; i++)
        memcpy(rows + i * row_bytes, centroids_row(centroids, i), row_bytes);
    model_writer_init(&writer, "segments", name);
    model_writer_set(&writer, "extractor", "%s", extractor);
    model_writer_set(&writer, "clusters", "%u", centroids->count);
    model_writer_set(&writer, "dimensions", "%u", centroids->dimensions);
    model_writer_set(&writer, "seed", "%llu", (unsigned long long)seed);
    model_writer_set(&writer, "trained_rows", "%llu", (unsigned long long)trained_rows);
    if (metrics) describe(&writer, metrics);
    model_writer_add(&writer, "centroids", rows, row_bytes * centroids->count);
    int rc = model_writer_save(&writer, path, err);
    model_writer_deinit(&writer);
    free(rows);
    return rc;
}
