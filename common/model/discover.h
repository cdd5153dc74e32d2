/* What feedback speaks of that no topic covers: phrases of one to three words that recur.
 *
 * A phrase lies within a clause, neither begins nor ends with a stop word, and shares no word
 * with a keyword of the taxonomy. Endings of number and gender and the order of words don't
 * matter, so near duplicates are one. Memory is bounded: when the table is full, the rarest are
 * forgotten; `forgotten` says how many records a phrase may have lost by that (lossy counting,
 * Manku and Motwani 2002). lift = P(phrase) / product of P(word), 1 of one word.
 * score = log2(words + 1) x records in which it isn't part of one longer candidate (after the
 * C-value of Frantzi et al. 2000) x log2(1 + lift), at most 4. */
#ifndef VERBATIM_MODEL_DISCOVER_H
#define VERBATIM_MODEL_DISCOVER_H

#include "model/topics.h"

enum {
    DISCOVER_WORDS_MAX = 3, DISCOVER_TEXT_BYTES = 48, DISCOVER_EXAMPLE_BYTES = 104,
    DISCOVER_SLOTS = 1 << 17
};

struct discovery {
    struct str text;    /* as it stood first, in lower case without accents */
    struct str example; /* from the first record */
    uint32_t example_at; /* where the phrase stands in it, bytes */
    uint32_t records, customers; /* customers: distinct, an estimate (within 10 % up to 500) */
    double lift, score;
};

struct discover;
/* topics outlives it. slots: 0 for DISCOVER_SLOTS, or a power of two from 64 on.
 * NULL: no memory. */
struct discover *discover_create(const struct topics *topics, uint32_t slots);
void discover_destroy(struct discover *discover);
/* One record's text; an empty customer is one of its own. languages: bits, whose stop words
 * and keywords count. */
void discover_add(struct discover *discover, struct str text, const struct tokens *tokens,
                  struct str customer, uint32_t languages);
uint32_t discover_records(const struct discover *discover);
uint32_t discover_forgotten(const struct discover *discover);
/* The best `limit` with at least `records_min` records, best first, in the arena; views into
 * discover. NO_MEMORY. */
int discover_report(const struct discover *discover, uint32_t records_min, uint32_t limit,
                    struct arena *arena, struct discovery **ret_found, uint32_t *ret_count,
                    struct err *err) CHECKED;

#endif
