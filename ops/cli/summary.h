/* Counts what records turned into, and shows them as a table. */
#ifndef VERBATIM_OPS_CLI_SUMMARY_H
#define VERBATIM_OPS_CLI_SUMMARY_H

#include <stdio.h>

#include "schema/record.h"

enum { SUMMARY_NAMES = 32 };

/* Counts by name; names beyond the room are counted as "other". */
struct tally {
    struct {
        char name[32];
        uint64_t count;
    } items[SUMMARY_NAMES];
    size_t used;
    uint64_t other;
};

struct summary {
    uint64_t records, refused, dead_letters, serious, redactions, duplicates;
    uint64_t sentiments[ENUM_sentiment_label_count], safety[ENUM_safety_state_count],
        kinds[ENUM_safety_kind_count];
    uint64_t needs[ENUM_need_kind_count];
    struct tally languages, topics, arms;
};

/* Adds a finished record. The arena is only used for its decoding. */
int summary_add(struct summary *summary, const struct record *record, struct arena *arena,
                struct err *err) CHECKED;
void summary_print(const struct summary *summary, FILE *out);

#endif
