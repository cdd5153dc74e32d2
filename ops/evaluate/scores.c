/* Plain counting; each formula is in the header. */
#include "ops/evaluate/scores.h"

#include <math.h>

uint32_t scores_class(struct scores *scores, struct str name)
{
    name = str_slice(name, 0, SCORES_NAME_BYTES - 1);
    for (uint32_t i = 0; i < scores->class_count; i++)
        if (str_equal(str_of(scores->classes[i].name), name)) return i;
    if (scores->class_count == SCORES_CLASSES_MAX) return SCORES_CLASSES_MAX - 1;
    memcpy(scores->classes[scores->class_count].name, name.data, name.size);
    return scores->class_count++;
}

void scores_each(struct scores *scores, uint32_t class, bool truth, bool said)
{
    struct class_count *count = &scores->classes[class];
    count->truth += truth;
    count->said += said;
    count->right += truth && said;
}

void scores_one_of(struct scores *scores, uint32_t truth, uint32_t said)
{
    scores->one_of = true;
    scores->rows++;
    scores->right += truth == said;
    scores_each(scores, truth, true, truth == said);
    if (truth != said) scores_each(scores, said, false, true);
    if (truth < SCORES_MATRIX_MAX && said < SCORES_MATRIX_MAX) scores->matrix[truth][said]++;
}

void scores_confidence(struct scores *scores, double confidence, bool right)
{
    int bin = (int)(confidence * SCORES_BINS);
    bin = bin < 0 ? 0 : bin >= SCORES_BINS ? SCORES_BINS - 1 : bin;
    scores->bins[bin].rows++;
    scores->bins[bin].right += right;
    scores->bins[bin].confidence += confidence;
}

static double share(uint64_t part, uint64_t whole)
{
    return whole ? (double)part / (double)whole : 0;
}

double class_precision(const struct class_count *class) { return share(class->right, class->said); }
double class_recall(const struct class_count *class) { return share(class->right, class->truth); }
double class_f1(const struct class_count *class)
{
    return share(2 * class->right, class->said + class->truth);
}
double scores_accuracy(const struct scores *scores) { return share(scores->right, scores->rows); }

bool scores_hold(const struct scores *scores)
{
    for (uint32_t i = 0; i < scores->class_count; i++)
        if (scores->classes[i].truth) return true;
    return false;
}

bool scores_of_one_class(const struct scores *scores)
{
    uint32_t classes = 0;
    for (uint32_t i = 0; i < scores->class_count; i++) classes += scores->classes[i].truth > 0;
    return scores->one_of && classes == 1;
}

double scores_macro_f1(const struct scores *scores)
{
    double sum = 0;
    uint32_t classes = 0;
    for (uint32_t i = 0; i < scores->class_count; i++) {
        if (!scores->classes[i].truth) continue;
        sum += class_f1(&scores->classes[i]);
        classes++;
    }
    return classes ? sum / classes : 0;
}

double scores_calibration_error(const struct scores *scores)
{
    double error = 0;
    uint64_t rows = 0;
    for (int i = 0; i < SCORES_BINS; i++) {
        error += fabs(scores->bins[i].confidence - (double)scores->bins[i].right);
        rows += scores->bins[i].rows;
    }
    return rows ? error / (double)rows : -1;
}
