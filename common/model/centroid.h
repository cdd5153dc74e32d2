/* Which of k centroids is nearest to a vector: the kernel of segment and of k-means training. */
#ifndef VERBATIM_MODEL_CENTROID_H
#define VERBATIM_MODEL_CENTROID_H

#include "base/err.h"
#include "base/str.h"

enum { CENTROIDS_MAX = 65536, CENTROID_DIMENSIONS_MAX = 4096 };

/* Rows are 64-byte aligned and padded with zeros to `stride` floats, a multiple of 16. */
struct centroids {
    uint32_t count, dimensions, stride;
    float *vectors;    /* count x stride */
    float *half_norms; /* |c|^2 / 2 of each row */
    struct centroid_sketch *sketch; /* of many settled rows, if the CPU has a kernel for it */
};

/* Copies count x dimensions floats. BAD_MODEL: empty, too large, or a value that is
 * NaN or beyond 1e15. */
int centroids_init(struct centroids *centroids, uint32_t count, uint32_t dimensions,
                   const float *rows, struct err *err) CHECKED;
void centroids_deinit(struct centroids *centroids); /* NULL and zeroed are fine */
static inline float *centroids_row(const struct centroids *centroids, uint32_t index)
{
    return centroids->vectors + (size_t)index * centroids->stride;
}
/* After rows were changed in place. */
void centroids_refresh(struct centroids *centroids);
/* Rows won't change any more: of many the nearest is then found sooner. NO_MEMORY. */
int centroids_settle(struct centroids *centroids, struct err *err) CHECKED;

/* The smallest Euclidean distance, ties to the lowest index. `vector` has `dimensions` floats of
 * any alignment. A NaN, an infinity or a value beyond 1e15 counts as 0, so the answer is always
 * an index and a number. */
void centroids_nearest(const struct centroids *centroids, const float *vector, uint32_t *ret_index,
                       float *ret_distance);

/* The instruction sets that can be chosen; centroids_nearest() takes the best that the CPU has. */
enum centroid_kernel {
    CENTROID_SCALAR, CENTROID_AVX2, CENTROID_AVX512, CENTROID_VNNI, CENTROID_KERNELS
};
bool centroid_kernel_available(enum centroid_kernel kernel);
void centroids_nearest_with(enum centroid_kernel kernel, const struct centroids *centroids,
                            const float *vector, uint32_t *ret_index, float *ret_distance);

#endif
