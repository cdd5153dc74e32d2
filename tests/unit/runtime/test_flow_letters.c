/* What fails: tried again after a pause, and a dead letter in the end, which is
 * never one too many. */
#include "flow_rig.h"
#include "schema/msgpack.h"

/* --- retries ---------------------------------------------------------------------------------- */

static void test_retry_until_healed(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig->heal_to = E_UNAVAILABLE;
    rig_take(rig, "0:heal 0:a");
    rig_run(rig);
    int64_t due = flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock));
    assert_true(due >= 100 && due <= 200); /* least, and at most twice that for the first time */
    rig->heal_to = E_OK;
    size_t runs = rig->runs;
    clock_manual_advance(&rig->clock, due - 1);
    assert_int_equal(flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock)), due);
    assert_int_equal(rig->runs, runs); /* not a millisecond early */
    clock_manual_advance(&rig->clock, 1);
    assert_int_equal(flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock)), -1);
    assert_string_equal(rig_gather(rig), "0=2 | heal! a!"); /* in order, each once */
    assert_int_equal(rig->flow.counters.retries, 1);
    assert_int_equal(rig->flow.counters.done, 2);
    rig_destroy(rig);
}

static void test_retries_end_in_a_dead_letter(void **state)
{
    struct rig *rig = rig_create(NULL);
    struct arena arena = {0};
    (void)state;
    rig_take(rig, "3:retry");
    rig_run(rig);
    for (int64_t due; (due = flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock))) >= 0;)
        clock_manual_advance(&rig->clock, due - clock_mono_ms(&rig->clock.clock));
    assert_int_equal(rig->runs, 3);
    assert_string_equal(rig_gather(rig), "3=1 | dead");
    struct dead_letter letter = rig_dead_letter(rig, &arena);
    assert_str(letter.cause, "unavailable");
    assert_int_equal(letter.attempts, 3);
    arena_deinit(&arena);
    rig_destroy(rig);
}

static void test_backoff(void **state)
{
    static const struct {
        const char *why;
        uint32_t failures;
        int64_t least, most;
    } cases[] = {
        {"the first pause is short", 1, 100, 200},
        {"each may be twice as long", 3, 100, 800},
        {"up to the longest", 12, 100, 5000},
        {"and no further, however long it lasts", 4000000000u, 100, 5000},
    };
    const struct flow_limits limits = {.backoff_least_ms = 100, .backoff_most_ms = 5000};
    struct random random;
    (void)state;
    random_seed(&random, 9);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t lowest = INT64_MAX, highest = 0;
        CASE(cases[i].why);
        for (int n = 0; n < 2000; n++) {
            int64_t pause = flow_backoff_ms(&limits, &random, cases[i].failures);
            if (pause < lowest) lowest = pause;
            if (pause > highest) highest = pause;
        }
        assert_true(lowest >= cases[i].least && highest <= cases[i].most);
        /* Full jitter: replicas that fail together don't come back together. */
        assert_true(lowest < cases[i].least + (cases[i].most - cases[i].least) / 10);
        assert_true(highest > cases[i].most - (cases[i].most - cases[i].least) / 10);
    }
}

/* --- dead letters ----------------------------------------------------------------------------- */

static void test_dead_letter(void **state)
{
    static const struct bus_header headers[] = {{{"source", 6}, {"shop", 4}},
                                                {{"binary", 6}, {"\xff\xfe", 2}},
                                                /* Kafka allows it; a map of ours doesn't */
                                                {{"source", 6}, {"mill", 4}}};
    struct rig *rig = rig_create(NULL);
    struct arena arena = {0};
    (void)state;
    rig->next_offset[2] = 41;
    rig_take(rig, "2:ok 2:reject");
    rig->messages[0][1].headers = headers;
    rig->messages[0][1].header_count = COUNT_OF(headers);
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "2=43 | ok! dead");
    struct dead_letter letter = rig_dead_letter(rig, &arena);
    assert_str(letter.worker, "rig");
    assert_str(letter.cause, "bad_message");
    assert_str(letter.message, "no good");
    assert_str(letter.topic, "feedback");
    assert_int_equal(letter.partition, 2);
    assert_int_equal(letter.offset, 42);
    assert_int_equal(letter.attempts, 1);
    assert_int_equal(letter.failed_at, 1700000000000);
    assert_str(letter.key, "key");
    assert_str(letter.value, "reject");
    assert_str(letter.value_sha256,
               "084e990a49ba65e622926853785e0ed05c63fc7fbf798a26e8242b5ee3d7ce9f");
    assert_int_equal(letter.headers.count, 1); /* only what is text, and each name once */
    assert_str(letter.headers.items[0].value, "shop");
    assert_int_equal(rig->flow.counters.rejected, 1);
    assert_int_equal(rig->flow.counters.dead_letters[E_BAD_MESSAGE], 1);
    arena_deinit(&arena);
    rig_destroy(rig);
}

static void test_large_dead_letter_keeps_its_hash(void **state)
{
    struct rig *rig = rig_create(NULL);
    struct arena arena = {0};
    (void)state;
    rig->limits.dead_letter_bytes = rig->flow.limits.dead_letter_bytes = 5;
    rig_take(rig, "0:reject");
    rig_run(rig);
    rig_gather(rig);
    struct dead_letter letter = rig_dead_letter(rig, &arena);
    assert_false(shape_has(dead_letter, &letter, value));
    assert_int_equal(letter.value_sha256.size, 64);
    arena_deinit(&arena);
    rig_destroy(rig);
}

/* Nothing that comes with a message may make its letter too large for the bus:
 * nobody could commit it. */
static void test_foreign_headers_are_no_dead_end(void **state)
{
    static char large[MSGPACK_BYTES_MAX];
    const struct bus_header headers[] = {
        {{"large", 5}, {large, sizeof large}}, {{"small", 5}, {"shop", 4}}};
    struct rig *rig = rig_create(NULL);
    struct arena arena = {0};
    (void)state;
    memset(large, 'h', sizeof large);
    rig_take(rig, "0:reject");
    rig->messages[0][0].headers = headers;
    rig->messages[0][0].header_count = COUNT_OF(headers);
    rig_run(rig);
    assert_int_equal(rig->flow.fatal.code, E_OK);
    rig_gather(rig);
    struct dead_letter letter = rig_dead_letter(rig, &arena);
    assert_int_equal(letter.headers.count, 1);
    assert_str(letter.headers.items[0].value, "shop");
    arena_deinit(&arena);
    rig_destroy(rig);
}

/* A broker takes less than we do: the largest goes, its position and the others stay. */
static void test_refused_by_size(void **state)
{
    static char large[2000];
    struct rig *rig = rig_create(NULL);
    struct arena arena = {0};
    struct err cause, err;
    (void)state;
    memset(large, 'l', sizeof large);
    err_set(&cause, E_TOO_LARGE, "the broker takes less");
    rig_take(rig, "0:a 0:two 1:b");
    rig->messages[0][1].value = str_make(large, sizeof large);
    rig->worker.process = rig_copy;
    rig_run(rig);
    assert_true(flow_gather(&rig->flow));
    assert_int_equal(rig->flow.output_count, 3);
    assert_int_equal(flow_refuse_largest(&rig->flow, &cause, &err), E_OK);
    assert_int_equal(rig->flow.output_count, 3);
    assert_int_equal(rig->flow.position_count, 2);
    struct dead_letter letter = rig_dead_letter(rig, &arena);
    assert_str(letter.cause, "too_large");
    assert_int_equal(letter.offset, 1);
    assert_false(shape_has(dead_letter, &letter, value));
    CASE("it ends: a letter without bytes can't be made smaller");
    assert_int_equal(flow_refuse_largest(&rig->flow, &cause, &err), E_TOO_LARGE);
    flow_committed(&rig->flow);
    assert_int_equal(rig->flow.in_flight, 0);
    arena_deinit(&arena);
    rig_destroy(rig);
}

static void test_foreign_key_is_no_dead_end(void **state)
{
    static char key[BUS_KEY_BYTES_MAX + 1];
    struct rig *rig = rig_create(NULL);
    struct arena arena = {0};
    (void)state;
    memset(key, 'k', sizeof key);
    rig_take(rig, "0:ok");
    rig->messages[0][0].key = str_make(key, sizeof key); /* no bus of ours would take it back */
    rig_run(rig);
    assert_int_equal(rig->flow.fatal.code, E_OK);
    assert_string_equal(rig_gather(rig), "0=1 | dead");
    assert_str(rig_dead_letter(rig, &arena).cause, "too_large");
    arena_deinit(&arena);
    rig_destroy(rig);
}

/* The same message always becomes the same letter, so that a second try can be told. */
static void test_dead_letter_id_is_stable(void **state)
{
    char ids[2][64];
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rig *rig = rig_create(NULL);
        struct arena arena = {0};
        struct record record;
        rig_take(rig, "0:reject");
        rig_run(rig);
        rig_gather(rig);
        assert_int_equal(record_scan(rig->flow.outputs[0].value, &arena, &record, NULL), E_OK);
        snprintf(ids[i], sizeof ids[i], "%.*s", STR_ARGS(record.id));
        arena_deinit(&arena);
        rig_destroy(rig);
    }
    assert_string_equal(ids[0], ids[1]);
}

/* Records are checked before a worker sees them. */
static void test_poison(void **state)
{
    static const struct {
        const char *why, *bytes;
        size_t size;
    } cases[] = {
        {"no bytes", "", 0},
        {"an array that claims 4 billion items", "\xdd\xff\xff\xff\xff", 5},
        {"nested deeper than any record",
         "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0",
         21},
        {"a map that is cut off", "\x82\xa1v\x01", 4},
        {"text, not msgpack", "hello", 5},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        CASE(cases[i].why);
        struct rig *rig = rig_create(NULL);
        rig->worker.raw = false;
        rig_take(rig, "0:x");
        rig->messages[0][0].value = str_make(cases[i].bytes, cases[i].size);
        rig_run(rig);
        assert_int_equal(rig->runs, 0);
        assert_string_equal(rig_gather(rig), "0=1 | dead");
        assert_str(rig_dead_letter(rig, &arena).cause, "bad_message");
        arena_deinit(&arena);
        rig_destroy(rig);
    }
}

static void test_fatal(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:a 0:fatal 0:b");
    rig_run(rig);
    assert_int_equal(rig->flow.fatal.code, E_BUG);
    assert_int_equal(rig->runs, 2); /* nothing runs behind it */
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_retry_until_healed),
        cmocka_unit_test(test_retries_end_in_a_dead_letter),
        cmocka_unit_test(test_backoff),
        cmocka_unit_test(test_dead_letter),
        cmocka_unit_test(test_large_dead_letter_keeps_its_hash),
        cmocka_unit_test(test_foreign_headers_are_no_dead_end),
        cmocka_unit_test(test_refused_by_size),
        cmocka_unit_test(test_foreign_key_is_no_dead_end),
        cmocka_unit_test(test_dead_letter_id_is_stable),
        cmocka_unit_test(test_poison),
        cmocka_unit_test(test_fatal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
