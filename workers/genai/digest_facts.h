/* What a digest is told from: its counts as lines of text, for the whole window and for each of its
 * largest segments, with the numbers and names that stand in them. Aggregates only: no line is from
 * one record alone, but for the counts themselves; a need is named when two records share it. */
#ifndef VERBATIM_WORKERS_GENAI_DIGEST_FACTS_H
#define VERBATIM_WORKERS_GENAI_DIGEST_FACTS_H

#include "schema/record.h"

enum {
    DIGEST_SEGMENTS_TOLD = 8,  /* the largest; a story each */
    DIGEST_SEGMENT_LEAST = 5,  /* records that make a segment worth a story */
    DIGEST_FACTS_MAX = 1 + DIGEST_SEGMENTS_TOLD,
    DIGEST_NUMBERS_MAX = 512,
    DIGEST_NAMES_MAX = 64,
};

struct digest_number {
    double value;
    bool percent;
};

/* A row or need of the digest, and where its line stands in the text. */
struct digest_line {
    const struct digest_row *row; /* or */
    const struct digest_need *need;
    struct str name;              /* as a person reads it: of segment_topic, the topic */
    uint32_t start, end;
};

struct digest_facts {
    struct str segment; /* empty: the whole window */
    struct str text;    /* at most 8,192 bytes, as schemas/digest_story.def has it */
    struct digest_number *numbers;
    struct str *names;
    struct digest_line *lines;
    uint32_t number_count, name_count, line_count;
};

/* At most DIGEST_FACTS_MAX, the whole window first; none where nothing was said. Views of the
 * digest; all else is in the arena. NO_MEMORY. */
int digest_facts_make(const struct digest *digest, struct arena *arena,
                      struct digest_facts **ret_facts, uint32_t *ret_count,
                      struct err *err) CHECKED;

#endif
