/* links: common_schema */
/* What callers post: each becomes a message that every worker can read, or problems
 * that name fields. */
#include <assert.h>

#include "schema/intake.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void is_readable(const struct intake *intake, struct arena *arena)
{
    struct record record;
    struct feedback feedback;
    struct err err = {0};
    int rc = record_scan(intake->message, arena, &record, &err);
    assert(rc == E_OK && str_equal(record.id, intake->id) && intake->key.size > 0);
    rc = record_decode(&record, SECTION_FEEDBACK, &feedback, arena, &err);
    assert(rc == E_OK && shape_has(feedback, &feedback, text) && str_trim(feedback.text).size > 0);
    assert(feedback.received_at == 1 && feedback.extra.count == 0);
    assert(shape_has(feedback, &feedback, tenant) && str_equal(feedback.tenant, STR("acme")));
}

static void settle(int rc, const struct intake *intake, const struct json_problems *problems,
                   struct arena *arena)
{
    if (rc == E_OK) is_readable(intake, arena);
    else assert(rc == E_BAD_JSON || rc == E_BAD_MESSAGE || rc == E_TOO_LARGE);
    if (rc == E_BAD_MESSAGE) assert(problems->count > 0);
    for (uint32_t i = 0; i < problems->count; i++)
        assert(str_is_utf8(problems->items[i].pointer) && str_is_utf8(problems->items[i].detail));
}

static void take_csv(struct str text, const struct intake_rules *rules, struct arena *arena)
{
    struct csv_reader reader = csv_reader(text, true);
    struct csv_row header, row;
    struct err err;
    reader.delimiter = csv_delimiter(text);
    if (csv_next(&reader, arena, &header, &err)) return;
    for (uint64_t rows = 0; rows < 100; rows++) {
        struct json_problems problems = {.count = 0};
        struct intake intake = {.row = 0};
        int rc = csv_next(&reader, arena, &row, &err);
        if (rc == E_NOT_FOUND) return;
        if (rc) continue;
        rc = intake_csv(&header, &row, rules, rows, arena, &intake, &problems, &err);
        settle(rc, &intake, &problems, arena);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make(data, size);
    struct clock_manual clock;
    struct random random;
    struct uuid_generator ids = {.clock = &clock.clock, .random = &random};
    clock_manual_init(&clock, 1);
    random_seed(&random, 1);
    for (int keep = 0; keep <= 1; keep++) {
        struct intake_rules rules = {
            .keep_unknown = keep, .tenant = STR("acme"), .ids = &ids, .received_ms = 1};
        struct arena arena;
        struct json_problems problems = {.count = 0};
        struct intake intake = {.row = 0};
        struct err err = {0};
        arena_init(&arena, 64 << 20);
        if (keep) rules.idempotency = STR("key");
        int rc = intake_json(text, &rules, 3, &arena, &intake, &problems, &err);
        settle(rc, &intake, &problems, &arena);
        take_csv(text, &rules, &arena);
        arena_deinit(&arena);
    }
    return 0;
}
