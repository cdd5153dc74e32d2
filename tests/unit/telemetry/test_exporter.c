/* Spans on their way to a collector that takes them, doesn't, is slow, or isn't there. */
#include <sched.h>

#include "schema/json.h"
#include "telemetry/internal.h"

#include "collector_stub.h"

static const char parent[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
static const char own[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-1111111111111111-01";

struct rig {
    struct stub stub;
    struct telemetry *telemetry;
    struct clock_manual clock;
};

static void rig_open(struct rig *rig, const char *const *answers, const char *body,
                     struct telemetry_options options)
{
    static const struct telemetry_source source = {"verbatim-genai", "genai-0", "verbatim-genai"};
    struct settings settings = {0};
    struct err err;
    stub_start(&rig->stub, answers, body);
    options.endpoint = options.endpoint ? options.endpoint : rig->stub.url;
    options.headers = "api-key=abc", options.ca_file = "",
    options.sampler = options.sampler ? options.sampler : "", options.sampler_arg = "";
    if (!options.queue) options.queue = 2048;
    if (!options.every) options.every = 1;
    options.timeout = 10000;
    clock_manual_init(&rig->clock, 1767323045678);
    assert_int_equal(settings_read(&options, &source, &settings, &err), E_OK);
    settings.retry_ms = 1;
    assert_int_equal(telemetry_start(&settings, &source, &rig->clock.clock, &rig->telemetry, &err),
                     E_OK);
}

static void rig_close(struct rig *rig)
{
    telemetry_close(rig->telemetry);
    stub_stop(&rig->stub);
}

static bool tell(struct rig *rig)
{
    const struct span_place place = {
        .traceparent = own, .parent = str_of(parent), .name = "chat m", .kind = SPAN_CLIENT};
    struct trace_span span;
    if (!span_begin(&span, rig->telemetry, &place)) return false;
    span_count(&span, "n", 1);
    span_end(&span);
    return true;
}

/* Until so many spans have come to an end. */
static struct telemetry_counts await_counts(struct rig *rig, uint64_t total)
{
    struct telemetry_counts counts;
    while (counts = telemetry_counts(rig->telemetry),
           counts.told + counts.refused + counts.dropped < total)
        sched_yield();
    return counts;
}

static void assert_json(struct str text)
{
    struct arena arena = {0};
    struct json_reader json = json_reader(text, &arena);
    assert_true(json_skip(&json, NULL) && json_end(&json));
    arena_deinit(&arena);
}

#define TEXT(key, value) "{\"key\":\"" key "\",\"value\":{\"stringValue\":\"" value "\"}}"

static const char *const requested[] = {
    "POST /v1/traces HTTP/1.1\r\n",
    "\r\napi-key: abc\r\n",
    "\r\nContent-Type: application/json\r\n",
    "{\"resourceSpans\":[{\"resource\":{\"attributes\":[" TEXT("service.name",
                                                               "verbatim-genai"),
    "\"scopeSpans\":[{\"scope\":{\"name\":\"verbatim-genai\",\"version\":\"" VERBATIM_VERSION
    "\"},\"spans\":[{",
    "\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":\"1111111111111111\","
    "\"parentSpanId\":\"00f067aa0ba902b7\","
    "\"name\":\"chat "
    "\\\"m\\\"\",\"kind\":3,\"startTimeUnixNano\":\"1767323045678000000\",\"endTimeUnixNano\":"
    "\"1767323045928000000\"",
    "\"links\":[{\"traceId\":\"4bf92f3577b34da6a3ce929d0e0e4736\",\"spanId\":"
    "\"00f067aa0ba902b7\"}],",
    "\"attributes\":[" TEXT("a", "b\\\\c") ",",
    "{\"key\":\"count\",\"value\":{\"intValue\":\"-9007199254740993\"}}",
    "{\"key\":\"cost\",\"value\":{\"doubleValue\":1.25e-05}}",
    "{\"key\":\"list\",\"value\":{\"arrayValue\":{\"values\":[{\"stringValue\":\"stop\"}]}}}",
    TEXT("error.type", "timeout") "],\"status\":{\"code\":2}}]}]}]}"};

static void test_request(void **state)
{
    static const char *const answers[] = {"200 OK", NULL};
    struct rig rig;
    struct trace_span span;
    const struct str list[] = {STR("stop"), STR("\xff")};
    char long_text[400];
    (void)state;
    memset(long_text, 'x', sizeof long_text);
    rig_open(&rig, answers, "{}", (struct telemetry_options){0});
    const struct span_place place = {.traceparent = own,
                                     .parent = str_of(parent),
                                     .name = "chat \"m\"",
                                     .kind = SPAN_CLIENT,
                                     .ended_ns = 250000000};
    assert_true(span_begin(&span, rig.telemetry, &place));
    span_link(&span, str_of(parent));
    span_link(&span, STR("nonsense"));
    span_text(&span, "a", STR("b\\c"));
    span_text(&span, "empty", STR(""));
    span_text(&span, "not UTF-8", STR("\xff\xfe"));
    span_link(&span, str_of(parent)); /* too late: it is left out */
    span_text(&span, "long", str_make(long_text, sizeof long_text));
    span_count(&span, "count", -9007199254740993);
    span_number(&span, "cost", 0.0000125);
    span_number(&span, "no number", 0.0 / 0.0);
    span_texts(&span, "list", list, 2);
    span_failed(&span, "timeout");
    span_end(&span);
    stub_await(&rig.stub, 1);
    struct str request = str_of(buffer_cstr(&rig.stub.requests[0]));
    for (size_t i = 0; i < COUNT_OF(requested); i++)
        if (str_find(request, str_of(requested[i])) == request.size)
            fail_msg("%s\nis not in\n%s", requested[i], request.data);
    assert_json(str_slice(request, str_find(request, STR("\r\n\r\n")) + 4, request.size));
    assert_int_equal(str_find(request, STR("empty")), request.size);
    assert_int_equal(str_find(request, STR("not UTF-8")), request.size);
    assert_int_equal(str_find(request, STR("no number")), request.size);
    assert_int_equal(str_find(request, str_make(long_text, SPAN_TEXT_BYTES_MAX + 1)), request.size);
    assert_true(str_find(request, str_make(long_text, SPAN_TEXT_BYTES_MAX)) < request.size);
    assert_int_equal(await_counts(&rig, 1).told, 1);
    rig_close(&rig);
}

static void test_answers(void **state)
{
    static const struct {
        const char *why, *answers[4], *body;
        size_t requests;
        uint64_t told, refused;
    } cases[] = {
        {"taken", {"200 OK"}, "{}", 1, 1, 0},
        {"taken, with an empty answer", {"202 Accepted"}, "", 1, 1, 0},
        {"busy, then taken", {"503 Busy", "200 OK"}, "{}", 2, 1, 0},
        {"busy, with a time", {"429 Slow\r\nRetry-After: 0", "502 Bad", "200 OK"}, "{}", 3, 1, 0},
        {"busy for ever", {"504 Late"}, "", 5, 0, 1},
        {"refused: never sent again", {"400 Bad"}, "", 1, 0, 1},
        {"no such path", {"404 None"}, "", 1, 0, 1},
        {"a server's fault that isn't one of time", {"500 Oh"}, "", 1, 0, 1},
        {"elsewhere: redirects aren't followed", {"307 There\r\nLocation: /x"}, "", 1, 0, 1},
        {"not taken",
         {"200 OK"},
         "{\"partialSuccess\":{\"rejectedSpans\":\"1\",\"errorMessage\":\"no\"}}",
         1,
         0,
         1},
        {"a warning only", {"200 OK"}, "{\"partialSuccess\":{\"errorMessage\":\"old\"}}", 1, 1, 0},
        {"more than there were", {"200 OK"}, "{\"partialSuccess\":{\"rejectedSpans\":9}}", 1, 0, 1},
        {"an answer that makes no sense",
         {"200 OK"},
         "{\"partialSuccess\":{\"rejectedSpans\":[",
         1,
         1,
         0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;
        CASE(cases[i].why);
        rig_open(&rig, cases[i].answers, cases[i].body, (struct telemetry_options){0});
        assert_true(tell(&rig));
        struct telemetry_counts counts = await_counts(&rig, 1);
        assert_int_equal(stub_count(&rig.stub), cases[i].requests);
        assert_int_equal(counts.told, cases[i].told);
        assert_int_equal(counts.refused, cases[i].refused);
        assert_int_equal(counts.dropped, 0);
        rig_close(&rig);
    }
}

/* One is under way, two wait, and the rest is dropped at once: nobody waits. */
static void test_full(void **state)
{
    static const char *const answers[] = {"200 OK", NULL};
    struct rig rig;
    int taken = 0;
    (void)state;
    rig_open(&rig, answers, "{}", (struct telemetry_options){.queue = 2});
    stub_hold(&rig.stub, true);
    assert_true(tell(&rig));
    stub_await(&rig.stub, 1);
    for (int i = 0; i < 10; i++) taken += tell(&rig);
    assert_int_equal(taken, 2);
    assert_int_equal(telemetry_counts(rig.telemetry).dropped, 8);
    stub_hold(&rig.stub, false);
    struct telemetry_counts counts = await_counts(&rig, 11);
    assert_int_equal(counts.told, 3);
    assert_int_equal(counts.dropped, 8);
    rig_close(&rig);
}

static void test_nobody_there(void **state)
{
    static const char *const answers[] = {"200 OK", NULL};
    struct rig rig;
    (void)state;
    rig_open(
        &rig, answers, "",
        (struct telemetry_options){.endpoint = "http://127.0.0.1:9"}); /* discard: nobody listens */
    assert_true(tell(&rig));
    struct telemetry_counts counts = await_counts(&rig, 1);
    assert_int_equal(counts.refused, 1);
    assert_int_equal(counts.told, 0);
    assert_true(tell(&rig)); /* goes with the end */
    rig_close(&rig);
}

/* What waits at the end goes at once, without waiting for others; a collector that hangs is left
 * after a while. */
static void test_end(void **state)
{
    static const char *const answers[] = {"200 OK", NULL};
    (void)state;
    for (int hangs = 0; hangs < 2; hangs++) {
        struct rig rig;
        rig_open(&rig, answers, "{}", (struct telemetry_options){.every = 3600000});
        stub_hold(&rig.stub, hangs);
        for (int i = 0; i < 3; i++) assert_true(tell(&rig));
        telemetry_close(rig.telemetry);
        stub_await(&rig.stub, 1); /* what was sent before the end is read after it, too */
        assert_int_equal(stub_count(&rig.stub), 1);
        assert_true(str_find(buffer_str(&rig.stub.requests[0]), STR("},{\"traceId\"")) <
                    rig.stub.requests[0].size); /* together */
        stub_stop(&rig.stub);
    }
}

/* Five hundred and twelve don't wait for the time to pass. */
static void test_many_go_at_once(void **state)
{
    static const char *const answers[] = {"200 OK", NULL};
    struct rig rig;
    (void)state;
    rig_open(&rig, answers, "{}", (struct telemetry_options){.every = 3600000});
    for (int i = 0; i < 512; i++) assert_true(tell(&rig));
    stub_await(&rig.stub, 1);
    rig_close(&rig);
}

static void test_children(void **state)
{
    static const char *const answers[] = {"200 OK", NULL};
    static const char off[] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";
    static const struct {
        const char *why, *sampler, *parent;
        bool told, same;
    } cases[] = {
        {"of one that is told", "parentbased_always_off", parent, true, true},
        {"of one that isn't", "parentbased_always_on", off, false, true},
        {"a new trace", "parentbased_always_on", "", true, false},
        {"a new one that isn't told", "parentbased_always_off", "", false, false},
        {"whatever the parent says", "always_on", off, true, true},
        {"and the other way round", "always_off", parent, false, true},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;
        struct random random;
        char child[TRACE_TEXT_BYTES];
        CASE(cases[i].why);
        random_seed(&random, 1);
        rig_open(&rig, answers, "", (struct telemetry_options){.sampler = cases[i].sampler});
        assert_int_equal(telemetry_child(rig.telemetry, str_of(cases[i].parent), &random, child),
                         cases[i].told);
        assert_true(trace_is_valid(str_of(child)));
        assert_int_equal(trace_is_sampled(str_of(child)), cases[i].told);
        assert_int_equal(memcmp(child, parent, 36) == 0, cases[i].same);
        rig_close(&rig);
    }
}

static void test_off(void **state)
{
    struct random random;
    struct trace_span span;
    char child[TRACE_TEXT_BYTES];
    (void)state;
    random_seed(&random, 1);
    assert_false(telemetry_child(NULL, str_of(parent), &random,
                                 child)); /* nobody is told, and the trace goes on */
    assert_true(trace_is_sampled(str_of(child)));
    assert_false(span_begin(&span, NULL, &(struct span_place){.traceparent = own, .name = "x"}));
    telemetry_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request),  cmocka_unit_test(test_answers),
        cmocka_unit_test(test_full),     cmocka_unit_test(test_nobody_there),
        cmocka_unit_test(test_end),      cmocka_unit_test(test_many_go_at_once),
        cmocka_unit_test(test_children), cmocka_unit_test(test_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
