/* Each allocation of each decoder fails in turn: the answer is NO_MEMORY, and nothing
 * leaks or crashes. */
#include "schema/intake.h"
#include "test.h"
#include "failing_malloc.h"
#include "golden.h"

struct input {
    struct str message, json;
};

static int decode_record(void *user)
{
    const struct input *input = user;
    struct arena arena = {0};
    struct record record;
    struct err err = {0};
    struct str written;
    int rc = fill_arena(&arena) ? E_OK : E_NO_MEMORY;
    if (rc == E_OK) rc = record_scan(input->message, &arena, &record, &err);
    for (int i = 0; i < SECTION_COUNT && rc == E_OK; i++) {
        void *value = arena_alloc(&arena, section_info((enum section)i)->shape->struct_bytes);
        rc = value ? record_decode(&record, (enum section)i, value, &arena, &err) : E_NO_MEMORY;
        if (rc == E_OK) rc = record_put(&record, (enum section)i, value, &arena, &err);
    }
    if (rc == E_OK) rc = record_write(&record, &arena, &written, &err);
    arena_deinit(&arena);
    return rc;
}

static int write_json(void *user)
{
    const struct input *input = user;
    struct buffer out = {0};
    struct err err = {0};
    int rc = json_write_record(input->message, &out, &err);
    if (rc) assert_int_equal(out.size, 0);
    buffer_deinit(&out);
    return rc;
}

static int read_json(void *user)
{
    const struct input *input = user;
    struct arena arena = {0};
    struct json_problems problems;
    struct err err = {0};
    struct str message;
    int rc = fill_arena(&arena) ? E_OK : E_NO_MEMORY;
    if (rc == E_OK) rc = json_read_record(input->json, &arena, &message, &problems, &err);
    arena_deinit(&arena);
    return rc;
}

static int take_in(void *user)
{
    static const char text[] = "{\"text\":\"a\\u00e9\",\"id\":\"7\",\"attributes\":{\"a\":1},"
                               "\"more\":{\"b\":[1,2]},\"n\":1.5,\"x\":[]}";
    struct random random;
    struct uuid_generator ids = {.clock = clock_system(), .random = &random};
    const struct intake_rules rules = {
        .keep_unknown = true, .tenant = STR("acme"), .source = STR("http"), .ids = &ids};
    struct arena arena = {0};
    struct json_problems problems;
    struct intake intake;
    struct err err = {0};
    (void)user;
    random_seed(&random, 1);
    int rc = fill_arena(&arena) ? E_OK : E_NO_MEMORY;
    if (rc == E_OK) rc = intake_json(STR(text), &rules, 0, &arena, &intake, &problems, &err);
    arena_deinit(&arena);
    return rc;
}

static int take_in_csv(void *user)
{
    struct random random;
    struct uuid_generator ids = {.clock = clock_system(), .random = &random};
    const struct intake_rules rules = {.keep_unknown = true, .idempotency = STR("k"), .ids = &ids};
    struct arena arena = {0};
    struct json_problems problems = {.count = 0};
    struct csv_reader reader = csv_reader(STR("text,\"a\"\"b\"\n\"x \"\"y\"\"\",2\n"), true);
    struct csv_row header, row;
    struct intake intake;
    struct err err = {0};
    (void)user;
    random_seed(&random, 1);
    int rc = fill_arena(&arena) ? E_OK : E_NO_MEMORY;
    if (rc == E_OK) rc = csv_next(&reader, &arena, &header, &err);
    if (rc == E_OK) rc = csv_next(&reader, &arena, &row, &err);
    if (rc == E_OK) rc = intake_csv(&header, &row, &rules, 0, &arena, &intake, &problems, &err);
    arena_deinit(&arena);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    static const struct { const char *why; int (*step)(void *user); } cases[] = {
        {"scan, decode, put and write a record", decode_record},
        {"a record as JSON", write_json},
        {"JSON as a record", read_json},
        {"a JSON object taken in", take_in},
        {"a CSV row taken in", take_in_csv},
    };
    struct buffer message = {0}, json = {0};
    struct input input = {golden("whole.msgpack", &message), golden("whole.json", &json)};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_true(torture_arena(cases[i].step, &input, 16) > 500); /* it did come here */
    }
    buffer_deinit(&message);
    buffer_deinit(&json);
}

/* The same by the arena's own limit: every byte count is the limit once. */
static void every_limit_is_kept(void **state)
{
    struct buffer message = {0};
    bool done = false;
    (void)state;
    golden("whole.msgpack", &message);
    for (size_t limit = 16; !done; limit += 16) {
        struct arena arena;
        struct record record;
        struct insight insight;
        struct err err = {0};
        arena_init(&arena, limit);
        int rc = record_scan(buffer_str(&message), &arena, &record, &err);
        if (rc == E_OK) rc = record_decode(&record, SECTION_INSIGHT, &insight, &arena, &err);
        assert_true(rc == E_OK || rc == E_NO_MEMORY);
        assert_true(arena_used(&arena) <= limit);
        done = rc == E_OK;
        arena_deinit(&arena);
    }
    buffer_deinit(&message);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
        cmocka_unit_test(every_limit_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
