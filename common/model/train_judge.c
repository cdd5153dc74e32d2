/* Finds temperature and thresholds on held-out rows, and says how good the int8 model is.
 *
 * Temperature scaling: Guo et al. 2017, "On Calibration of Modern Neural Networks". The log loss is
 * convex in 1 / temperature, so its derivative is bisected. */
#include <math.h>

#include "model/train_internal.h"

enum { BINS = TRAIN_BINS, BISECTIONS = 40, CLASSES = LINEAR_CLASSES_MAX };

static void scores_of(const struct train_linear *train, const struct linear_model *model,
                      const struct train_row *row, double *scores)
{
    uint32_t first[2] = {0, row->count};
    struct linear_features features = {
        .items = train->items + row->first, .first = first, .count = row->count, .tokens = 1};
    struct linear_sums sums = {0};
    linear_sum(model, &features, 0, 1, &sums);
    double length = train_length(&train->options, row);
    for (uint32_t c = 0; c < model->classes; c++)
        scores[c] = (double)model->biases[c] +
                    (double)model->scales[c] * (double)sums.classes[c] * length;
}

static void probabilities_of(const struct train_linear *train, const struct linear_model *model,
                             const struct train_row *row, double temperature, double *probabilities)
{
    double scores[CLASSES];
    scores_of(train, model, row, scores);
    for (uint32_t c = 0; c < model->classes; c++) scores[c] /= temperature;
    train_probabilities(&train->options, scores, row->known, probabilities);
}

static bool calibrates(const struct train_row *row, uint32_t test_source)
{
    return row->held_out && row->source != test_source;
}

static bool judges(const struct train_row *row, uint32_t test_source)
{
    return test_source == TRAIN_NO_SOURCE ? row->held_out : row->source == test_source;
}

/* Derivative of the log loss by 1 / temperature. */
static double slope(const struct train_linear *train, const struct linear_model *model,
                    uint32_t test_source, double temperature)
{
    double sum = 0, scores[CLASSES], divided[CLASSES], probabilities[CLASSES];
    for (size_t i = 0; i < train->row_count; i++) {
        const struct train_row *row = &train->rows[i];
        if (!calibrates(row, test_source)) continue;
        scores_of(train, model, row, scores);
        for (uint32_t c = 0; c < model->classes; c++) divided[c] = scores[c] / temperature;
        train_probabilities(&train->options, divided, row->known, probabilities);
        for (uint32_t c = 0; c < model->classes; c++) {
            if (!(row->known >> c & 1)) continue;
            sum += (double)row->weight * (probabilities[c] - (double)(row->labels >> c & 1)) *
                   scores[c];
        }
    }
    return sum;
}

static double find_temperature(const struct train_linear *train, const struct linear_model *model,
                               uint32_t test_source)
{
    double low = 0.1, high = 10; /* of 1 / temperature */
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = (low + high) / 2;
        if (slope(train, model, test_source, 1 / middle) > 0) high = middle;
        else low = middle;
    }
    return 2 / (low + high);
}

struct tally {
    double right, said, truth; /* weights of rows */
};

static double f1(struct tally tally)
{
    return tally.said + tally.truth > 0 ? 2 * tally.right / (tally.said + tally.truth) : 0;
}

/* The threshold, in hundredths, that gives class c its best F1. */
static double best_f1_threshold(const struct train_linear *train, const struct linear_model *model,
                                uint32_t test_source, double temperature, uint32_t class)
{
    struct tally tallies[100] = {{0}};
    double probabilities[CLASSES], best = 0.5, best_f1 = 0;
    for (size_t i = 0; i < train->row_count; i++) {
        const struct train_row *row = &train->rows[i];
        if (!calibrates(row, test_source) || !(row->known >> class & 1)) continue;
        probabilities_of(train, model, row, temperature, probabilities);
        bool holds = row->labels >> class & 1;
        for (int step = 0; step < 100; step++) {
            bool said = probabilities[class] >= step / 100.0;
            if (said) tallies[step].said += (double)row->weight;
            if (holds) tallies[step].truth += (double)row->weight;
            if (said && holds) tallies[step].right += (double)row->weight;
        }
    }
    for (int step = 20; step <= 80; step++)
        if (f1(tallies[step]) > best_f1) best_f1 = f1(tallies[step]), best = step / 100.0;
    return best;
}

/* The lowest threshold, in hundredths, at which at most the allowed share of rows without
 * class c is said to be c. */
static double budget_threshold(const struct train_linear *train, const struct linear_model *model,
                               uint32_t test_source, double temperature, uint32_t class)
{
    double above[101] = {0}, total = 0, probabilities[CLASSES];
    for (size_t i = 0; i < train->row_count; i++) {
        const struct train_row *row = &train->rows[i];
        if (!calibrates(row, test_source) || !(row->known >> class & 1) || row->labels >> class & 1)
            continue;
        probabilities_of(train, model, row, temperature, probabilities);
        above[(int)(probabilities[class] * 100)] += (double)row->weight;
        total += (double)row->weight;
    }
    double said = above[100];
    int step = 100;
    for (; step > 1 && said + above[step - 1] <= total * train->options.false_alarms; step--)
        said += above[step - 1];
    return step / 100.0;
}

static double sigmoid_threshold(const struct train_linear *train, const struct linear_model *model,
                                uint32_t test_source, double temperature, uint32_t class)
{
    if (class == 0 && train->options.false_alarms > 0)
        return budget_threshold(train, model, test_source, temperature, class);
    return best_f1_threshold(train, model, test_source, temperature, class);
}

static uint32_t largest(const double *values, uint32_t count)
{
    uint32_t best = 0;
    for (uint32_t i = 1; i < count; i++)
        if (values[i] > values[best]) best = i;
    return best;
}

/* Softmax: the lowest probability of class c, in steps of 5 hundredths, that is right
 * half the time. */
static double best_abstention(const struct train_linear *train, const struct linear_model *model,
                              uint32_t test_source, double temperature, uint32_t class)
{
    double right[20] = {0}, said[20] = {0}, probabilities[CLASSES];
    uint32_t all = (1u << model->classes) - 1;
    for (size_t i = 0; i < train->row_count; i++) {
        const struct train_row *row = &train->rows[i];
        if (!calibrates(row, test_source) || row->known != all) continue;
        probabilities_of(train, model, row, temperature, probabilities);
        if (largest(probabilities, model->classes) != class) continue;
        int bin = (int)(probabilities[class] * 20);
        bin = bin > 19 ? 19 : bin;
        said[bin] += (double)row->weight;
        if (row->labels >> class & 1) right[bin] += (double)row->weight;
    }
    for (int bin = 0; bin < 20; bin++)
        if (said[bin] > 0 && right[bin] * 2 >= said[bin]) return bin / 20.0;
    return 0.5;
}

void train_calibrate(const struct train_linear *train, const struct linear_model *model,
                     uint32_t test_source, struct calibration *calibration)
{
    double temperature = find_temperature(train, model, test_source);
    calibration->temperature = temperature;
    for (uint32_t c = 0; c < model->classes; c++) {
        double chosen = train->options.thresholds[c];
        calibration->thresholds[c] =
            chosen > 0 ? chosen
            : model->link == LINEAR_SIGMOID
                ? sigmoid_threshold(train, model, test_source, temperature, c)
                : best_abstention(train, model, test_source, temperature, c);
    }
}

struct judgement {
    struct tally tallies[CLASSES], pair[2];
    double bin_sure[BINS], bin_right[BINS], bin_rows[BINS];
    uint64_t rows, right;
};

static void judge_confidence(struct judgement *judgement, double probability, bool right)
{
    int bin = (int)(probability * BINS);
    bin = bin >= BINS ? BINS - 1 : bin;
    judgement->bin_sure[bin] += probability;
    judgement->bin_right[bin] += right;
    judgement->bin_rows[bin]++;
}

static void judge_one_of(struct judgement *judgement, struct train_report *report,
                         const struct train_row *row, double *probabilities, uint32_t classes,
                         uint32_t present)
{
    uint32_t truth = 0, said = largest(probabilities, classes);
    while (!(row->labels >> truth & 1)) truth++;
    judge_confidence(judgement, probabilities[said], said == truth);
    report->confusion[truth][said]++;
    if (truth < 2) {
        uint32_t sign = probabilities[1] > probabilities[0];
        judgement->pair[sign].said++;
        judgement->pair[truth].truth++;
        if (sign == truth) judgement->pair[truth].right++;
    }
    for (uint32_t c = 0; c < classes; c++)
        if (!(present >> c & 1)) probabilities[c] = -1;
    said = largest(probabilities, classes);
    judgement->tallies[said].said++;
    judgement->tallies[truth].truth++;
    if (said == truth) judgement->tallies[truth].right++, judgement->right++;
}

static void judge_each(struct judgement *judgement, const struct train_row *row,
                       const double *probabilities, const struct calibration *calibration,
                       uint32_t classes)
{
    for (uint32_t c = 0; c < classes; c++) {
        if (!(row->known >> c & 1)) continue;
        bool said = probabilities[c] >= calibration->thresholds[c], truth = row->labels >> c & 1;
        judge_confidence(judgement, probabilities[c], truth);
        judgement->tallies[c].said += said;
        judgement->tallies[c].truth += truth;
        judgement->tallies[c].right += said && truth;
    }
}

static void sum_up(const struct judgement *judgement, uint32_t classes, uint32_t present,
                   struct train_report *report)
{
    double total = 0, count = 0, error = 0, rows = 0;
    for (uint32_t c = 0; c < classes; c++) {
        const struct tally *tally = &judgement->tallies[c];
        report->f1[c] = f1(*tally);
        report->counts[c].right = (uint64_t)tally->right;
        report->counts[c].said = (uint64_t)tally->said;
        report->counts[c].truth = (uint64_t)tally->truth;
        if (present >> c & 1) total += report->f1[c], count++;
    }
    for (int bin = 0; bin < BINS; bin++) {
        error += fabs(judgement->bin_sure[bin] - judgement->bin_right[bin]);
        rows += judgement->bin_rows[bin];
        report->bins[bin].rows = (uint64_t)judgement->bin_rows[bin];
        report->bins[bin].right = (uint64_t)judgement->bin_right[bin];
        report->bins[bin].sure = judgement->bin_sure[bin];
    }
    report->held_out = judgement->rows;
    report->accuracy = judgement->rows ? (double)judgement->right / (double)judgement->rows : 0;
    report->macro_f1 = count > 0 ? total / count : 0;
    report->two_way_macro_f1 = (f1(judgement->pair[0]) + f1(judgement->pair[1])) / 2;
    report->calibration_error = rows > 0 ? error / rows : 0;
}

void train_judge(const struct train_linear *train, const struct linear_model *model,
                 const struct calibration *calibration, uint32_t test_source,
                 struct train_report *report)
{
    struct judgement judgement = {0};
    double probabilities[CLASSES];
    uint32_t present = 0;
    *report = (struct train_report){.rows = train->row_count};
    for (size_t i = 0; i < train->row_count; i++)
        if (judges(&train->rows[i], test_source)) present |= train->rows[i].labels;
    for (size_t i = 0; i < train->row_count; i++) {
        const struct train_row *row = &train->rows[i];
        if (!judges(row, test_source)) continue;
        judgement.rows++;
        probabilities_of(train, model, row, calibration->temperature, probabilities);
        if (model->link == LINEAR_SOFTMAX)
            judge_one_of(&judgement, report, row, probabilities, model->classes, present);
        else judge_each(&judgement, row, probabilities, calibration, model->classes);
    }
    sum_up(&judgement, model->classes, present, report);
}
