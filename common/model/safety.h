/* The trained half of the safety screen: adds to what the cue lists found,
 * and never takes any away.
 *
 * A linear model of sigmoid classes: "alert" decides; "serious" says how likely a harm is serious,
 * so that both together say how likely a text is a serious one; the names of enum screen_kind say
 * what it is. It reads the text's features (linear.h) and the cues that did not decide:
 * a negated "rash" is a feature of its own. The whole text and each of its sentences are scored,
 * and the surest counts, so that one sentence of harm isn't drowned by five of praise. */
#ifndef VERBATIM_MODEL_SAFETY_H
#define VERBATIM_MODEL_SAFETY_H

#include "model/linear.h"
#include "text/screen.h"

/* The cue that evidence of the model names. */
#define SAFETY_MODEL_CUE "model"

enum { SAFETY_SENTENCE_TOKENS = 4 }; /* shorter ones are not judged alone */

struct safety_model {
    struct linear_model linear;
    uint32_t alert, serious, kinds[SCREEN_KIND_COUNT]; /* classes */
    /* The weights of class alert, side by side, as linear has them: every sentence asks for these,
     * one in thirty texts for others. An eighth of the model, and so within the second cache. */
    uint8_t *alerts;
};

/* NO_INPUT, NO_MEMORY, BAD_MODEL: also where it lacks a class. Read-only after that:
 * any thread may use it. */
int safety_model_open(const char *path, struct safety_model *ret_model, struct err *err) CHECKED;
int safety_model_parse(struct str bytes, struct safety_model *ret_model, struct err *err) CHECKED;
void safety_model_close(struct safety_model *model); /* zeroed is fine */

/* One feature a cue that is negated, conditional, an indication, figurative or unrelated; in the
 * arena. As many as SCREEN_MAX_HITS. NO_MEMORY only. */
int safety_cue_features(const struct screen_result *screened, struct arena *arena,
                        struct linear_features *ret_features, struct err *err) CHECKED;

/* What is known of a text beside its words. Zeroed: nothing. */
struct safety_about {
    const struct screen *screen; /* whose lists tell what was relieved; may be NULL */
    const char *language;
    float language_confidence;
    bool watched; /* it is about a medicine, or a product of the user's list */
};

/* Joins the model's judgement to *result, of the same text and tokens, where the lists found
 * nothing, or nothing serious: then it may say that it is. What they decided is theirs, kinds too,
 * and what is unassessed goes to people as it is. Half the odds are enough of what is watched; more
 * are asked for where the text says that an ailment went, is treated or denied, and before what it
 * calls mild is said to be serious. NO_MEMORY only. */
int safety_model_join(const struct safety_model *model, struct str text,
                      const struct tokens *tokens, const struct safety_about *about,
                      struct arena *arena, struct screen_result *result, struct err *err) CHECKED;

#endif
