/* Two sets of insights, compared record by record: what `verbatim diff` is made of.
 *
 * diff_source.c reads each side into buckets by the id's hash, files on disk; diff.c joins them
 * bucket by bucket; diff_fields.c compares two records. Memory is what the largest bucket holds, a
 * 64th of both sides or so; the files hold what is compared of each record, and no more. */
#ifndef VERBATIM_OPS_CLI_DIFF_H
#define VERBATIM_OPS_CLI_DIFF_H

#include <stdio.h>

#include "ops/cli/cli.h"

enum { DIFF_BUCKETS = 64 };

/* --- reading (diff_source.c) ------------------------------------------------------------------ */

struct diff_side {
    FILE *buckets[DIFF_BUCKETS];
    uint64_t records, others; /* others: lines or messages without an insight */
    struct progress *progress;
};

/* `where`: "topic:PREFIX" (the topic `insights` of the bus, PREFIX may be empty), a file of JSON
 * lines (also zstd), or an archive (a folder, or s3://BUCKET/PREFIX). The errors of what it is. */
int diff_read(struct diff_side *side, const char *where, struct config *config,
              struct err *err) CHECKED;
/* One bucket, appended: for each record a uint32_t with its size, and its message. */
int diff_load(struct diff_side *side, unsigned bucket, struct buffer *out, struct err *err) CHECKED;
void diff_side_deinit(struct diff_side *side);
/* A record's message into its bucket; counted as another where it has no insight. */
int diff_keep(struct diff_side *side, struct str message, struct err *err) CHECKED;

/* --- comparing (diff_fields.c) ---------------------------------------------------------------- */

struct diff_record {
    struct str id;
    bool has_safety, has_segment;
    struct insight insight;
    struct safety safety;
    struct segment segment;
};
int diff_decode(struct str message, struct arena *arena, struct diff_record *ret_record,
                struct err *err) CHECKED;

/* The fields that are compared, as bits of DIFF_…; their names as in the record:
 * "sentiment.label". */
enum diff_field {
    DIFF_LABEL, DIFF_SCORE, DIFF_NEEDS, DIFF_TOPICS, DIFF_RECOMMENDATIONS, DIFF_STATE, DIFF_KINDS,
    DIFF_SERIOUS, DIFF_SEGMENT,
    DIFF_FIELDS
};
extern const char *const diff_field_names[DIFF_FIELDS];
/* USAGE names the nearest field. `names` is "a,b"; NULL: all. */
int diff_fields_of(const char *names, uint32_t *ret_fields, struct err *err) CHECKED;

/* Which of the fields differ. Lists are compared as sets, scores within the tolerance. */
uint32_t diff_compare(const struct diff_record *left, const struct diff_record *right,
                      uint32_t fields, double tolerance);
/* One field's value as JSON. */
void diff_write(const struct diff_record *record, enum diff_field field, struct buffer *out);
/* How much it asks of people: -1 no safety, 0 negative, 1 unassessed, 2 positive,
 * 3 positive and serious. */
int diff_safety_rank(const struct diff_record *record);

#endif
