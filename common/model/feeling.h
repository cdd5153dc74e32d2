/* How a text as a whole feels: a small logistic over what the linear models say of it.
 *
 * A linear model takes the mean of its words, so that one strong word in a long text is lost, and a
 * text of many faint words looks like one that feels. Here the strongest word of either side counts
 * as well, and whether the text reports a problem or asks something. The weights are fitted on what
 * models that hadn't seen a source said of that source (stacking: Wolpert 1992, "Stacked
 * Generalization"), and lie in section "feeling" of the sentiment model. */
#ifndef VERBATIM_MODEL_FEELING_H
#define VERBATIM_MODEL_FEELING_H

#include "model/linear_pair.h"

enum feeling_class { FEELING_POSITIVE, FEELING_NEGATIVE, FEELING_NEUTRAL, FEELING_CLASSES };
enum feeling_sign {
    FEELING_LEAN,      /* log-odds of positive against negative */
    FEELING_CLARITY,   /* its amount */
    FEELING_UNDECIDED, /* log-odds of neutral against both */
    FEELING_PRAISE,    /* ln(1 + log-odds) of the strongest positive word */
    FEELING_BLAME,     /* … of the strongest negative word */
    FEELING_PROBLEM,   /* P(problem_report) of the sentence with most of it */
    FEELING_QUESTION,  /* P(question), the same */
    FEELING_SIGNS
};

/* score(class) = bias + weights x signs; probabilities by softmax. */
struct feeling {
    bool known; /* false: the model has none, and its own probabilities stand */
    float biases[FEELING_CLASSES], weights[FEELING_CLASSES][FEELING_SIGNS];
};
enum { FEELING_NUMBERS = FEELING_CLASSES * (1 + FEELING_SIGNS) };

/* Of a sentiment model; without the section *ret_feeling is unknown. BAD_MODEL. */
int feeling_open(const struct model_file *file, struct feeling *ret_feeling,
                 struct err *err) CHECKED;

/* Log-odds of the strongest words, 0 or more. */
struct strongest {
    float praise, blame;
};
/* Which classes of the sentiment model say so, and how much a step of their weights is. */
struct feeling_scales {
    uint32_t positive, negative;
    float up, down;
};
struct feeling_scales feeling_scales_of(const struct linear_model *model, uint32_t positive,
                                        uint32_t negative);
/* Raises what is weaker than the tokens [first, last). levels: of all features. */
void feeling_hear(const struct feeling_scales *scales, const struct linear_features *features,
                  const struct linear_level *levels, uint32_t first, uint32_t last,
                  struct strongest *strongest);

/* probabilities: by enum feeling_class. */
void feeling_read(const float probabilities[static FEELING_CLASSES],
                  const struct strongest *strongest, float problem, float question,
                  float signs[static FEELING_SIGNS]);
void feeling_judge(const struct feeling *feeling, const float signs[static FEELING_SIGNS],
                   float probabilities[static FEELING_CLASSES]);

#endif
