/* x.c - |c|^2 / 2 by bytes. With x = s.q + e and c = t.p + f, where q and p are whole numbers,
 * x.c - st.q.p = e.c + s.q.f, so the score is off by |e||c| + |s.q||f| at most, and by what floats
 * lose. Rows whose best case stays below another's worst are out; the others are scored exactly. */
#include "model/centroid_sketch.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { GROUP = 4, LEVELS = 127, OFFSET = 128, CHUNK = 256 };

/* Times the magnitudes that are summed: more than floats lose over CENTROID_DIMENSIONS_MAX. */
static const float SLACK = 1e-4f;
/* Below it a row or vector counts as zero, and all of it as error. */
static const float LEAST = 1e-15f;

static float *floats(uint32_t count) { return aligned_alloc(64, count * sizeof(float)); }

void centroid_sketch_deinit(struct centroids *centroids)
{
    struct centroid_sketch *sketch = centroids->sketch;
    if (!sketch) return;
    free(sketch->rows);
    free(sketch->excess);
    free(sketch->scales);
    free(sketch->norms);
    free(sketch->errors);
    free(sketch->half_norms);
    free(sketch);
    centroids->sketch = NULL;
}

static int8_t *place_of(const struct centroids *centroids, uint32_t row, uint32_t dimension)
{
    size_t block = (size_t)row / SKETCH_BLOCK * SKETCH_BLOCK * centroids->stride;
    return centroids->sketch->rows + block +
           (size_t)(dimension / GROUP * SKETCH_BLOCK + row % SKETCH_BLOCK) * GROUP +
           dimension % GROUP;
}

static void sketch_row(const struct centroids *centroids, uint32_t i)
{
    struct centroid_sketch *sketch = centroids->sketch;
    const float *row = centroids_row(centroids, i);
    float most = 0;
    double norm = 0, error = 0;
    int32_t sum = 0;
    for (uint32_t j = 0; j < centroids->stride; j++) most = fmaxf(most, fabsf(row[j]));
    float scale = most < LEAST ? 0 : most / LEVELS;
    for (uint32_t j = 0; j < centroids->stride; j++) {
        int8_t byte = scale > 0 ? (int8_t)lrintf(row[j] / scale) : 0;
        double left = (double)row[j] - (double)scale * byte;
        *place_of(centroids, i, j) = byte;
        sum += byte;
        norm += (double)row[j] * (double)row[j];
        error += left * left;
    }
    sketch->scales[i] = scale;
    sketch->excess[i] = OFFSET * sum;
    sketch->norms[i] = (float)sqrt(norm);
    sketch->errors[i] = (float)sqrt(error);
    sketch->half_norms[i] = centroids->half_norms[i];
}

static void sketch_rows(const struct centroids *centroids)
{
    struct centroid_sketch *sketch = centroids->sketch;
    for (uint32_t i = 0; i < centroids->count; i++) sketch_row(centroids, i);
    for (uint32_t i = centroids->count; i < sketch->blocks * SKETCH_BLOCK; i++) {
        for (uint32_t j = 0; j < centroids->stride; j++) *place_of(centroids, i, j) = 0;
        sketch->scales[i] = sketch->norms[i] = sketch->errors[i] = 0;
        sketch->excess[i] = 0;
        sketch->half_norms[i] = FLT_MAX;
    }
}

int centroid_sketch_init(struct centroids *centroids, struct err *err)
{
    uint32_t pairs = (centroids->count + 2 * SKETCH_BLOCK - 1) / (2 * SKETCH_BLOCK);
    uint32_t count = pairs * 2 * SKETCH_BLOCK;
    if (centroids->sketch || centroids->count < SKETCH_ROWS_LEAST || !centroid_sketch_available())
        return E_OK;
    struct centroid_sketch *sketch = calloc(1, sizeof *sketch);
    if (!sketch) return err_set(err, E_NO_MEMORY, NULL);
    centroids->sketch = sketch;
    *sketch = (struct centroid_sketch){
        .blocks = 2 * pairs,
        .rows = aligned_alloc(64, (size_t)count * centroids->stride),
        .excess = aligned_alloc(64, count * sizeof *sketch->excess),
        .scales = floats(count), .norms = floats(count), .errors = floats(count),
        .half_norms = floats(count)};
    if (sketch->rows && sketch->excess && sketch->scales && sketch->norms && sketch->errors &&
        sketch->half_norms)
        return sketch_rows(centroids), E_OK;
    centroid_sketch_deinit(centroids);
    return err_set(err, E_NO_MEMORY, NULL);
}

#if defined(__x86_64__)
#define VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

/* A vector in bytes, each OFFSET higher than it would be. */
struct vector {
    _Alignas(64) int32_t groups[CENTROID_DIMENSIONS_MAX / GROUP]; /* four bytes each */
    float scale, norm, error;
};

VNNI static void sketch_vector(const float *x, uint32_t stride, struct vector *vector)
{
    __m512 most = _mm512_setzero_ps(), norm = most, error = most;
    for (uint32_t j = 0; j < stride; j += 16)
        most = _mm512_max_ps(most, _mm512_abs_ps(_mm512_load_ps(x + j)));
    float largest = _mm512_reduce_max_ps(most);
    float scale = largest < LEAST ? 0 : largest / LEVELS;
    __m512 up = _mm512_set1_ps(scale), down = _mm512_set1_ps(scale > 0 ? 1 / scale : 0);
    for (uint32_t j = 0; j < stride; j += 16) {
        __m512 part = _mm512_load_ps(x + j);
        __m512i whole = _mm512_cvtps_epi32(_mm512_mul_ps(part, down));
        __m512 left = _mm512_fnmadd_ps(_mm512_cvtepi32_ps(whole), up, part);
        __m128i bytes = _mm_xor_si128(_mm512_cvtsepi32_epi8(whole), _mm_set1_epi8((char)OFFSET));
        _mm_store_si128((__m128i *)(void *)(vector->groups + j / GROUP), bytes);
        norm = _mm512_fmadd_ps(part, part, norm);
        error = _mm512_fmadd_ps(left, left, error);
    }
    vector->scale = scale;
    vector->norm = sqrtf(_mm512_reduce_add_ps(norm));
    vector->error = sqrtf(_mm512_reduce_add_ps(error));
}

/* Products of the bytes of two blocks' rows with the vector's. Eight sums, as each waits for itself
 * five cycles long; two blocks, as they share what is loaded of the vector. */
VNNI static void products_of(const int8_t *rows, const int32_t *groups, uint32_t stride,
                             __m512i products[2])
{
    const __m512i *left = (const void *)rows, *right = left + stride / GROUP;
    __m512i a = _mm512_setzero_si512(), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    for (const int32_t *end = groups + stride / GROUP; groups < end; groups += 4) {
        __m512i one = _mm512_set1_epi32(groups[0]), two = _mm512_set1_epi32(groups[1]);
        __m512i three = _mm512_set1_epi32(groups[2]), four = _mm512_set1_epi32(groups[3]);
        a = _mm512_dpbusd_epi32(a, one, left[0]), e = _mm512_dpbusd_epi32(e, one, right[0]);
        b = _mm512_dpbusd_epi32(b, two, left[1]), f = _mm512_dpbusd_epi32(f, two, right[1]);
        c = _mm512_dpbusd_epi32(c, three, left[2]), g = _mm512_dpbusd_epi32(g, three, right[2]);
        d = _mm512_dpbusd_epi32(d, four, left[3]), h = _mm512_dpbusd_epi32(h, four, right[3]);
        left += 4, right += 4;
    }
    products[0] = _mm512_add_epi32(_mm512_add_epi32(a, b), _mm512_add_epi32(c, d));
    products[1] = _mm512_add_epi32(_mm512_add_epi32(e, f), _mm512_add_epi32(g, h));
}

/* The best that each row of a block may have, to `best_cases`. Returns their worst. */
VNNI static __m512 bound_block(const struct centroid_sketch *sketch, uint32_t first,
                               __m512i products, const struct vector *vector, float *best_cases)
{
    products = _mm512_sub_epi32(products, _mm512_load_si512(sketch->excess + first));
    __m512 half = _mm512_load_ps(sketch->half_norms + first),
           norms = _mm512_load_ps(sketch->norms + first),
           scales = _mm512_mul_ps(_mm512_load_ps(sketch->scales + first),
                                  _mm512_set1_ps(vector->scale)),
           score = _mm512_fmsub_ps(_mm512_cvtepi32_ps(products), scales, half);
    __m512 reach = _mm512_mul_ps(norms, _mm512_set1_ps(vector->error + SLACK * vector->norm));
    reach = _mm512_fmadd_ps(_mm512_load_ps(sketch->errors + first),
                            _mm512_set1_ps(vector->norm + vector->error), reach);
    reach = _mm512_fmadd_ps(half, _mm512_set1_ps(SLACK), reach);
    _mm512_storeu_ps(best_cases, _mm512_add_ps(score, reach));
    return _mm512_sub_ps(score, reach);
}

/* The nearest so far; of one row alone its score isn't asked for. */
struct leader {
    uint32_t row;
    float score;
    enum { NOBODY, UNSCORED, SCORED } state;
};

static void contend(struct leader *leader, uint32_t row, const struct centroids *centroids,
                    const float *x, centroid_score *exact)
{
    if (leader->state == NOBODY) {
        *leader = (struct leader){row, 0, UNSCORED};
        return;
    }
    if (leader->state == UNSCORED) leader->score = exact(centroids, leader->row, x);
    leader->state = SCORED;
    float score = exact(centroids, row, x);
    if (score > leader->score) leader->row = row, leader->score = score;
}

/* Chunk by chunk: what a row may have at best is compared with what is known of all before it. */
VNNI uint32_t centroid_sketch_nearest(const struct centroids *centroids, const float *x,
                                      centroid_score *exact)
{
    const struct centroid_sketch *sketch = centroids->sketch;
    const uint32_t stride = centroids->stride, count = sketch->blocks * SKETCH_BLOCK;
    float best_cases[CHUNK];
    struct leader leader = {.state = NOBODY};
    struct vector vector;
    __m512 known = _mm512_set1_ps(-INFINITY);
    sketch_vector(x, stride, &vector);
    for (uint32_t start = 0; start < count; start += CHUNK) {
        uint32_t rows = count - start < CHUNK ? count - start : CHUNK;
        for (uint32_t i = 0; i < rows; i += 2 * SKETCH_BLOCK) {
            __m512i products[2];
            products_of(sketch->rows + (size_t)(start + i) * stride, vector.groups, stride,
                        products);
            for (uint32_t k = 0; k < 2; k++) {
                uint32_t at = i + k * SKETCH_BLOCK;
                known = _mm512_max_ps(known, bound_block(sketch, start + at, products[k], &vector,
                                                         best_cases + at));
            }
        }
        __m512 most = _mm512_set1_ps(_mm512_reduce_max_ps(known));
        for (uint32_t i = 0; i < rows; i += SKETCH_BLOCK) {
            uint32_t open = _mm512_cmp_ps_mask(_mm512_loadu_ps(best_cases + i), most, _CMP_GE_OQ);
            for (; open; open &= open - 1)
                contend(&leader, start + i + (uint32_t)__builtin_ctz(open), centroids, x, exact);
        }
    }
    return leader.row;
}

bool centroid_sketch_available(void)
{
    return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512f");
}
#else
bool centroid_sketch_available(void) { return false; }

uint32_t centroid_sketch_nearest(const struct centroids *centroids, const float *x,
                                 centroid_score *exact)
{
    (void)centroids, (void)x, (void)exact;
    return 0; /* never asked */
}
#endif
