/* A digest as digest_counts_fill() gives it: 120 records, one segment of 40, a small one of 4. */
#ifndef VERBATIM_TESTS_DIGEST_ROWS_H
#define VERBATIM_TESTS_DIGEST_ROWS_H

#include "test.h"

#include "schema/record.h"

struct digest_bed {
    struct digest_row rows[64];
    struct digest_need needs[3];
    struct digest digest;
};

static inline void bed_row(struct digest_bed *bed, uint32_t side, const char *name,
                           uint64_t records, float score, uint32_t findings)
{
    struct digest_row *row = &bed->rows[bed->digest.rows.count++];
    *row = (struct digest_row){0};
    shape_set(digest_row, row, side, side);
    if (*name) shape_set(digest_row, row, name, str_of(name));
    shape_set(digest_row, row, records, records);
    shape_set(digest_row, row, score, score);
    shape_set(digest_row, row, windows, 4);
    if (!findings) return;
    shape_set(digest_row, row, findings, findings);
    shape_set(digest_row, row, usual_records, 12.25f);
    shape_set(digest_row, row, usual_score, 0.1f);
}

static inline void bed_need(struct digest_bed *bed, uint32_t kind, const char *text,
                            uint64_t records)
{
    struct digest_need *need = &bed->needs[bed->digest.needs.count++];
    *need = (struct digest_need){0};
    shape_set(digest_need, need, kind, kind);
    shape_set(digest_need, need, text, str_of(text));
    shape_set(digest_need, need, records, records);
}

static inline void bed_fill(struct digest_bed *bed)
{
    *bed = (struct digest_bed){.digest = {.rows.items = bed->rows, .needs.items = bed->needs}};
    shape_set(digest, &bed->digest, records, 120);
    shape_set(digest, &bed->digest, tenant, STR("acme"));
    bed_row(bed, ENUM_digest_side_total, "", 120, -0.05f, 0);
    bed_row(bed, ENUM_digest_side_negative, "", 48, -0.6f, 0);
    bed_row(bed, ENUM_digest_side_safety, "", 3, -0.8f, 0);
    bed_row(bed, ENUM_digest_side_topic, "delivery", 44, -0.5f, 1u << ENUM_digest_finding_rising);
    bed_row(bed, ENUM_digest_side_topic, "quality", 30, 0.4f, 0);
    bed_row(bed, ENUM_digest_side_segment, "7", 40, -0.2f, 0);
    bed_row(bed, ENUM_digest_side_segment, "2", 4, 0.5f, 0);
    bed_row(bed, ENUM_digest_side_product, "Charger X2", 1500, 0.001f, 0);
    bed_row(bed, ENUM_digest_side_segment_topic, "7 delivery", 20, -0.7f, 0);
    bed_row(bed, ENUM_digest_side_segment_topic, "2 delivery", 4, -0.7f, 0);
    bed_need(bed, ENUM_need_kind_feature_request, "a lid for 2 cups", 9);
    bed_need(bed, ENUM_need_kind_question, "how to pair", 2);
    bed_need(bed, ENUM_need_kind_question, "only one asks this", 1);
    bed->digest.present |= 1u << FIELD_digest_rows | 1u << FIELD_digest_needs;
}

#endif
