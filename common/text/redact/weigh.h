/* Names that no rule takes and none refuses, weighed by what stands around them
 * (weigh.c). */
#ifndef VERBATIM_TEXT_REDACT_WEIGH_H
#define VERBATIM_TEXT_REDACT_WEIGH_H

#include "text/redact/name.h"

/* How surely it is a person's by all that is around it, in sixteenths of log-odds: one that is left
 * goes from ENOUGH on, from ENOUGH_THERE in a customer's matter and where somebody else was named,
 * a small one from SURE; one that was found for little stays below DOUBTED. */
enum { WEIGHT_ENOUGH = 19, WEIGHT_ENOUGH_THERE = -8, WEIGHT_SURE = 24 };
enum { WEIGHT_DOUBTED = -24, WEIGHT_DOUBTED_WHOLE = -48 };
int name_weight(const struct redact_finder *finder, const struct name *name);

/* It may be a name: remembered for redact_weigh(). */
void redact_leave(struct redact_finder *finder, const struct redact_word *word);

void redact_weigh(struct redact_finder *finder);

/* of features; of the words beside a name each bit of cues is one */
enum { WEIGHED_MOST = 16 + 2 * (CUE_BIT_COUNT + 1) };
struct redact_weighing {
    uint32_t start, end, count;
    int32_t weight;                /* in sixteenths of log-odds */
    uint16_t places[WEIGHED_MOST]; /* of the features, in the table of weights */
};
enum redact_fate { REDACT_LEFT, REDACT_REFUSED, REDACT_TAKEN }; /* by the rules */
/* Who trains the weights is told of all names; none of them goes or stays by its weight then. */
struct redact_watcher {
    void (*on_candidate)(void *context, struct str text, const struct redact_weighing *weighing,
                         enum redact_fate fate);
    void *context;
};
/* text_redact() with a watcher, or NULL. */
int redact_watched(struct str text, const char *language, const struct redact_watcher *watcher,
                   struct arena *arena, struct redacted *ret_redacted, struct err *err) CHECKED;

#endif
