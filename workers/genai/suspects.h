/* Which feedback seems to speak to a machine: it is asked about alone, so that it spoils no other's
 * answer. Phrases come from config/prompts/suspicious.txt; runs of single letters and of code count
 * too. */
#ifndef VERBATIM_WORKERS_GENAI_SUSPECTS_H
#define VERBATIM_WORKERS_GENAI_SUSPECTS_H

#include "base/arena.h"

enum { SUSPECT_PARTS_MAX = 4, SUSPECT_GAP_BYTES = 48, SUSPECT_BUCKETS = 1024 };

struct suspect_phrase {
    struct str parts[SUSPECT_PARTS_MAX]; /* in this order, each within SUSPECT_GAP_BYTES of the one
                                            before */
    uint32_t count;
};

/* The first four bytes of a phrase, the mask where it has fewer. */
struct suspect_start {
    uint32_t bytes, mask;
};

struct suspects {
    struct arena arena;
    /* those of one byte first, then by the bucket of their first two */
    struct suspect_phrase *phrases;
    uint32_t count, starts[SUSPECT_BUCKETS + 1]; /* of bucket b: from starts[b] to starts[b + 1] */
    struct suspect_start *begins;   /* of each */
    uint64_t pairs[65536 / 64];     /* bits: two bytes that one begins with */
    uint64_t triples[65536 / 64];   /* likewise three, hashed: of those of two bytes and more */
};

/* BAD_CONFIG names file and line; NO_MEMORY. */
int suspects_read(struct suspects *suspects, const char *file, struct str content,
                  struct err *err) CHECKED;
void suspects_deinit(struct suspects *suspects);
/* `scratch` for the folded text. Without memory: yes. */
bool suspects_hold(const struct suspects *suspects, struct str text, struct arena *scratch);

#endif
