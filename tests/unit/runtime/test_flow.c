/* What becomes of records in flight: prefixes, retries, dead letters, drops, deferred jobs, bounds. */
#include "flow_rig.h"

#include <malloc.h>

#include "schema/msgpack.h"

/* --- what may be committed ------------------------------------------------------------------- */

static void test_prefix(void **state)
{
    static const struct {
        const char *why, *plan, *gathered;
    } cases[] = {
        {"everything that is done, up to its position", "0:a 0:b", "0=2 | a! b!"},
        {"each partition has a position of its own", "0:a 1:b 0:c", "0=2 1=1 | a! c! b!"},
        {"one record may give several", "0:two", "0=1 | two! two"},
        {"behind a record that waits nothing is committed", "0:a 0:retry 0:b", "0=1 | a!"},
        {"a waiting record holds its own partition only", "0:retry 0:a 1:b 1:c", "1=2 | b! c!"},
        {"a deferred record holds its own partition only", "0:defer 0:a 1:b", "1=1 | b!"},
        {"a rejected record is done: its letter is an output", "0:a 0:reject 0:b", "0=3 | a! dead b!"},
        {"what it emitted before it was rejected is gone", "0:reject", "0=1 | dead"},
        {"nothing is done: nothing is committed", "0:retry", "nothing"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct rig *rig = rig_create(NULL);
        rig_take(rig, cases[i].plan);
        rig_run(rig);
        assert_string_equal(rig_gather(rig), cases[i].gathered);
        rig_destroy(rig);
    }
}

static void test_committed_once(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:a 0:b");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "0=2 | a! b!");
    assert_int_equal(rig->released, 0);
    flow_committed(&rig->flow);
    assert_int_equal(rig->released, 1);
    assert_int_equal(rig->flow.in_flight, 0);
    assert_string_equal(rig_gather(rig), "nothing");
    rig_take(rig, "0:c");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "0=3 | c!");
    rig_destroy(rig);
}

/* The next batch is computed while one is committed: it belongs to the next transaction. */
static void test_next_batch_meanwhile(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:a");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "0=1 | a!");
    rig_take(rig, "0:b");
    rig_run(rig);
    assert_int_equal(rig->flow.output_count, 1);
    assert_str(rig->flow.outputs[0].value, "a!"); /* still readable by the committer */
    flow_committed(&rig->flow);
    assert_string_equal(rig_gather(rig), "0=2 | b!");
    rig_destroy(rig);
}

static void test_transaction_bound(void **state)
{
    struct flow_limits limits = {.batches = 3, .attempts = 1, .transaction_records = 2};
    struct rig *rig = rig_create(&limits);
    (void)state;
    rig_take(rig, "0:a 0:b 0:c 1:d");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "0=2 | a! b!");
    flow_committed(&rig->flow);
    assert_string_equal(rig_gather(rig), "0=3 1=1 | c! d!");
    rig_destroy(rig);
}

static void test_batches_bound(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_true(flow_has_room(&rig->flow));
        rig_take(rig, "0:defer 0:a");
        rig_run(rig);
    }
    assert_false(flow_has_room(&rig->flow)); /* records of the others wait behind the deferred one */
    assert_int_equal(rig->flow.in_flight, 6);
    job_finish(rig->deferred[0], E_OK, NULL);
    assert_string_equal(rig_gather(rig), "0=2 | defer! a!");
    flow_committed(&rig->flow);
    assert_true(flow_has_room(&rig->flow));
    assert_int_equal(rig->released, 1);
    rig_destroy(rig);
}

/* A worker that keeps records, as the archive does, says how far it may be committed. */
static void test_durable(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig->worker.durable = rig_durable;
    rig->durable = -1;
    rig_take(rig, "0:a 0:b 0:c");
    rig_run(rig);
    assert_int_equal(rig->flow.in_flight, 3);
    rig->durable = 2; /* what was emitted beyond waits: after a crash it would be there twice */
    assert_string_equal(rig_gather(rig), "0=2 | a! b!");
    flow_committed(&rig->flow);
    assert_string_equal(rig_gather(rig), "nothing");
    rig->durable = 9; /* never beyond what is done */
    assert_string_equal(rig_gather(rig), "0=3 | c!");
    rig_destroy(rig);
}

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

/* --- dead letters ------------------------------------------------------------------------------- */

static void test_dead_letter(void **state)
{
    static const struct bus_header headers[] = {{{"source", 6}, {"shop", 4}}, {{"binary", 6}, {"\xff\xfe", 2}},
                                                {{"source", 6}, {"mill", 4}}}; /* Kafka allows it; a map of ours doesn't */
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
    assert_str(letter.value_sha256, "084e990a49ba65e622926853785e0ed05c63fc7fbf798a26e8242b5ee3d7ce9f");
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

/* Nothing that comes with a message may make its letter too large for the bus: nobody could commit it. */
static void test_foreign_headers_are_no_dead_end(void **state)
{
    static char large[MSGPACK_BYTES_MAX];
    const struct bus_header headers[] = {{{"large", 5}, {large, sizeof large}}, {{"small", 5}, {"shop", 4}}};
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
        {"nested deeper than any record", "\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\x91\xc0", 21},
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

/* --- drops and deferred jobs ---------------------------------------------------------------------- */

static void test_drop(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:a 0:retry 1:b");
    rig_take(rig, "0:c 1:d");
    flow_run(&rig->flow, 4);
    assert_true(flow_gather(&rig->flow));
    flow_drop_all(&rig->flow);
    assert_int_equal(rig->released, 2);
    assert_int_equal(rig->flow.in_flight, 0);
    assert_string_equal(rig_gather(rig), "nothing");
    memset(rig->next_offset, 0, sizeof rig->next_offset); /* the bus goes back to what is committed */
    rig_take(rig, "0:a");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "0=1 | a!");
    assert_int_equal(flow_retry_due(&rig->flow, INT64_MAX), -1);
    rig_destroy(rig);
}

static void test_deferred(void **state)
{
    struct rig *rig = rig_create(NULL);
    struct err failure;
    (void)state;
    rig_take(rig, "0:defer 0:defer 0:ok");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "nothing");
    job_finish(rig->deferred[1], E_OK, NULL); /* answers come in any order */
    assert_string_equal(rig_gather(rig), "nothing");
    err_set(&failure, E_BAD_MESSAGE, "the answer is nonsense");
    job_finish(rig->deferred[0], E_BAD_MESSAGE, &failure);
    assert_string_equal(rig_gather(rig), "0=3 | dead defer! ok!");
    rig_destroy(rig);
}

static void test_deferred_is_tried_again(void **state)
{
    struct rig *rig = rig_create(NULL);
    struct err failure;
    (void)state;
    rig_take(rig, "0:defer");
    rig_run(rig);
    err_set(&failure, E_TIMEOUT, "no answer");
    job_finish(rig->deferred[0], E_TIMEOUT, &failure);
    int64_t due = flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock));
    assert_true(due > 0);
    clock_manual_advance(&rig->clock, due);
    flow_retry_due(&rig->flow, clock_mono_ms(&rig->clock.clock));
    assert_int_equal(rig->deferred_count, 2);
    job_finish(rig->deferred[1], E_OK, NULL);
    assert_string_equal(rig_gather(rig), "0=1 | defer!");
    rig_destroy(rig);
}

/* The partition went to somebody else while an answer was awaited: it must change nothing here. */
static void test_deferred_then_dropped(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:defer 0:ok");
    rig_run(rig);
    flow_drop_all(&rig->flow);
    assert_int_equal(rig->released, 0); /* the job still needs its message */
    job_finish(rig->deferred[0], E_OK, NULL);
    assert_int_equal(rig->released, 1);
    assert_string_equal(rig_gather(rig), "nothing");
    rig_destroy(rig);
}

/* Thousands may wait for a model: after the first, each in memory of a size to fit. */
static void test_who_waits_keeps_little(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:defer 0:defer 0:ok 0:defer");
    rig_run(rig);
    for (int i = 1; i < 3; i++) {
        assert_non_null(rig->deferred[i]->arena->first);
        assert_in_range(malloc_usable_size(rig->deferred[i]->arena->first), 1, 4096);
    }
    for (int i = 0; i < 3; i++) job_finish(rig->deferred[i], E_OK, NULL);
    assert_string_equal(rig_gather(rig), "0=4 | defer! defer! ok! defer!");
    rig_destroy(rig);
}

static void test_deferred_and_forgotten(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:defer 0:defer");
    rig_run(rig);
    rig_destroy(rig); /* gives the batch back, and leaks nothing (ASan) */
}

/* --- headers ------------------------------------------------------------------------------------ */

static void test_headers(void **state)
{
    static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static const struct bus_header headers[] = {{{"traceparent", 11}, {parent, sizeof parent - 1}}, {{"ce_id", 5}, {"r-1", 3}}};
    static const struct {
        const char *name, *value;
    } expected[] = {
        {"content-type", "application/msgpack"}, {"ce_specversion", "1.0"}, {"ce_type", "verbatim.documents"},
        {"ce_source", "rig"}, {"ce_id", "r-1"},
    };
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig_take(rig, "0:two");
    rig->messages[0][0].headers = headers;
    rig->messages[0][0].header_count = COUNT_OF(headers);
    rig_run(rig);
    rig_gather(rig);
    const struct bus_output *first = &rig->flow.outputs[0], *second = &rig->flow.outputs[1];
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_str(first->headers[i].name, expected[i].name);
        assert_str(first->headers[i].value, expected[i].value);
    }
    struct str trace = first->headers[5].value;
    assert_true(trace_is_valid(trace));
    assert_memory_equal(trace.data, parent, 36);                /* the same trace */
    assert_memory_not_equal(trace.data + 36, parent + 36, 16);  /* a span of its own */
    assert_memory_not_equal(trace.data + 36, second->headers[5].value.data + 36, 16);
    rig_destroy(rig);
}

static void test_marks(void **state)
{
    static const char long_name[] = "a-name-of-a-run-that-nobody-would-give-but-that-any-producer-may-write";
    static const struct {
        const char *why, *redrives, *replay, *expected;
    } cases[] = {
        {"no mark", NULL, NULL, ""},
        {"a redriven message", "2", NULL, "verbatim-redrives=2 "},
        {"a replayed one", NULL, "run-1", "verbatim-replay=run-1 "},
        {"both", "1", "run-1", "verbatim-redrives=1 verbatim-replay=run-1 "},
        {"an empty one is none", "", NULL, ""},
        {"one that is too long is left out", NULL, long_name, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig *rig = rig_create(NULL);
        struct bus_header headers[JOB_HEADERS + JOB_MARKS];
        uint32_t count = JOB_HEADERS;
        char found[256] = "";
        CASE(cases[i].why);
        headers_fill(headers, TOPIC_FEEDBACK, "ingest", STR("r-1"), STR(""));
        if (cases[i].redrives) headers[count++] = (struct bus_header){STR(HEADER_REDRIVES), str_of(cases[i].redrives)};
        if (cases[i].replay) headers[count++] = (struct bus_header){STR(HEADER_REPLAY), str_of(cases[i].replay)};
        rig_take(rig, "0:two 0:reject");
        for (int j = 0; j < 2; j++) rig->messages[0][j].headers = headers, rig->messages[0][j].header_count = count;
        rig_run(rig);
        rig_gather(rig);
        assert_int_equal(rig->flow.output_count, 3);
        for (size_t j = 0; j < 3; j++) { /* two outputs, and a dead letter */
            found[0] = '\0';
            const struct bus_output *output = &rig->flow.outputs[j];
            for (uint32_t k = JOB_HEADERS; k < output->header_count; k++)
                snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s=%.*s ", STR_ARGS(output->headers[k].name),
                         STR_ARGS(output->headers[k].value));
            assert_string_equal(found, cases[i].expected);
        }
        rig_destroy(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefix), cmocka_unit_test(test_committed_once),
        cmocka_unit_test(test_next_batch_meanwhile), cmocka_unit_test(test_transaction_bound),
        cmocka_unit_test(test_batches_bound), cmocka_unit_test(test_durable),
        cmocka_unit_test(test_retry_until_healed), cmocka_unit_test(test_retries_end_in_a_dead_letter),
        cmocka_unit_test(test_backoff), cmocka_unit_test(test_dead_letter),
        cmocka_unit_test(test_large_dead_letter_keeps_its_hash), cmocka_unit_test(test_foreign_key_is_no_dead_end),
        cmocka_unit_test(test_foreign_headers_are_no_dead_end), cmocka_unit_test(test_refused_by_size),
        cmocka_unit_test(test_dead_letter_id_is_stable), cmocka_unit_test(test_poison),
        cmocka_unit_test(test_fatal), cmocka_unit_test(test_drop), cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_deferred_is_tried_again), cmocka_unit_test(test_deferred_then_dropped),
        cmocka_unit_test(test_who_waits_keeps_little), cmocka_unit_test(test_deferred_and_forgotten), cmocka_unit_test(test_headers), cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests_name("flow", tests, NULL, NULL);
}
