/* Rows by hash; what is usual as exponentially weighted means and variances (Finch 2009,
 * "Incremental calculation of weighted mean and variance", section 9), which for the first
 * `trailing` windows are the plain ones. What a digest tells of them: digest_fill.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "workers/genai/digest_tables.h"

enum { NAME_BYTES = 256 };

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

uint32_t digest_counts_tenants(const struct digest_counts *counts) { return counts->tenant_count; }

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
        statement->sure = fmaxf(statement->sure, need->confidence);
        return true;
    }
    if (tenant->statement_count == DIGEST_STATEMENTS_MAX) return true;
    struct str text = arena_copy(&tenant->window, need->text),
               example = arena_copy(&tenant->window, facts->id);
    if (!text.data || !example.data) return false;
    tenant->statements[slot] = (struct statement){
        hash, need->kind, text, example, need->confidence, 1, record};
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
