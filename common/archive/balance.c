/* Sums against sums. */
#include "archive/balance.h"

#include <stdlib.h>

static void differ(struct findings *findings, enum finding_kind kind, const struct cell *cell,
                   const char *what, struct ledger_sum told, struct ledger_sum found)
{
    char hour[TIME_TEXT_BYTES];
    time_format(cell->window, hour);
    struct finding where = {.kind = kind,
                            .topic = cell->topic,
                            .partition = cell->partition == CELL_ALL ? 0 : cell->partition,
                            .offset = -1};
    if (told.records != found.records)
        findings_add(findings, where, "%s %.13s: the ledger says %llu, the archive holds %llu",
                     what, hour, (unsigned long long)told.records,
                     (unsigned long long)found.records);
    else
        findings_add(findings, where,
                     "%s %.13s: the ledger and the archive have %llu, but not the same ids", what,
                     hour, (unsigned long long)found.records);
}

/* Does any worker write this topic? */
static bool is_written(enum topic topic)
{
    bool written = topic == TOPIC_SAFETY || topic == TOPIC_DEAD_LETTERS;
    for (int stage = 0; stage < STAGES; stage++) written |= stages[stage].writes == topic;
    return written;
}

static void check_cell(const struct cell *cell, struct findings *findings)
{
    if (cell->partition == CELL_ALL) {
        if (is_written(cell->topic) && !ledger_same(cell->told, cell->found))
            differ(findings, FINDING_WRITTEN, cell, "written in the hour", cell->told, cell->found);
        return;
    }
    if (!ledger_same(cell->told_read, cell->found_read))
        differ(findings, FINDING_READ, cell, "read of the hour", cell->told_read, cell->found_read);
    if (!ledger_same(cell->told_resent, cell->found_resent))
        differ(findings, FINDING_READ, cell, "sent again in the hour", cell->told_resent,
               cell->found_resent);
}

/* --- rows ------------------------------------------------------------------------------------ */

struct row_sums {
    struct ledger_sum received, insights, dropped, refused, letters, waiting;
};

static void add(struct ledger_sum *sum, struct ledger_sum more)
{
    sum->records += more.records;
    sum->ids += more.ids;
}

static void add_cell(struct row_sums *sums, const struct cell *cell)
{
    if (cell->partition != CELL_ALL) {
        add(&sums->dropped, cell->dropped);
        add(&sums->refused, cell->refused);
        add(&sums->waiting, cell->waiting);
    } else if (cell->topic == TOPIC_FEEDBACK) {
        add(&sums->received, cell->found);
    } else if (cell->topic == TOPIC_INSIGHTS) {
        add(&sums->insights, cell->found);
    } else if (cell->topic == TOPIC_DEAD_LETTERS) {
        add(&sums->letters, cell->found);
    }
}

static bool is_empty(const struct verify_row *row)
{
    return !row->received && !row->insights && !row->duplicates && !row->dead_letters &&
           !row->in_flight;
}

static void close_row(int64_t window, const struct row_sums *sums, struct verify_report *report)
{
    struct ledger_sum out = sums->insights;
    char hour[TIME_TEXT_BYTES];
    add(&out, sums->dropped);
    add(&out, sums->refused);
    add(&out, sums->waiting);
    struct verify_row row = {.window = window,
                             .received = sums->received.records,
                             .insights = sums->insights.records,
                             .duplicates = sums->dropped.records,
                             .dead_letters = sums->letters.records,
                             .in_flight = sums->waiting.records,
                             .balanced = ledger_same(out, sums->received) &&
                                         sums->letters.records == sums->refused.records};
    if (is_empty(&row)) return;
    report->rows[report->row_count++] = row;
    if (row.balanced) return;
    time_format(window, hour);
    findings_add(&report->findings,
                 (struct finding){.kind = FINDING_BALANCE, .topic = TOPIC_NONE, .offset = -1},
                 "hour %.13s: %llu were received, and %llu insights + %llu duplicates + %llu dead "
                 "letters + %llu in flight are not the same records",
                 hour, (unsigned long long)row.received, (unsigned long long)row.insights,
                 (unsigned long long)row.duplicates, (unsigned long long)row.dead_letters,
                 (unsigned long long)row.in_flight);
}

static void check_dropped(struct ledger_sum told, struct ledger_sum found,
                          const struct id_note *vanished, struct findings *findings)
{
    if (ledger_same(told, found)) return;
    struct finding where = {.kind = FINDING_LOST,
                            .topic = TOPIC_FEEDBACK,
                            .partition = vanished->partition,
                            .offset = vanished->offset};
    if (vanished->offset >= 0)
        findings_add(findings, where,
                     "preprocess read it, and nothing came of it; %llu such records, of which the "
                     "ledger knows %llu as duplicates",
                     (unsigned long long)found.records, (unsigned long long)told.records);
    else
        findings_add(findings, where,
                     "of %llu records that preprocess read nothing came; the ledger knows %llu as "
                     "duplicates",
                     (unsigned long long)found.records, (unsigned long long)told.records);
}

int balance(struct book *book, struct ledger_sum dropped, const struct id_note *vanished,
            struct verify_report *report, struct err *err)
{
    const struct cell *cells = cells_sort(&book->cells);
    size_t count = book->cells.count;
    struct row_sums sums = {0};
    struct ledger_sum told_dropped = {0};
    report->rows = calloc(count + 1, sizeof *report->rows);
    if (!report->rows) return err_set(err, E_NO_MEMORY, NULL);
    for (size_t i = 0; i < count; i++) {
        const struct cell *cell = &cells[i];
        check_cell(cell, &report->findings);
        if (cell->topic == TOPIC_FEEDBACK) add(&told_dropped, cell->dropped);
        add_cell(&sums, cell);
        if (i + 1 < count && cells[i + 1].window == cell->window) continue;
        close_row(cell->window, &sums, report);
        sums = (struct row_sums){0};
    }
    check_dropped(told_dropped, dropped, vanished, &report->findings);
    return E_OK;
}
