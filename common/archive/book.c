/* Entries of the ledger, summed and checked against each other. */
#include "archive/book.h"

#include <stdlib.h>

#include "base/array.h"

enum { PARTITIONS_MAX = 100000 };

const struct stage stages[STAGES] = {
    {TOPIC_FEEDBACK, "preprocess", TOPIC_DOCUMENTS},
    {TOPIC_DOCUMENTS, "featurize", TOPIC_FEATURES},
    {TOPIC_FEATURES, "segment", TOPIC_SEGMENTS},
    {TOPIC_SEGMENTS, "genai", TOPIC_INSIGHTS},
};

int stage_reading(enum topic topic)
{
    int stage = 0;
    while (stage < STAGES && stages[stage].reads != topic) stage++;
    return stage;
}

void book_deinit(struct book *book)
{
    for (int stage = 0; stage < STAGES; stage++) {
        for (uint32_t i = 0; i < book->partitions[stage]; i++)
            free(book->coverage[stage][i].items);
        free(book->coverage[stage]);
    }
    hash_table_deinit(&book->cells);
    sources_deinit(&book->sources);
    *book = (struct book){0};
}

/* --- which offsets ---------------------------------------------------------------------------- */

/* The first range that ends behind the offset. */
static size_t find_range(const struct coverage *coverage, int64_t offset)
{
    size_t low = 0, high = coverage->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (coverage->items[middle].to <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct coverage *coverage_of(struct book *book, int stage, uint32_t partition)
{
    if (partition >= book->partitions[stage]) {
        uint32_t count = partition + 8;
        struct coverage *grown = realloc(book->coverage[stage], count * sizeof *grown);
        if (!grown) return NULL;
        memset(grown + book->partitions[stage], 0,
               (count - book->partitions[stage]) * sizeof *grown);
        book->coverage[stage] = grown;
        book->partitions[stage] = count;
    }
    return &book->coverage[stage][partition];
}

/* *ret_overlaps: a part of it is covered already. */
static bool cover(struct coverage *coverage, struct range range, bool *ret_overlaps)
{
    size_t at = find_range(coverage, range.from), end = at;
    while (end < coverage->count && coverage->items[end].from < range.to) end++;
    *ret_overlaps = end > at;
    if (at > 0 && coverage->items[at - 1].to == range.from) at--;
    if (end < coverage->count && coverage->items[end].from == range.to) end++;
    if (end > at) {
        if (coverage->items[at].from < range.from) range.from = coverage->items[at].from;
        if (coverage->items[end - 1].to > range.to) range.to = coverage->items[end - 1].to;
    } else if (!array_fits(&coverage->items, &coverage->capacity, coverage->count + 1,
                           sizeof *coverage->items)) {
        return false;
    }
    memmove(coverage->items + at + 1, coverage->items + end,
            (coverage->count - end) * sizeof range);
    coverage->items[at] = range;
    coverage->count += 1 + at - end;
    return true;
}

enum book_place book_find(const struct book *book, int stage, uint32_t partition, int64_t offset)
{
    if (partition >= book->partitions[stage]) return BOOK_WAITING;
    const struct coverage *coverage = &book->coverage[stage][partition];
    size_t at = find_range(coverage, offset);
    if (at == coverage->count) return BOOK_WAITING;
    return coverage->items[at].from <= offset ? BOOK_READ : BOOK_SKIPPED;
}

/* --- one message ------------------------------------------------------------------------------ */

static void add_sum(struct ledger_sum *sum, uint64_t records, uint64_t ids)
{
    sum->records += records;
    sum->ids += ids;
}

/* A count that isn't there is 0; one without its sum, or the other way round, is wrong. */
static bool read_sum(bool has_count, uint64_t records, bool has_ids, struct str text,
                     struct ledger_sum *ret_sum)
{
    *ret_sum = (struct ledger_sum){.records = has_count ? records : 0};
    if (has_count != has_ids) return false;
    return !has_ids || ledger_ids_read(text, &ret_sum->ids);
}

struct sums {
    struct ledger_sum read, dropped, refused, resent, passed;
};

static bool read_sums(const struct account *account, struct sums *sums)
{
    return read_sum(true, account->records, true, account->ids, &sums->read) &&
           read_sum(shape_has(account, account, dropped), account->dropped,
                    shape_has(account, account, dropped_ids), account->dropped_ids,
                    &sums->dropped) &&
           read_sum(shape_has(account, account, refused), account->refused,
                    shape_has(account, account, refused_ids), account->refused_ids,
                    &sums->refused) &&
           read_sum(shape_has(account, account, resent), account->resent,
                    shape_has(account, account, resent_ids), account->resent_ids, &sums->resent);
}

static int add_outputs(struct book *book, const struct account *account, enum topic passed_on,
                       struct sums *sums, bool *ret_sound, struct err *err)
{
    for (uint32_t i = 0; *ret_sound && i < account->outputs.count; i++) {
        const struct posting *posting = &account->outputs.items[i];
        enum topic topic = topic_by_name(posting->topic);
        struct ledger_sum sum = {.records = posting->records};
        *ret_sound = topic != TOPIC_NONE && ledger_ids_read(posting->ids, &sum.ids);
        if (!*ret_sound) break;
        if (topic == passed_on) sums->passed = sum;
        if (!book_wants(book, account->window)) continue;
        struct cell *cell = cells_get(&book->cells, topic, CELL_ALL, account->window);
        if (!cell) return err_set(err, E_NO_MEMORY, NULL);
        add_sum(&cell->told, sum.records, sum.ids);
    }
    return E_OK;
}

static int add_to_cell(struct book *book, enum topic topic, const struct account *account,
                       const struct sums *sums, struct err *err)
{
    struct cell *cell = cells_get(&book->cells, topic, account->partition, account->window);
    if (!cell) return err_set(err, E_NO_MEMORY, NULL);
    add_sum(&cell->told_read, sums->read.records, sums->read.ids);
    add_sum(&cell->told_resent, sums->resent.records, sums->resent.ids);
    add_sum(&cell->told_passed, sums->passed.records, sums->passed.ids);
    add_sum(&cell->dropped, sums->dropped.records, sums->dropped.ids);
    add_sum(&cell->refused, sums->refused.records, sums->refused.ids);
    return E_OK;
}

static bool balances(const struct sums *sums)
{
    struct ledger_sum parts = sums->passed;
    add_sum(&parts, sums->dropped.records, sums->dropped.ids);
    add_sum(&parts, sums->refused.records, sums->refused.ids);
    return ledger_same(parts, sums->read);
}

/* Hours of one partition in one message share their offsets. */
static bool is_sibling(const struct ledger *ledger, uint32_t at)
{
    const struct account *account = &ledger->accounts.items[at];
    for (uint32_t i = at; i > 0; i--) {
        const struct account *other = &ledger->accounts.items[i - 1];
        if (other->partition == account->partition && str_equal(other->topic, account->topic))
            return other->from == account->from && other->to == account->to;
    }
    return false;
}

static int add_account(struct book *book, const struct ledger *ledger, uint32_t at,
                       const struct finding *place, struct findings *findings, struct err *err)
{
    const struct account *account = &ledger->accounts.items[at];
    int stage = stage_reading(topic_by_name(account->topic));
    struct sums sums = {0};
    bool sound = stage < STAGES && str_equal(ledger->worker, str_of(stages[stage].worker)) &&
                 account->partition < PARTITIONS_MAX && account->from < account->to &&
                 account->to <= INT64_MAX && account->window % LEDGER_WINDOW_MS == 0 &&
                 read_sums(account, &sums);
    int rc = E_OK;
    if (sound) rc = add_outputs(book, account, stages[stage].writes, &sums, &sound, err);
    if (rc != E_OK) return rc;
    if (!sound) {
        findings_add(findings, *place, "an account of %.*s/%u says what can't be",
                     STR_ARGS(account->topic), account->partition);
        return E_OK;
    }
    enum topic topic = stages[stage].reads;
    if (!balances(&sums))
        findings_add(findings, *place,
                     "%.*s read %llu of %s/%u, and tells of other records that it passed on, "
                     "dropped or refused",
                     STR_ARGS(ledger->member), (unsigned long long)sums.read.records,
                     topic_info(topic)->name, account->partition);
    if (!is_sibling(ledger, at)) {
        bool overlaps;
        struct coverage *coverage = coverage_of(book, stage, account->partition);
        struct range range = {(int64_t)account->from, (int64_t)account->to};
        if (!coverage || !cover(coverage, range, &overlaps))
            return err_set(err, E_NO_MEMORY, NULL);
        if (overlaps)
            findings_add(findings, *place, "offsets %lld to %lld of %s/%u were committed twice",
                         (long long)range.from, (long long)range.to, topic_info(topic)->name,
                         account->partition);
    }
    return book_wants(book, account->window) ? add_to_cell(book, topic, account, &sums, err) : E_OK;
}

/* A message that the door sent twice, as it didn't hear that it had arrived, counts once. */
static int add_receipts(struct book *book, const struct ledger *ledger,
                        const struct finding *place, struct findings *findings, struct err *err)
{
    if (!ledger->receipts.count) return E_OK;
    if (sources_told_before(&book->sources, ledger->member, place->id)) return E_OK;
    for (uint32_t i = 0; i < ledger->receipts.count; i++) {
        const struct receipt *receipt = &ledger->receipts.items[i];
        struct ledger_sum sum = {.records = receipt->records};
        if (!str_equal(ledger->worker, STR("ingest")) || receipt->window % LEDGER_WINDOW_MS ||
            !ledger_ids_read(receipt->ids, &sum.ids)) {
            findings_add(findings, *place, "what it says of receipts can't be");
            continue;
        }
        if (!book_wants(book, receipt->window)) continue;
        struct source_cell *cell = sources_get(&book->sources, receipt->source, receipt->window);
        if (!cell) return err_set(err, E_NO_MEMORY, NULL);
        add_sum(&cell->told, sum.records, sum.ids);
    }
    return E_OK;
}

int book_add(struct book *book, const struct ledger *ledger, const struct finding *place,
             struct findings *findings, struct err *err)
{
    int rc = E_OK;
    book->entries++;
    for (uint32_t i = 0; rc == E_OK && i < ledger->accounts.count; i++)
        rc = add_account(book, ledger, i, place, findings, err);
    return rc == E_OK ? add_receipts(book, ledger, place, findings, err) : rc;
}
