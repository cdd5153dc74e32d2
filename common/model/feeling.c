/* Reads the weights, gathers the signs, and weighs them. */
#include "model/feeling.h"

#include <math.h>

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

void feeling_hear(const struct feeling_scales *scales, const struct linear_features *features,
                  const struct linear_level *levels, uint32_t first, uint32_t last,
                  struct strongest *strongest)
{
    uint32_t positive = scales->positive, negative = scales->negative;
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
