/* Which of many centroids may be nearest, by eight-bit copies of them: a quarter of the memory, and
 * four products a step. What they leave out is bounded, so that nothing nearer is passed over.
 * Private to centroid.c. */
#ifndef VERBATIM_MODEL_CENTROID_SKETCH_H
#define VERBATIM_MODEL_CENTROID_SKETCH_H

#include "model/centroid.h"

/* Rows lie in blocks of 16, in each block four dimensions of all 16 side by side, so that each lane
 * of a register sums up a row. Arrays below are as long as whole blocks. */
enum { SKETCH_BLOCK = 16, SKETCH_ROWS_LEAST = 2 * SKETCH_BLOCK /* fewer don't pay for it */ };
struct centroid_sketch {
    uint32_t blocks;    /* even: two at a time */
    int8_t *rows;       /* blocks x stride x 16, each times its scale is the row */
    int32_t *excess;    /* what 128 more in each dimension of a vector adds to its product */
    float *scales;
    float *norms;       /* |c| */
    float *errors;      /* |c - its sketch| */
    float *half_norms;  /* |c|^2 / 2; FLT_MAX behind the last row */
};

bool centroid_sketch_available(void); /* AVX-512 with VNNI */
/* Of centroids that are filled but for it. NO_MEMORY. */
int centroid_sketch_init(struct centroids *centroids, struct err *err) CHECKED;
void centroid_sketch_deinit(struct centroids *centroids);
/* x: aligned to 64, padded to the stride; the same answer as `exact` of all rows gives. */
typedef float centroid_score(const struct centroids *centroids, uint32_t row, const float *x);
uint32_t centroid_sketch_nearest(const struct centroids *centroids, const float *x,
                                 centroid_score *exact);

#endif
