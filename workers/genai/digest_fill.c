/* What a digest tells of its counts: each row with what is usual and unusual, and the needs that
 * were voiced most.
 *
 * Unusual, after DIGEST_HISTORY_LEAST windows: records beyond three spreads of the usual, where
 * a spread is at least that of a Poisson count; a feeling off by SHIFT_LEAST and more than chance
 * makes of so few records. */
#include <math.h>
#include <stdlib.h>

#include "workers/genai/digest_tables.h"

enum { RECORDS_LEAST = 5 };
#define SPREADS 3.0
#define SHIFT_LEAST 0.15

static uint32_t findings_of(const struct row *row)
{
    const struct usual *usual = &row->usual;
    double records = (double)row->records,
           spread = fmax(sqrt(usual->variance), sqrt(usual->records));
    uint32_t findings = 0;
    if (usual->windows < DIGEST_HISTORY_LEAST) return 0;
    if (row->records >= RECORDS_LEAST && records > usual->records + SPREADS * fmax(spread, 1))
        findings |= 1u << ENUM_digest_finding_rising;
    if (usual->records >= RECORDS_LEAST && records < usual->records - SPREADS * spread)
        findings |= 1u << ENUM_digest_finding_falling;
    if (row->records < RECORDS_LEAST || usual->records < 1) return findings;
    double shift = row->score / records - usual->score, chance = 1 / sqrt(records);
    if (shift > SHIFT_LEAST + chance) findings |= 1u << ENUM_digest_finding_better;
    if (shift < -SHIFT_LEAST - chance) findings |= 1u << ENUM_digest_finding_worse;
    return findings;
}

static void fill_row(const struct row *row, struct digest_row *out)
{
    uint32_t findings = findings_of(row);
    shape_set(digest_row, out, side, row->side);
    if (row->name.size) shape_set(digest_row, out, name, row->name);
    shape_set(digest_row, out, records, row->records);
    if (row->records) shape_set(digest_row, out, score, (float)(row->score / (double)row->records));
    shape_set(digest_row, out, windows, row->usual.windows);
    if (findings) shape_set(digest_row, out, findings, findings);
    if (!row->usual.windows) return;
    shape_set(digest_row, out, usual_records, (float)row->usual.records);
    shape_set(digest_row, out, usual_spread, (float)sqrt(row->usual.variance));
    shape_set(digest_row, out, usual_score, (float)row->usual.score);
}

/* By side, then the most first; names last, so that the order is always the same. */
static int compare_rows(const void *a, const void *b)
{
    const struct digest_row *left = a, *right = b;
    if (left->side != right->side) return left->side < right->side ? -1 : 1;
    if (left->records != right->records) return left->records > right->records ? -1 : 1;
    return str_compare(left->name, right->name);
}

static int fill_rows(const struct tenant *tenant, struct arena *arena, struct digest *digest,
                     struct err *err)
{
    struct digest_row_list list = {
        .items = ARENA_ARRAY(arena, struct digest_row, tenant->row_count)};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < ROW_SLOTS; i++) {
        const struct row *row = &tenant->rows[i];
        if (!row->hash || (!row->records && row->usual.records < USUAL_LEAST)) continue;
        fill_row(row, &list.items[list.count++]);
    }
    if (list.count) qsort(list.items, list.count, sizeof *list.items, compare_rows);
    if (list.count) shape_set(digest, digest, rows, list);
    return E_OK;
}

static bool is_before(const struct statement *a, const struct statement *b)
{
    if (a->records != b->records) return a->records > b->records;
    if (a->sure < b->sure || a->sure > b->sure) return a->sure > b->sure;
    return str_compare(a->text, b->text) < 0;
}

static int fill_needs(const struct tenant *tenant, struct arena *arena, struct digest *digest,
                      struct err *err)
{
    const struct statement *best[DIGEST_NEEDS];
    uint32_t found = 0;
    for (uint32_t i = 0; i < STATEMENT_SLOTS; i++) {
        const struct statement *statement = &tenant->statements[i];
        uint32_t at = found;
        if (!statement->hash) continue;
        while (at && is_before(statement, best[at - 1])) at--;
        if (at == DIGEST_NEEDS) continue;
        uint32_t last = found < DIGEST_NEEDS ? found++ : DIGEST_NEEDS - 1;
        for (; last > at; last--) best[last] = best[last - 1];
        best[at] = statement;
    }
    struct digest_need_list list = {
        .items = ARENA_ARRAY(arena, struct digest_need, found), .count = found};
    if (!list.items) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < found; i++) {
        shape_set(digest_need, &list.items[i], kind, best[i]->kind);
        shape_set(digest_need, &list.items[i], text, best[i]->text);
        shape_set(digest_need, &list.items[i], records, best[i]->records);
        shape_set(digest_need, &list.items[i], example, best[i]->example);
    }
    if (found) shape_set(digest, digest, needs, list);
    return E_OK;
}

int digest_counts_fill(const struct digest_counts *counts, uint32_t tenant, struct arena *arena,
                       struct digest *ret_digest, struct err *err)
{
    const struct tenant *from = counts->tenants[tenant];
    struct digest digest = {0};
    int rc = fill_needs(from, arena, &digest, err);
    if (rc == E_OK) rc = fill_rows(from, arena, &digest, err);
    if (rc) return rc;
    shape_set(digest, &digest, records, from->records);
    if (from->name.size) shape_set(digest, &digest, tenant, from->name);
    *ret_digest = digest;
    return E_OK;
}
