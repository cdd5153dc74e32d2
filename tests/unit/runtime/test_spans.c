/* A record's step as a span: what is told of each way in which it can end, and whose child what
 * becomes of it is. */
#include "telemetry/internal.h"

#include "flow_rig.h"

static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
static const char quiet[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

/* A queue without a thread: what is told stays in it. */
static struct telemetry telemetry = {
    .mutex = PTHREAD_MUTEX_INITIALIZER,
    .changed = PTHREAD_COND_INITIALIZER,
    .settings = {.queue = 100, .sampler = {.by_parent = true, .below = UINT64_MAX}}};

static struct rig *rig_telling(const char *plan, const char *trace)
{
    static struct bus_header headers[2];
    struct rig *rig = rig_create(NULL);
    headers[0] = (struct bus_header){STR("traceparent"), str_of(trace)};
    headers[1] = (struct bus_header){STR("ce_id"), STR("r-1")};
    atomic_store(&telemetry.waiting, 0);
    buffer_clear(&telemetry.spans);
    rig->context.telemetry = &telemetry;
    rig_take(rig, plan);
    for (size_t i = 0; i < RIG_BATCH_MAX; i++)
        rig->messages[0][i].headers = headers, rig->messages[0][i].header_count = 2;
    rig_run(rig);
    return rig;
}

static void test_ends(void **state)
{
    static const struct {
        const char *why, *plan, *trace;
        unsigned spans;
        const char *told, *untold;
    } cases[] = {
        {"well", "0:ok", parent, 1,
         "\"parentSpanId\":\"00f067aa0ba902b7\",\"name\":\"process feedback\",\"kind\":5",
         "error.type"},
        {"where it stood", "3:ok", parent, 1,
         "messaging.destination.partition.id\",\"value\":{\"stringValue\":\"3\"}", "error.type"},
        {"which record", "0:ok", parent, 1,
         "messaging.message.id\",\"value\":{\"stringValue\":\"r-1\"}", "error.type"},
        {"two outputs are one step", "0:two", parent, 1, "process feedback", "error.type"},
        {"a dead letter", "0:reject", parent, 1,
         "\"stringValue\":\"bad_message\"}}],\"status\":{\"code\":2}", "no good"},
        {"to be tried again", "0:retry", parent, 1,
         "\"stringValue\":\"unavailable\"}}],\"status\":{\"code\":2}", "not now"},
        {"fatal", "0:fatal", parent, 1, "\"status\":{\"code\":2}", "broken"},
        {"not yet", "0:defer", parent, 0, "", "process"},
        {"a trace that nobody is told", "0:ok 0:reject", quiet, 0, "", "process"},
        {"the first of its trace", "0:ok", "", 1, "process feedback", "parentSpanId"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct rig *rig = rig_telling(cases[i].plan, cases[i].trace);
        const char *text = buffer_cstr(&telemetry.spans);
        assert_int_equal(atomic_load(&telemetry.waiting), cases[i].spans);
        if (!strstr(text, cases[i].told)) fail_msg("%s", text);
        assert_null(strstr(text, cases[i].untold));
        rig_destroy(rig);
    }
    buffer_deinit(&telemetry.spans);
}

/* What the record becomes says in its header which span it comes from: the one that was told. */
static void test_outputs(void **state)
{
    static const char *const plans[] = {"0:two", "0:reject"};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(plans); i++) {
        CASE(plans[i]);
        struct rig *rig = rig_telling(plans[i], parent);
        char span[32];
        rig_gather(rig);
        assert_true(rig->flow.output_count > 0);
        for (size_t j = 0; j < rig->flow.output_count; j++) {
            struct str trace = rig->flow.outputs[j].headers[JOB_HEADERS - 1].value;
            assert_true(trace_is_valid(trace));
            snprintf(span, sizeof span, "\"spanId\":\"%.16s\"", trace.data + 36);
            assert_non_null(strstr(buffer_cstr(&telemetry.spans), span));
        }
        rig_destroy(rig);
    }
    buffer_deinit(&telemetry.spans);
}

/* Told when it ends, and what it causes meanwhile is its child. */
static void test_deferred(void **state)
{
    (void)state;
    struct rig *rig = rig_telling("0:defer", parent);
    char span[32];
    struct str trace = job_trace(rig->deferred[0]);
    assert_true(trace_is_valid(trace));
    assert_memory_not_equal(trace.data + 36, parent + 36, 16);
    snprintf(span, sizeof span, "\"spanId\":\"%.16s\"", trace.data + 36);
    clock_manual_advance(&rig->clock, 250);
    job_finish(rig->deferred[0], E_OK, NULL);
    assert_non_null(strstr(buffer_cstr(&telemetry.spans), span));
    assert_non_null(strstr(buffer_cstr(&telemetry.spans),
                           "\"startTimeUnixNano\":\"0\",\"endTimeUnixNano\":\"250000000\""));
    rig_destroy(rig);
    buffer_deinit(&telemetry.spans);
}

static void test_nobody_is_told(void **state)
{
    (void)state;
    struct rig *rig = rig_create(NULL);
    rig_take(rig, "0:defer");
    rig_run(rig);
    assert_null(rig->deferred[0]->span);
    job_finish(rig->deferred[0], E_OK, NULL);
    rig_destroy(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ends),
        cmocka_unit_test(test_outputs),
        cmocka_unit_test(test_deferred),
        cmocka_unit_test(test_nobody_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
