/* Rows by hash; what is usual as exponentially weighted means and variances (Finch 2009,
 * "Incremental calculation of weighted mean and variance", section 9), which for the first
 * `trailing` windows are the plain ones.
 *
 * Unusual, after DIGEST_HISTORY_LEAST windows: records beyond three spreads of the usual, where
 * a spread is at least that of a Poisson count; a feeling off by SHIFT_LEAST and more than chance
 * makes of so few records. */
#include "workers/genai/digest_counts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum {
    ROW_SLOTS = 2 * DIGEST_ROWS_MAX, STATEMENT_SLOTS = 2 * DIGEST_STATEMENTS_MAX, RECORDS_LEAST = 5,
    NAME_BYTES = 256
};
#define SPREADS 3.0
#define SHIFT_LEAST 0.15
/* A row that hasn't been seen for long isn't kept. */
#define USUAL_LEAST 0.02

struct usual {
    double records, variance, score;
    uint32_t windows;
};
struct row {
    uint64_t hash; /* 0: free */
    uint32_t side;
    struct str name;
    uint64_t records;
    double score; /* sum */
    struct usual usual;
};
struct statement {
    uint64_t hash; /* 0: free */
    uint32_t kind;
    struct str text, example;
    uint64_t records, last; /* last: hash of the id that was counted last */
};
struct tenant {
    struct str name;
    uint64_t records;
    uint32_t row_count, statement_count, windows; /* windows: that are over */
    struct row *rows;             /* ROW_SLOTS */
    struct statement *statements; /* STATEMENT_SLOTS */
    struct arena names;           /* of the rows */
    struct arena window;          /* texts of the statements */
};
struct digest_counts {
    double fade; /* 1 / trailing */
    struct tenant *tenants[DIGEST_TENANTS_MAX];
    uint32_t tenant_count;
    struct arena names; /* of tenants */
};

/* --- tables ----------------------------------------------------------------------------------- */

struct digest_counts *digest_counts_create(uint32_t trailing)
{
    struct digest_counts *counts = calloc(1, sizeof *counts);
    if (counts) counts->fade = 1.0 / (trailing ? trailing : 1);
    return counts;
}

static void free_tenant(struct tenant *tenant)
{
    free(tenant->rows);
    free(tenant->statements);
    arena_deinit(&tenant->names);
    arena_deinit(&tenant->window);
    free(tenant);
}

void digest_counts_destroy(struct digest_counts *counts)
{
    if (!counts) return;
    for (uint32_t i = 0; i < counts->tenant_count; i++) free_tenant(counts->tenants[i]);
    arena_deinit(&counts->names);
    free(counts);
}

static struct tenant *add_tenant(struct digest_counts *counts, struct str name)
{
    struct tenant *tenant = calloc(1, sizeof *tenant);
    if (!tenant) return NULL;
    tenant->rows = calloc(ROW_SLOTS, sizeof *tenant->rows);
    tenant->statements = calloc(STATEMENT_SLOTS, sizeof *tenant->statements);
    tenant->name = arena_copy(&counts->names, name);
    if (!tenant->rows || !tenant->statements || !tenant->name.data) {
        free_tenant(tenant);
        return NULL;
    }
    return counts->tenants[counts->tenant_count++] = tenant;
}

static struct tenant *tenant_of(struct digest_counts *counts, struct str name)
{
    if (counts->tenant_count == DIGEST_TENANTS_MAX) name = STR("");
    for (uint32_t i = 0; i < counts->tenant_count; i++)
        if (str_equal(counts->tenants[i]->name, name)) return counts->tenants[i];
    if (counts->tenant_count == DIGEST_TENANTS_MAX) return counts->tenants[0];
    return add_tenant(counts, name);
}

/* *ret_row NULL: the table is full, and it isn't told apart. False without memory. */
static bool row_of(struct tenant *tenant, uint32_t side, struct str name, struct row **ret_row)
{
    uint64_t hash = hash_fast(name, side) | 1;
    uint32_t slot = (uint32_t)(hash >> 32) % ROW_SLOTS;
    for (; tenant->rows[slot].hash; slot = (slot + 1) % ROW_SLOTS) {
        struct row *row = &tenant->rows[slot];
        if (row->hash == hash && row->side == side && str_equal(row->name, name))
            return *ret_row = row, true;
    }
    *ret_row = NULL;
    if (tenant->row_count == DIGEST_ROWS_MAX) return true;
    if (side == ENUM_digest_side_segment_topic && tenant->row_count >= DIGEST_CROSSED_MAX)
        return true; /* room for the rest */
    struct str copy = arena_copy(&tenant->names, name);
    if (!copy.data) return false;
    *ret_row = &tenant->rows[slot];
    **ret_row = (struct row){
        .hash = hash, .side = side, .name = copy, .usual.windows = tenant->windows};
    tenant->row_count++;
    return true;
}

/* --- a record --------------------------------------------------------------------------------- */

enum { COPY_BYTES = 60 }; /* about twelve words */

struct facts {
    struct str id, tenant, product, segment;
    const struct insight *insight;
    bool alert, copy;
};

static bool count_row(struct tenant *tenant, uint32_t side, struct str name,
                      const struct facts *facts)
{
    struct row *row;
    if (!row_of(tenant, side, name, &row)) return false;
    if (row) row->records++, row->score += (double)facts->insight->sentiment.score;
    return true;
}

/* What a segment speaks of. */
static bool count_crossed(struct tenant *tenant, struct str topic, const struct facts *facts)
{
    char name[NAME_BYTES];
    if (!facts->segment.size) return true;
    int size = snprintf(name, sizeof name, "%.*s %.*s", STR_ARGS(facts->segment), STR_ARGS(topic));
    return size >= (int)sizeof name ||
           count_row(tenant, ENUM_digest_side_segment_topic, str_make(name, (size_t)size), facts);
}

static bool count_need(struct tenant *tenant, const struct need *need, const struct facts *facts)
{
    uint64_t hash = hash_fast(need->text, need->kind) | 1, record = hash_fast(facts->id, 0);
    uint32_t slot = (uint32_t)(hash >> 32) % STATEMENT_SLOTS;
    for (; tenant->statements[slot].hash; slot = (slot + 1) % STATEMENT_SLOTS) {
        struct statement *statement = &tenant->statements[slot];
        if (statement->hash != hash || statement->kind != need->kind ||
            !str_equal(statement->text, need->text))
            continue;
        statement->records += statement->last != record; /* a record counts once */
        statement->last = record;
        return true;
    }
    if (tenant->statement_count == DIGEST_STATEMENTS_MAX) return true;
    struct str text = arena_copy(&tenant->window, need->text),
               example = arena_copy(&tenant->window, facts->id);
    if (!text.data || !example.data) return false;
    tenant->statements[slot] = (struct statement){hash, need->kind, text, example, 1, record};
    tenant->statement_count++;
    return true;
}

static bool count(struct digest_counts *counts, const struct facts *facts)
{
    const struct insight *insight = facts->insight;
    struct tenant *tenant = tenant_of(counts, facts->tenant);
    if (!tenant) return false;
    bool ok = count_row(tenant, ENUM_digest_side_total, STR(""), facts);
    if (insight->sentiment.label == ENUM_sentiment_label_negative)
        ok = ok && count_row(tenant, ENUM_digest_side_negative, STR(""), facts);
    if (facts->alert) ok = ok && count_row(tenant, ENUM_digest_side_safety, STR(""), facts);
    if (facts->segment.size)
        ok = ok && count_row(tenant, ENUM_digest_side_segment, facts->segment, facts);
    if (facts->product.size)
        ok = ok && count_row(tenant, ENUM_digest_side_product, facts->product, facts);
    for (uint32_t i = 0; ok && i < insight->topics.count; i++)
        ok = count_row(tenant, ENUM_digest_side_topic, insight->topics.items[i], facts) &&
             count_crossed(tenant, insight->topics.items[i], facts);
    for (uint32_t i = 0; ok && i < insight->needs.count && !facts->copy; i++)
        ok = count_need(tenant, &insight->needs.items[i], facts);
    tenant->records += ok;
    return ok;
}

/* Whether a text that came before is the same voice once more: a long one is a copy (sent twice,
 * exported twice, spread by bots), a short one ("please add dark mode") is what others write too.
 * Two copies of one complaint would otherwise top what is needed. */
static int find_copy(const struct record *record, struct arena *arena, bool *ret_copy,
                     struct err *err)
{
    struct document document = {0};
    if (!record_has(record, SECTION_DOCUMENT)) return *ret_copy = false, E_OK;
    int rc = record_decode(record, SECTION_DOCUMENT, &document, arena, err);
    if (rc) return rc;
    *ret_copy = shape_has(document, &document, duplicate) && document.text.size >= COPY_BYTES;
    return E_OK;
}

int digest_counts_add(struct digest_counts *counts, struct str message, struct arena *arena,
                      struct err *err)
{
    struct record record;
    struct feedback feedback = {0};
    struct safety safety = {0};
    struct segment segment = {0};
    struct insight insight = {0};
    int rc = record_scan(message, arena, &record, err);
    if (rc || !record_has(&record, SECTION_INSIGHT)) return rc;
    rc = record_decode(&record, SECTION_INSIGHT, &insight, arena, err);
    if (rc == E_OK && record_has(&record, SECTION_FEEDBACK))
        rc = record_decode(&record, SECTION_FEEDBACK, &feedback, arena, err);
    if (rc == E_OK && record_has(&record, SECTION_SAFETY))
        rc = record_decode(&record, SECTION_SAFETY, &safety, arena, err);
    if (rc == E_OK && record_has(&record, SECTION_SEGMENT))
        rc = record_decode(&record, SECTION_SEGMENT, &segment, arena, err);
    bool copy = false;
    if (rc == E_OK) rc = find_copy(&record, arena, &copy, err);
    if (rc) return rc;
    struct facts facts = {
        .id = record.id, .tenant = feedback.tenant, .product = feedback.product,
        .insight = &insight, .copy = copy,
        .alert = record_has(&record, SECTION_SAFETY) && safety.state == ENUM_safety_state_positive};
    if (record_has(&record, SECTION_SEGMENT))
        facts.segment = arena_printf(arena, "%u", segment.segment);
    return count(counts, &facts) ? E_OK : err_set(err, E_NO_MEMORY, NULL);
}

/* --- windows ---------------------------------------------------------------------------------- */

static void fold(const struct digest_counts *counts, struct usual *usual, uint64_t records,
                 double score)
{
    double plain = 1.0 / (usual->windows + 1.0),
           weight = plain > counts->fade ? plain : counts->fade;
    double difference = (double)records - usual->records, step = weight * difference;
    double share = usual->records + (double)records > 0 ? weight * (double)records /
                   ((1 - weight) * usual->records + weight * (double)records) : 0;
    if (records) usual->score += share * (score - usual->score); /* each record weighs the same */
    usual->variance = (1 - weight) * (usual->variance + difference * step);
    usual->records += step;
    usual->windows++;
}

/* A table of those rows that haven't faded away. Without memory for it the old one stays. */
static void drop_faded(struct tenant *tenant)
{
    struct tenant kept = {.rows = calloc(ROW_SLOTS, sizeof *kept.rows)};
    bool ok = kept.rows != NULL;
    for (uint32_t i = 0; ok && i < ROW_SLOTS; i++) {
        const struct row *from = &tenant->rows[i];
        struct row *row;
        if (!from->hash || from->usual.records < USUAL_LEAST) continue;
        ok = row_of(&kept, from->side, from->name, &row);
        if (ok) row->usual = from->usual;
    }
    if (ok) {
        struct row *rows = tenant->rows;
        struct arena names = tenant->names;
        tenant->rows = kept.rows, tenant->names = kept.names, tenant->row_count = kept.row_count;
        kept.rows = rows, kept.names = names;
    }
    free(kept.rows);
    arena_deinit(&kept.names);
}

static void close_rows(const struct digest_counts *counts, struct tenant *tenant)
{
    for (uint32_t i = 0; i < ROW_SLOTS; i++) {
        struct row *row = &tenant->rows[i];
        if (!row->hash) continue;
        fold(counts, &row->usual, row->records,
             row->records ? row->score / (double)row->records : 0);
        row->records = 0;
        row->score = 0;
    }
    drop_faded(tenant);
}

void digest_counts_close_window(struct digest_counts *counts)
{
    for (uint32_t i = 0; i < counts->tenant_count; i++) {
        struct tenant *tenant = counts->tenants[i];
        close_rows(counts, tenant);
        memset(tenant->statements, 0, STATEMENT_SLOTS * sizeof *tenant->statements);
        tenant->statement_count = 0;
        tenant->records = 0;
        tenant->windows++;
        arena_reset(&tenant->window);
    }
}

int digest_counts_restore(struct digest_counts *counts, const struct digest *digest,
                          struct err *err)
{
    struct tenant *tenant = tenant_of(counts, digest->tenant);
    if (!tenant) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < digest->rows.count; i++) {
        const struct digest_row *from = &digest->rows.items[i];
        struct row *row;
        if (!row_of(tenant, from->side, from->name, &row)) return err_set(err, E_NO_MEMORY, NULL);
        if (!row) break;
        double spread = (double)from->usual_spread;
        row->usual = (struct usual){
            (double)from->usual_records, spread * spread, (double)from->usual_score, from->windows};
        fold(counts, &row->usual, from->records, (double)from->score);
        if (row->usual.windows > tenant->windows) tenant->windows = row->usual.windows;
    }
    return E_OK;
}

/* --- what is told ----------------------------------------------------------------------------- */

uint32_t digest_counts_tenants(const struct digest_counts *counts) { return counts->tenant_count; }

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
