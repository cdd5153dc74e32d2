/* What becomes of records in flight: prefixes, retries, dead letters, drops,
 * deferred jobs, bounds. */
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
        {"a rejected record is done: its letter is an output", "0:a 0:reject 0:b",
         "0=3 | a! dead b!"},
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

/* At least once: positions are gathered again until somebody doesn't withhold them. */
static void test_withheld_positions(void **state)
{
    struct rig *rig = rig_create(NULL);
    (void)state;
    rig->flow.withholds = true;
    rig_take(rig, "0:a 1:b");
    rig_run(rig);
    assert_string_equal(rig_gather(rig), "0=1 1=1 | a! b!");
    flow_committed(&rig->flow);
    assert_int_equal(flow_committed_position(&rig->flow, TOPIC_FEEDBACK, 0), -1);
    assert_string_equal(rig_gather(rig), "nothing"); /* to write */
    rig_take(rig, "0:c");
    rig_run(rig);
    rig->flow.withholds = false;
    assert_string_equal(rig_gather(rig), "0=2 1=1 | c!");
    flow_committed(&rig->flow);
    assert_int_equal(flow_committed_position(&rig->flow, TOPIC_FEEDBACK, 0), 2);
    assert_string_equal(rig_gather(rig), "nothing");
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
    /* records of the others wait behind the deferred one */
    assert_false(flow_has_room(&rig->flow));
    assert_int_equal(rig->flow.in_flight, 6);
    job_finish(rig->deferred[0], E_OK, NULL);
    assert_string_equal(rig_gather(rig), "0=2 | defer! a!");
    flow_committed(&rig->flow);
    assert_true(flow_has_room(&rig->flow));
    assert_int_equal(rig->released, 1);
    rig_destroy(rig);
}

/* Batches of one record each: more than three of them, while they hold little. */
static void test_small_batches(void **state)
{
    static const struct {
        const char *why;
        uint32_t batch_records;
        size_t batch_bytes;
        const char *batch;
        uint32_t wanted;
    } cases[] = {
        {"until there are more than a quarter of a full one's", 40, 1000, "0:plain", 11},
        {"or of its bytes", 40, 100, "0:plain", 6},
        {"but never so many that a bus refuses", 1000, 1 << 20, "0:plain", FLOW_SMALL_BATCHES},
        {"nor more than 64 records", 1000, 1 << 20, "0:plain 0:plain 0:plain", 22},
        {"three may always be held", 1, 1, "0:plain", 3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig *rig = rig_create(NULL);
        CASE(cases[i].why);
        rig->flow.limits.batch_records = cases[i].batch_records;
        rig->flow.limits.batch_bytes = cases[i].batch_bytes;
        while (flow_has_room(&rig->flow)) rig_take(rig, cases[i].batch);
        assert_int_equal(rig->flow.batch_count, cases[i].wanted);
        assert_int_equal(rig->flow.held_bytes, rig->flow.in_flight * strlen("plain"));
        rig_run(rig);
        while (rig->flow.in_flight) {
            assert_true(flow_gather(&rig->flow));
            flow_committed(&rig->flow);
        }
        assert_int_equal(rig->flow.held_bytes, 0);
        rig_destroy(rig);
    }
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

/* --- drops and deferred jobs ------------------------------------------------------------------ */

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
    /* the bus goes back to what is committed */
    memset(rig->next_offset, 0, sizeof rig->next_offset);
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

/* --- headers ---------------------------------------------------------------------------------- */

static void test_headers(void **state)
{
    static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    static const struct bus_header headers[] = {
        {{"traceparent", 11}, {parent, sizeof parent - 1}}, {{"ce_id", 5}, {"r-1", 3}}};
    static const struct {
        const char *name, *value;
    } expected[] = {
        {"content-type", "application/msgpack"}, {"ce_specversion", "1.0"},
        {"ce_type", "verbatim.documents"},
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
    static const char long_name[] =
        "a-name-of-a-run-that-nobody-would-give-but-that-any-producer-may-write";
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
        if (cases[i].redrives)
            headers[count++] = (struct bus_header){STR(HEADER_REDRIVES), str_of(cases[i].redrives)};
        if (cases[i].replay)
            headers[count++] = (struct bus_header){STR(HEADER_REPLAY), str_of(cases[i].replay)};
        rig_take(rig, "0:two 0:reject");
        for (int j = 0; j < 2; j++)
            rig->messages[0][j].headers = headers, rig->messages[0][j].header_count = count;
        rig_run(rig);
        rig_gather(rig);
        assert_int_equal(rig->flow.output_count, 3);
        for (size_t j = 0; j < 3; j++) { /* two outputs, and a dead letter */
            found[0] = '\0';
            const struct bus_output *output = &rig->flow.outputs[j];
            for (uint32_t k = JOB_HEADERS; k < output->header_count; k++)
                snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s=%.*s ",
                         STR_ARGS(output->headers[k].name), STR_ARGS(output->headers[k].value));
            assert_string_equal(found, cases[i].expected);
        }
        rig_destroy(rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_committed_once),
        cmocka_unit_test(test_next_batch_meanwhile),
        cmocka_unit_test(test_withheld_positions),
        cmocka_unit_test(test_transaction_bound),
        cmocka_unit_test(test_batches_bound),
        cmocka_unit_test(test_small_batches),
        cmocka_unit_test(test_durable),
        cmocka_unit_test(test_drop),
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_deferred_is_tried_again),
        cmocka_unit_test(test_deferred_then_dropped),
        cmocka_unit_test(test_who_waits_keeps_little),
        cmocka_unit_test(test_deferred_and_forgotten),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
