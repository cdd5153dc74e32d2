/* links: common_archive */
/* The ledger as verify reads it out of an archive, which others can write to: a line, its section,
 * and what adds up of it. Ranges of offsets must stay ascending and apart, whatever is told. */
#include <assert.h>
#include <stdlib.h>

#include "archive/book.h"
#include "archive/line.h"
#include "schema/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_coverage(const struct book *book)
{
    for (int stage = 0; stage < STAGES; stage++)
        for (uint32_t partition = 0; partition < book->partitions[stage]; partition++) {
            const struct coverage *coverage = &book->coverage[stage][partition];
            for (size_t i = 0; i < coverage->count; i++) {
                const struct range *range = &coverage->items[i];
                assert(range->from < range->to);
                assert(i == 0 || coverage->items[i - 1].to < range->from);
                assert(book_find(book, stage, partition, range->from) == BOOK_READ);
                assert(book_find(book, stage, partition, range->to - 1) == BOOK_READ);
                assert(book_find(book, stage, partition, range->to) != BOOK_READ);
            }
        }
}

static void take_line(struct book *book, struct str line, struct findings *findings)
{
    struct arena arena = {0};
    struct line_identity identity;
    struct json_problems problems;
    struct ledger ledger = {0};
    struct err err = {0};
    struct finding place = {.kind = FINDING_LEDGER, .topic = TOPIC_LEDGER};
    arena_init(&arena, 64 << 20);
    if (line_look(line, STR("ledger"), &arena, &identity, &err) == E_OK && identity.section.size &&
        json_read_shape(&ledger_shape, identity.section, JSON_UNKNOWN_KEEP, &arena, &ledger,
                        &problems, &err) == E_OK) {
        place.id = identity.id;
        int rc = book_add(book, &ledger, &place, findings, &err);
        assert(rc == E_OK);
    }
    arena_deinit(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct book book = {0};
    struct findings findings = {0};
    struct str rest = str_make(data, size);
    while (rest.size) take_line(&book, str_cut(&rest, '\n'), &findings);
    check_coverage(&book);
    cells_sort(&book.cells);
    struct source_sums *sums = NULL;
    size_t count = 0;
    struct err err;
    int rc = sources_judge(&book.sources, &findings, &sums, &count, &err);
    assert(rc == E_OK && count <= SOURCES_MAX);
    free(sums);
    book_deinit(&book);
    findings_deinit(&findings);
    return 0;
}
