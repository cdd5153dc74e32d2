/* Nearest by the largest x.c - |c|^2 / 2, which orders like the distance but needs one product; the
 * winner's distance is then taken from the differences, which doesn't cancel near zero. */
#include "model/centroid.h"

#include "model/centroid_sketch.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#if defined(__x86_64__)
#include <immintrin.h>
#define HAVE_X86 1
#endif

/* Beyond this a square could overflow a float once summed over CENTROID_DIMENSIONS_MAX. */
#define VALUE_MAX 1e15f

static bool usable(float value)
{
    return fabsf(value) <= VALUE_MAX; /* false for NaN */
}

/* Usable, or 0. By bits, which order like the magnitudes and can't trap, so that the compiler may
 * take several at once. */
static inline float usable_or_zero(float value)
{
    const float most = VALUE_MAX;
    int32_t bits, most_bits;
    memcpy(&bits, &value, sizeof bits);
    memcpy(&most_bits, &most, sizeof most_bits);
    bits &= -((bits & INT32_MAX) <= most_bits);
    memcpy(&value, &bits, sizeof value);
    return value;
}

int centroids_init(struct centroids *centroids, uint32_t count, uint32_t dimensions,
                   const float *rows, struct err *err)
{
    if (count == 0 || count > CENTROIDS_MAX)
        return err_set(err, E_BAD_MODEL, "%u centroids; 1 to %d are possible", count,
                       CENTROIDS_MAX);
    if (dimensions == 0 || dimensions > CENTROID_DIMENSIONS_MAX)
        return err_set(err, E_BAD_MODEL, "centroids of %u dimensions; 1 to %d are possible",
                       dimensions, CENTROID_DIMENSIONS_MAX);
    for (size_t i = 0; i < (size_t)count * dimensions; i++)
        if (!usable(rows[i]))
            return err_set(err, E_BAD_MODEL, "a centroid holds a value that isn't usable");
    struct centroids made = {
        .count = count, .dimensions = dimensions, .stride = (dimensions + 15u) & ~15u};
    size_t floats = (size_t)count * made.stride;
    made.vectors = aligned_alloc(64, floats * sizeof(float));
    made.half_norms = malloc(count * sizeof(float));
    if (!made.vectors || !made.half_norms) {
        centroids_deinit(&made);
        return err_set(err, E_NO_MEMORY, NULL);
    }
    memset(made.vectors, 0, floats * sizeof(float));
    for (uint32_t i = 0; i < count; i++)
        memcpy(centroids_row(&made, i), rows + (size_t)i * dimensions, dimensions * sizeof(float));
    centroids_refresh(&made);
    *centroids = made;
    return E_OK;
}

void centroids_deinit(struct centroids *centroids)
{
    if (!centroids) return;
    free(centroids->vectors);
    free(centroids->half_norms);
    centroid_sketch_deinit(centroids);
    *centroids = (struct centroids){0};
}

int centroids_settle(struct centroids *centroids, struct err *err)
{
    return centroid_sketch_init(centroids, err);
}

void centroids_refresh(struct centroids *centroids)
{
    assert(!centroids->sketch); /* it would tell of the rows as they were */
    for (uint32_t i = 0; i < centroids->count; i++) {
        const float *row = centroids_row(centroids, i);
        double sum = 0;
        for (uint32_t j = 0; j < centroids->stride; j++) sum += (double)row[j] * (double)row[j];
        centroids->half_norms[i] = (float)(sum / 2);
    }
}

static uint32_t nearest_scalar(const struct centroids *centroids, const float *x)
{
    uint32_t best = 0;
    float best_score = -INFINITY;
    for (uint32_t i = 0; i < centroids->count; i++) {
        const float *row = centroids_row(centroids, i);
        float sums[8] = {0};
        for (uint32_t j = 0; j < centroids->stride; j += 8)
            for (uint32_t lane = 0; lane < 8; lane++) sums[lane] += x[j + lane] * row[j + lane];
        float dot = ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
                    ((sums[4] + sums[5]) + (sums[6] + sums[7]));
        float score = dot - centroids->half_norms[i];
        if (score > best_score) best_score = score, best = i;
    }
    return best;
}

#ifdef HAVE_X86
__attribute__((target("avx2,fma"))) static float sum_avx2(__m256 v)
{
    __m128 half = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    half = _mm_add_ps(half, _mm_movehl_ps(half, half));
    half = _mm_add_ss(half, _mm_movehdup_ps(half));
    return _mm_cvtss_f32(half);
}

/* Two rows at a time, so that each piece of x is loaded once for both. */
__attribute__((target("avx2,fma"))) static uint32_t nearest_avx2(const struct centroids *centroids,
                                                                 const float *x)
{
    uint32_t best = 0, stride = centroids->stride;
    float best_score = -INFINITY;
    for (uint32_t i = 0; i < centroids->count; i += 2) {
        uint32_t second = i + 1 < centroids->count ? i + 1 : i;
        const float *a = centroids_row(centroids, i), *b = centroids_row(centroids, second);
        __m256 a0 = _mm256_setzero_ps(), a1 = a0, b0 = a0, b1 = a0;
        for (uint32_t j = 0; j < stride; j += 16) {
            __m256 low = _mm256_load_ps(x + j), high = _mm256_load_ps(x + j + 8);
            a0 = _mm256_fmadd_ps(low, _mm256_load_ps(a + j), a0);
            a1 = _mm256_fmadd_ps(high, _mm256_load_ps(a + j + 8), a1);
            b0 = _mm256_fmadd_ps(low, _mm256_load_ps(b + j), b0);
            b1 = _mm256_fmadd_ps(high, _mm256_load_ps(b + j + 8), b1);
        }
        float score_a = sum_avx2(_mm256_add_ps(a0, a1)) - centroids->half_norms[i];
        float score_b = sum_avx2(_mm256_add_ps(b0, b1)) - centroids->half_norms[second];
        if (score_a > best_score) best_score = score_a, best = i;
        if (score_b > best_score) best_score = score_b, best = second;
    }
    return best;
}

__attribute__((target("avx512f"))) static uint32_t nearest_avx512(const struct centroids *centroids,
                                                                  const float *x)
{
    uint32_t best = 0, stride = centroids->stride, last = centroids->count - 1;
    float best_score = -INFINITY;
    for (uint32_t i = 0; i <= last; i += 4) {
        const float *rows[4];
        for (uint32_t k = 0; k < 4; k++)
            rows[k] = centroids_row(centroids, i + k <= last ? i + k : last);
        __m512 s0 = _mm512_setzero_ps(), s1 = s0, s2 = s0, s3 = s0;
        for (uint32_t j = 0; j < stride; j += 16) {
            __m512 piece = _mm512_load_ps(x + j);
            s0 = _mm512_fmadd_ps(piece, _mm512_load_ps(rows[0] + j), s0);
            s1 = _mm512_fmadd_ps(piece, _mm512_load_ps(rows[1] + j), s1);
            s2 = _mm512_fmadd_ps(piece, _mm512_load_ps(rows[2] + j), s2);
            s3 = _mm512_fmadd_ps(piece, _mm512_load_ps(rows[3] + j), s3);
        }
        float dots[4] = {
            _mm512_reduce_add_ps(s0), _mm512_reduce_add_ps(s1), _mm512_reduce_add_ps(s2),
            _mm512_reduce_add_ps(s3)};
        for (uint32_t k = 0; k < 4 && i + k <= last; k++) {
            float score = dots[k] - centroids->half_norms[i + k];
            if (score > best_score) best_score = score, best = i + k;
        }
    }
    return best;
}

/* As nearest_avx512() has it, to the last bit. */
__attribute__((target("avx512f"))) static float score_avx512(const struct centroids *centroids,
                                                             uint32_t row, const float *x)
{
    const float *at = centroids_row(centroids, row);
    __m512 sum = _mm512_setzero_ps();
    for (uint32_t j = 0; j < centroids->stride; j += 16)
        sum = _mm512_fmadd_ps(_mm512_load_ps(x + j), _mm512_load_ps(at + j), sum);
    return _mm512_reduce_add_ps(sum) - centroids->half_norms[row];
}

static uint32_t nearest_vnni(const struct centroids *centroids, const float *x)
{
    return centroids->sketch ? centroid_sketch_nearest(centroids, x, score_avx512)
                             : nearest_avx512(centroids, x);
}
#endif

/* Both are the same to the last bit, whatever they are compiled for. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE void take_by(const float *vector, const struct centroids *centroids,
                           float *restrict x)
{
    const uint32_t dimensions = centroids->dimensions, stride = centroids->stride;
    for (uint32_t j = 0; j < dimensions; j++) x[j] = usable_or_zero(vector[j]);
    for (uint32_t j = dimensions; j < stride; j++) x[j] = 0.0f;
}

typedef float floats_8 __attribute__((vector_size(32)));

ALWAYS_INLINE void add_squares(const float *x, const float *row, floats_8 *sums)
{
    floats_8 difference = *(const floats_8 *)(const void *)x - *(const floats_8 *)(const void *)row;
    *sums += difference * difference;
}

/* Of aligned rows. In several sums: one would wait for itself at each step. */
ALWAYS_INLINE float distance_by(const float *x, const float *row, uint32_t stride)
{
    floats_8 sums[4] = {{0}};
    uint32_t j = 0;
    for (; j + 32 <= stride; j += 32)
        for (uint32_t k = 0; k < 4; k++) add_squares(x + j + 8 * k, row + j + 8 * k, &sums[k]);
    for (uint32_t k = 0; j < stride; j += 8, k++) add_squares(x + j, row + j, &sums[k]);
    floats_8 all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
    return sqrtf(((all[0] + all[1]) + (all[2] + all[3])) + ((all[4] + all[5]) + (all[6] + all[7])));
}

static void take(const float *vector, const struct centroids *centroids, float *x)
{
    take_by(vector, centroids, x);
}

static float distance_to(const float *x, const float *row, uint32_t stride)
{
    return distance_by(x, row, stride);
}

#ifdef HAVE_X86
__attribute__((target("avx2"))) static void take_avx2(const float *vector,
                                                      const struct centroids *centroids, float *x)
{
    take_by(vector, centroids, x);
}

__attribute__((target("avx2"))) static float distance_avx2(const float *x, const float *row,
                                                           uint32_t stride)
{
    return distance_by(x, row, stride);
}
#endif

static const struct {
    void (*take)(const float *vector, const struct centroids *centroids, float *x);
    uint32_t (*nearest)(const struct centroids *centroids, const float *x);
    float (*distance)(const float *x, const float *row, uint32_t stride);
} KERNELS[CENTROID_KERNELS] = {
    [CENTROID_SCALAR] = {take, nearest_scalar, distance_to},
#ifdef HAVE_X86
    [CENTROID_AVX2] = {take_avx2, nearest_avx2, distance_avx2},
    [CENTROID_AVX512] = {take_avx2, nearest_avx512, distance_avx2},
    [CENTROID_VNNI] = {take_avx2, nearest_vnni, distance_avx2},
#else
    [CENTROID_AVX2] = {take, nearest_scalar, distance_to},
    [CENTROID_AVX512] = {take, nearest_scalar, distance_to},
    [CENTROID_VNNI] = {take, nearest_scalar, distance_to},
#endif
};

bool centroid_kernel_available(enum centroid_kernel kernel)
{
    if (kernel == CENTROID_SCALAR) return true;
#ifdef HAVE_X86
    if (kernel == CENTROID_AVX2)
        return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    if (kernel == CENTROID_AVX512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2");
    if (kernel == CENTROID_VNNI)
        return centroid_sketch_available() && __builtin_cpu_supports("avx2");
#endif
    return false;
}

void centroids_nearest_with(enum centroid_kernel kernel, const struct centroids *centroids,
                            const float *vector, uint32_t *ret_index, float *ret_distance)
{
    assert(centroids->count && centroids->stride <= CENTROID_DIMENSIONS_MAX);
    _Alignas(64) float x[CENTROID_DIMENSIONS_MAX];
    KERNELS[kernel].take(vector, centroids, x);
    uint32_t index = KERNELS[kernel].nearest(centroids, x);
    *ret_distance = KERNELS[kernel].distance(x, centroids_row(centroids, index),
                                             centroids->stride);
    *ret_index = index;
}

static enum centroid_kernel best_kernel(void)
{
    if (centroid_kernel_available(CENTROID_VNNI)) return CENTROID_VNNI;
    if (centroid_kernel_available(CENTROID_AVX512)) return CENTROID_AVX512;
    return centroid_kernel_available(CENTROID_AVX2) ? CENTROID_AVX2 : CENTROID_SCALAR;
}

void centroids_nearest(const struct centroids *centroids, const float *vector, uint32_t *ret_index,
                       float *ret_distance)
{
    centroids_nearest_with(best_kernel(), centroids, vector, ret_index, ret_distance);
}
