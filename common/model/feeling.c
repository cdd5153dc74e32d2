/* Reads the weights, gathers the signs, and weighs them. */
#include "model/feeling.h"

#include <math.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* A probability below it says no less: logarithms stay finite. */
#define PROBABILITY_MIN 1e-6f

int feeling_open(const struct model_file *file, struct feeling *ret_feeling, struct err *err)
{
    const void *data = NULL;
    float numbers[FEELING_NUMBERS], *next = numbers;
    struct feeling feeling = {.known = true};
    *ret_feeling = (struct feeling){0};
    if (!model_file_has(file, "feeling")) return E_OK;
    int rc = model_file_section(file, "feeling", sizeof(float), FEELING_NUMBERS, &data, err);
    if (rc) return rc;
    memcpy(numbers, data, sizeof numbers);
    for (size_t i = 0; i < FEELING_NUMBERS; i++)
        if (!(fabsf(numbers[i]) <= 1e3f))
            return err_set(err, E_BAD_MODEL, "model %.*s: a weight of feeling out of range",
                           STR_ARGS(file->name));
    for (int c = 0; c < FEELING_CLASSES; c++) {
        feeling.biases[c] = *next++;
        for (int i = 0; i < FEELING_SIGNS; i++) feeling.weights[c][i] = *next++;
    }
    *ret_feeling = feeling;
    return E_OK;
}

struct feeling_scales feeling_scales_of(const struct linear_model *model, uint32_t positive,
                                        uint32_t negative)
{
    return (struct feeling_scales){positive, negative, model->scales[positive],
                                   model->scales[negative]};
}

#ifdef __SSE2__
enum { ROUND = 8, STRIDE = sizeof(struct linear_level) / sizeof(uint16_t) };

/* How far the sums of a class had come, `classes` from level to level, at these levels. */
static inline __m128i behind(const uint16_t *classes, const uint32_t *at)
{
#define SUM(k) (short)classes[(size_t)at[k] * STRIDE]
    return _mm_setr_epi16(SUM(0), SUM(1), SUM(2), SUM(3), SUM(4), SUM(5), SUM(6), SUM(7));
#undef SUM
}

/* Each of the sums less the one before it; `before`: the first. */
static inline __m128i differences(__m128i sums, uint16_t before)
{
    return _mm_sub_epi16(sums, _mm_insert_epi16(_mm_slli_si128(sums, 2), before, 0));
}

/* Four of them, the first or the last. */
static inline __m128 scaled(__m128i doubled, float scale)
{
    return _mm_mul_ps(_mm_set1_ps(scale), _mm_cvtepi32_ps(_mm_srai_epi32(doubled, 16)));
}

static float most_of(__m128 lanes, float least)
{
    float values[4];
    _mm_storeu_ps(values, lanes);
    for (int i = 0; i < 4; i++) least = values[i] > least ? values[i] : least;
    return least;
}

/* feeling_hear() of a round of tokens or more, the last round the last tokens: of what was heard
 * before nothing is changed by being heard again. Returns `last`; `first`: there are too few. */
static uint32_t hear_rounds(const struct feeling_scales *scales,
                            const struct linear_features *features,
                            const struct linear_level *levels, uint32_t first, uint32_t last,
                            struct strongest *strongest)
{
    const uint16_t *praises = &levels->classes[scales->positive],
                   *blames = &levels->classes[scales->negative];
    __m128 highest = _mm_setzero_ps(), lowest = highest;
    if (last - first < ROUND) return first;
    for (; first < last; first += ROUND) {
        if (last - first < ROUND) first = last - ROUND;
        const uint32_t *at = &features->first[first];
        __m128i ups = behind(praises, at + 1), downs = behind(blames, at + 1);
        __m128i few = _mm_sub_epi32(_mm_loadu_si128((const void *)(at + 1)),
                                    _mm_loadu_si128((const void *)at)),
                more = _mm_sub_epi32(_mm_loadu_si128((const void *)(at + 5)),
                                     _mm_loadu_si128((const void *)(at + 4)));
        /* a token has a dozen features: all of this fits into 16 bits */
        __m128i zero = _mm_mullo_epi16(_mm_packs_epi32(few, more),
                                       _mm_set1_epi16(LINEAR_WEIGHT_ZERO));
        __m128i up = _mm_sub_epi16(differences(ups, praises[(size_t)at[0] * STRIDE]), zero),
                down = _mm_sub_epi16(differences(downs, blames[(size_t)at[0] * STRIDE]), zero);
        __m128 one = _mm_sub_ps(scaled(_mm_unpacklo_epi16(up, up), scales->up),
                                scaled(_mm_unpacklo_epi16(down, down), scales->down)),
               other = _mm_sub_ps(scaled(_mm_unpackhi_epi16(up, up), scales->up),
                                  scaled(_mm_unpackhi_epi16(down, down), scales->down));
        highest = _mm_max_ps(_mm_max_ps(one, other), highest);
        lowest = _mm_min_ps(_mm_min_ps(one, other), lowest);
    }
    strongest->praise = most_of(highest, strongest->praise);
    strongest->blame = most_of(_mm_sub_ps(_mm_setzero_ps(), lowest), strongest->blame);
    return first;
}
#endif

void feeling_hear(const struct feeling_scales *scales, const struct linear_features *features,
                  const struct linear_level *levels, uint32_t first, uint32_t last,
                  struct strongest *strongest)
{
    uint32_t positive = scales->positive, negative = scales->negative;
#ifdef __SSE2__
    first = hear_rounds(scales, features, levels, first, last, strongest);
#endif
    float highest = strongest->praise, lowest = -strongest->blame;
    uint32_t at = features->first[first];
    uint16_t up_before = levels[at].classes[positive], down_before = levels[at].classes[negative];
    for (uint32_t token = first; token < last; token++) {
        uint32_t next = features->first[token + 1];
        const uint16_t *behind = levels[next].classes;
        int zero = (int)(next - at) * LINEAR_WEIGHT_ZERO;
        uint16_t up = (uint16_t)(behind[positive] - up_before),
                 down = (uint16_t)(behind[negative] - down_before);
        float lean = scales->up * (float)(up - zero) - scales->down * (float)(down - zero);
        highest = lean > highest ? lean : highest;
        lowest = lean < lowest ? lean : lowest;
        up_before = behind[positive];
        down_before = behind[negative];
        at = next;
    }
    *strongest = (struct strongest){highest, -lowest};
}

static float logarithm(float probability)
{
    return logf(fmaxf(probability, PROBABILITY_MIN));
}

void feeling_read(const float probabilities[static FEELING_CLASSES],
                  const struct strongest *strongest, float problem, float question,
                  float signs[static FEELING_SIGNS])
{
    float positive = probabilities[FEELING_POSITIVE], negative = probabilities[FEELING_NEGATIVE];
    float lean = logarithm(positive) - logarithm(negative);
    signs[FEELING_LEAN] = lean;
    signs[FEELING_CLARITY] = fabsf(lean);
    signs[FEELING_UNDECIDED] =
        logarithm(probabilities[FEELING_NEUTRAL]) - logarithm(positive + negative);
    signs[FEELING_PRAISE] = log1pf(strongest->praise);
    signs[FEELING_BLAME] = log1pf(strongest->blame);
    signs[FEELING_PROBLEM] = problem;
    signs[FEELING_QUESTION] = question;
}

void feeling_judge(const struct feeling *feeling, const float signs[static FEELING_SIGNS],
                   float probabilities[static FEELING_CLASSES])
{
    for (int c = 0; c < FEELING_CLASSES; c++) {
        probabilities[c] = feeling->biases[c];
        for (int i = 0; i < FEELING_SIGNS; i++)
            probabilities[c] += feeling->weights[c][i] * signs[i];
    }
    linear_softmax(probabilities, FEELING_CLASSES);
}
