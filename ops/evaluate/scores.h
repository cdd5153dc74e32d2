/* Counts of what was said beside what is true, and the figures that follow from them.
 *
 * precision = right / said, recall = right / truth, F1 = 2 right / (said + truth);
 * 0 where nothing divides. Macro-F1 is the plain mean over the classes that the data holds.
 * Calibration: rows by the confidence that was stated, in ten bins; ECE is the mean of |confidence
 * - share right|, weighted by rows (Naeini et al. 2015, "Obtaining well calibrated probabilities
 * using Bayesian binning"). */
#ifndef VERBATIM_EVALUATE_SCORES_H
#define VERBATIM_EVALUATE_SCORES_H

#include "base/str.h"

enum { SCORES_CLASSES_MAX = 160, SCORES_MATRIX_MAX = 12, SCORES_BINS = 10, SCORES_NAME_BYTES = 48 };

struct class_count {
    char name[SCORES_NAME_BYTES];
    uint64_t right, said, truth;
};
struct scores {
    const char *name; /* lower case with underscores; NULL: not in use */
    struct class_count classes[SCORES_CLASSES_MAX];
    uint32_t class_count;
    bool one_of;      /* one class a row: there are an accuracy and a confusion matrix */
    uint64_t rows, right;
    uint64_t matrix[SCORES_MATRIX_MAX][SCORES_MATRIX_MAX]; /* [truth][said] of the first classes */
    struct {
        uint64_t rows, right;
        double confidence; /* sum */
    } bins[SCORES_BINS];
};

/* Its index, added where it is new. Names are cut; classes beyond the bound share the last. */
uint32_t scores_class(struct scores *scores, struct str name);
/* One row that has one class. */
void scores_one_of(struct scores *scores, uint32_t truth, uint32_t said);
/* One class of a row that may have many. */
void scores_each(struct scores *scores, uint32_t class, bool truth, bool said);
void scores_confidence(struct scores *scores, double confidence, bool right);

double class_precision(const struct class_count *class);
double class_recall(const struct class_count *class);
double class_f1(const struct class_count *class);
double scores_accuracy(const struct scores *scores);
double scores_macro_f1(const struct scores *scores);
/* Rows that have a class of it; without any, its figures mean nothing. */
bool scores_hold(const struct scores *scores);
/* All rows' truth is one class: a mean over classes says little. */
bool scores_of_one_class(const struct scores *scores);
double scores_calibration_error(const struct scores *scores); /* < 0: no confidence was stated */

#endif
