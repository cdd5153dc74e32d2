/* Receipts against records. */
#include "archive/sources.h"

#include <stdlib.h>

#include "base/clock.h"

enum { NAME_SLOTS = 2 * SOURCES_MAX };

void sources_deinit(struct sources *sources)
{
    arena_deinit(&sources->arena);
    free(sources->names);
    free(sources->by_hash);
    hash_table_deinit(&sources->cells);
    free(sources->told);
    *sources = (struct sources){0};
}

/* --- names ------------------------------------------------------------------------------------ */

static bool prepare(struct sources *sources)
{
    if (sources->name_count) return true;
    if (!sources->names) sources->names = calloc(SOURCES_MAX, sizeof *sources->names);
    if (!sources->by_hash) sources->by_hash = calloc(NAME_SLOTS, sizeof *sources->by_hash);
    if (!sources->told) sources->told = calloc(TOLD_DOORS, sizeof *sources->told);
    if (!sources->names || !sources->by_hash || !sources->told) return false;
    sources->names[0] = STR("");
    sources->name_count = 1;
    return true;
}

/* Its number; 0 where there is no room for another name. */
static bool number_of(struct sources *sources, struct str name, uint32_t *ret_number)
{
    *ret_number = 0;
    if (name.size == 0 || name.size > SOURCE_NAME_MAX) return true;
    size_t at = (size_t)hash_fast(name, 0) % NAME_SLOTS;
    for (; sources->by_hash[at]; at = (at + 1) % NAME_SLOTS)
        if (str_equal(sources->names[sources->by_hash[at]], name)) {
            *ret_number = sources->by_hash[at];
            return true;
        }
    if (sources->name_count == SOURCES_MAX) return true;
    struct str kept = arena_copy(&sources->arena, name);
    if (!kept.data) return false;
    *ret_number = sources->by_hash[at] = sources->name_count++;
    sources->names[*ret_number] = kept;
    return true;
}

/* --- cells ------------------------------------------------------------------------------------ */

static const struct hash_table_layout layout = {
    .item_bytes = sizeof(struct source_cell),
    .key_bytes = offsetof(struct source_cell, source) + sizeof(uint32_t)};

static uint64_t hash_of(const struct source_cell *cell)
{
    return hash_fast(str_make(cell, layout.key_bytes), 0);
}

/* What had no room once never has: so what is told and what is found of it meet
 * in the same cell. */
struct source_cell *sources_get(struct sources *sources, struct str source, int64_t window)
{
    uint32_t number;
    if (!prepare(sources) || !number_of(sources, source, &number)) return NULL;
    struct source_cell wanted = {.window = window, .source = number};
    if (number && sources->cells.count >= SOURCE_CELLS_MAX &&
        !hash_table_has(&sources->cells, layout, hash_of(&wanted), &wanted))
        wanted.source = 0;
    return hash_table_get(&sources->cells, layout, hash_of(&wanted), &wanted);
}

bool sources_told_before(struct sources *sources, struct str member, struct str id)
{
    if (id.size == 0 || !prepare(sources)) return false;
    struct told_ids *told = &sources->told[ledger_hash(member) % TOLD_DOORS];
    uint64_t hash = ledger_hash(id);
    for (size_t i = 0; i < TOLD_IDS; i++)
        if (told->hashes[i] == hash) return true;
    told->hashes[told->next++ % TOLD_IDS] = hash;
    return false;
}

/* --- judging ---------------------------------------------------------------------------------- */

static int compare_cells(const void *left, const void *right)
{
    const struct source_cell *a = left, *b = right;
    if (a->window != b->window) return a->window < b->window ? -1 : 1;
    return a->source < b->source ? -1 : a->source > b->source;
}

void source_show(struct str name, char out[static SOURCE_NAME_MAX + 1])
{
    size_t size = name.size < SOURCE_NAME_MAX ? name.size : SOURCE_NAME_MAX;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        out[i] = byte < 0x20 || byte == 0x7f ? '?' : name.data[i];
    }
    out[size] = '\0';
}

static void check(struct findings *findings, struct str source, int64_t window,
                  struct ledger_sum told, struct ledger_sum found)
{
    char hour[TIME_TEXT_BYTES], name[SOURCE_NAME_MAX + 1];
    const struct finding where = {
        .kind = FINDING_RECEIPTS, .topic = TOPIC_NONE, .offset = -1};
    if (told.records < found.records || ledger_same(told, found)) return;
    time_format(window, hour);
    source_show(source, name);
    if (told.records > found.records)
        findings_add(findings, where,
                     "hour %.13s of %s: the door gave %llu receipts, feedback holds %llu records",
                     hour, name, (unsigned long long)told.records,
                     (unsigned long long)found.records);
    else
        findings_add(findings, where,
                     "hour %.13s of %s: there are %llu receipts and as many records, but not the "
                     "same ids",
                     hour, name, (unsigned long long)found.records);
}

static void add(struct ledger_sum *sum, struct ledger_sum more)
{
    sum->records += more.records;
    sum->ids += more.ids;
}

/* Sources without a name of their own have only the sum of the hour to be checked against. */
static void check_hour(const struct sources *sources, const struct source_cell *cells, size_t count,
                       struct findings *findings)
{
    struct ledger_sum told = {0}, found = {0};
    uint64_t before = findings->count;
    for (size_t i = 0; i < count; i++) {
        add(&told, cells[i].told);
        add(&found, cells[i].found);
        if (cells[i].source)
            check(findings, sources->names[cells[i].source], cells[i].window, cells[i].told,
                  cells[i].found);
    }
    if (findings->count == before)
        check(findings, STR("all sources"), cells->window, told, found);
}

static int compare_sums(const void *left, const void *right)
{
    const struct source_sums *a = left, *b = right;
    if (a->records != b->records) return a->records > b->records ? -1 : 1;
    return strcmp(a->name, b->name);
}

static int sum_up(const struct sources *sources, const struct source_cell *cells,
                  struct source_sums **ret_sums, size_t *ret_count, struct err *err)
{
    size_t count = 0;
    struct source_sums *sums = calloc(sources->name_count + 1, sizeof *sums);
    if (!sums) return err_set(err, E_NO_MEMORY, NULL);
    for (uint32_t i = 0; i < sources->name_count; i++)
        memcpy(sums[i].name, sources->names[i].data, sources->names[i].size);
    for (size_t i = 0; i < sources->cells.count; i++) {
        sums[cells[i].source].receipts += cells[i].told.records;
        sums[cells[i].source].records += cells[i].found.records;
    }
    for (uint32_t i = 0; i < sources->name_count; i++)
        if (sums[i].receipts || sums[i].records) sums[count++] = sums[i];
    if (count) qsort(sums, count, sizeof *sums, compare_sums);
    *ret_sums = sums;
    *ret_count = count;
    return E_OK;
}

int sources_judge(struct sources *sources, struct findings *findings, struct source_sums **ret_sums,
                  size_t *ret_count, struct err *err)
{
    struct source_cell *cells = hash_table_pack(&sources->cells, layout);
    size_t cell_count = sources->cells.count;
    if (cells) qsort(cells, cell_count, sizeof *cells, compare_cells);
    for (size_t from = 0, to; from < cell_count; from = to) {
        for (to = from + 1; to < cell_count && cells[to].window == cells[from].window;) to++;
        check_hour(sources, cells + from, to - from, findings);
    }
    return sum_up(sources, cells, ret_sums, ret_count, err);
}
