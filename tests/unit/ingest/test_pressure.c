/* A pipeline that falls behind turns posts away at the door, and nobody else. */
#include "ingest_started.h"

static int start(void **state)
{
    return start_with(state, (const char *const[]){"ingest.backlog_most=20", NULL});
}

static int post(char *retry_after, size_t size)
{
    struct answer answer;
    caller_post(&rig, JSON_TYPE, "{\"text\":\"a\"}", &answer);
    int status = answer.status;
    size_t at = str_find(answer.head, STR("Retry-After: "));
    struct str rest = str_slice(answer.head, at + 13, answer.head.size);
    if (retry_after)
        snprintf(retry_after, size, "%.*s",
                 STR_ARGS(str_slice(rest, 0, str_find(rest, STR("\r")))));
    answer_free(&answer);
    return status;
}

/* The group `preprocess` handles all that there is. */
static void drain_feedback(void)
{
    const enum topic topic = TOPIC_FEEDBACK;
    struct bus_subscription subscription = {
        .group = "preprocess", .member = "preprocess-0", .topics = &topic, .topic_count = 1};
    struct bus_consumer *consumer;
    struct bus_lag lag;
    struct err err;
    must(bus_subscribe(rig.bus, &subscription, &consumer, &err), &err);
    do {
        struct bus_batch batch;
        must(bus_poll(consumer, 100, 1 << 20, &batch, &err), &err);
        for (uint32_t i = 0; i < batch.count; i++) {
            const struct bus_position next = {
                TOPIC_FEEDBACK, batch.messages[i].partition, batch.messages[i].offset + 1};
            must(bus_commit(consumer, NULL, 0, &next, 1, &err), &err);
        }
        bus_release(consumer, &batch);
        must(bus_lag(rig.bus, "preprocess", TOPIC_FEEDBACK, &lag, &err), &err);
    } while (lag.records);
    bus_unsubscribe(consumer);
}

static int ask(const char *target)
{
    struct answer answer;
    caller_ask(&rig, "GET", target, NULL, (struct str){0}, &answer);
    int status = answer.status;
    answer_free(&answer);
    return status;
}

static void test_turned_away(void **state)
{
    static const char *const others[] = {
        "/healthz", "/readyz", "/v1/status", "/", "/v1/openapi.json"};
    char retry_after[32];
    struct buffer streamed = {0};
    int accepted = 0, status, follower = caller_connect(&rig);
    (void)state;
    caller_send(follower, STR("GET /v1/insights/stream HTTP/1.1\r\nHost: test\r\n\r\n"));
    assert_true(caller_read_until(follower, &streamed, "text/event-stream"));
    while ((status = post(retry_after, sizeof retry_after)) == 202) accepted++;
    assert_int_equal(status, 429);
    /* Nobody reads: the 21st is one too many. A question that comes between a post's write and its
     * receipt counts it twice until the next one, so on a busy machine it may be the 20th. */
    assert_in_range(accepted, 19, 21);
    assert_string_equal(retry_after, "30"); /* nothing drains */
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        CASE(others[i]);
        assert_int_equal(ask(others[i]), 200);
    }
    rig_publish(&rig, "finished-1", "k", NULL, "Serum", 0, 0);
    assert_true(caller_read_until(follower, &streamed, "finished-1"));
    close(follower);
    buffer_deinit(&streamed);
    assert_int_equal(rig_read_feedback(&rig, NULL, NULL), (size_t)accepted);
    drain_feedback();
    RIG_AWAIT(post(NULL, 0) == 202);
}

/* A caller that keeps its connection is told on it, and goes on with it. */
static void test_same_connection(void **state)
{
    static const char request[] = "POST /v1/feedback HTTP/1.1\r\nHost: test\r\n" JSON_TYPE
                                  "Content-Length: 12\r\n\r\n{\"text\":\"a\"}";
    struct buffer in = {0};
    (void)state;
    int fd = caller_connect(&rig);
    do { /* by its own posts: what was counted twice for a moment may leave room for one more */
        buffer_clear(&in);
        caller_send(fd, str_of(request));
        assert_true(caller_read_until(fd, &in, "}"));
    } while (holds(buffer_str(&in), " 202 "));
    assert_true(holds(buffer_str(&in), " 429 "));
    drain_feedback();
    RIG_AWAIT(post(NULL, 0) == 202);
    buffer_clear(&in);
    caller_send(fd, str_of(request));
    bool kept = caller_read_until(fd, &in, "}");
    if (kept) assert_true(holds(buffer_str(&in), "202"));
    assert_true(kept);
    close(fd);
    buffer_deinit(&in);
}

static void test_refused_options(void **state)
{
    static const struct {
        const char *why, *setting, *says;
    } cases[] = {
        {"a topic that there isn't", "ingest.stages=preprocess:feedbak", "preprocess:feedbak"},
        {"a group without a topic", "ingest.stages=preprocess:feedback genai", "\"genai\""},
        {"nobody reads what the door writes", "ingest.stages=genai:segments",
         "no group reads feedback"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(rig_refusal((const char *const[]){cases[i].setting, NULL}, &err),
                         E_BAD_CONFIG);
        assert_true(holds(str_of(err.text), cases[i].says));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_turned_away, start, stop),
        cmocka_unit_test_setup_teardown(test_same_connection, start, stop),
        cmocka_unit_test_setup_teardown(test_refused_options, rig_setup, own_folder_remove),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
