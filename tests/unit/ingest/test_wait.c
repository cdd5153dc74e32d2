/* Posts that wait for their insight, and those that come again. */
#include "ingest_started.h"

#define NDJSON_TYPE "Content-Type: application/x-ndjson\r\n"
#define CSV_TYPE "Content-Type: text/csv\r\n"

static int start(void **state)
{
    return start_with(state, NULL);
}

static void test_wait(void **state)
{
    static const struct {
        const char *why, *target, *headers;
    } cases[] = {
        {"by query", "/v1/feedback?wait=30s", JSON_TYPE},
        {"by preference", "/v1/feedback", JSON_TYPE "Prefer: respond-async, wait=30\r\n"},
        {"in the second of two", "/v1/feedback",
         JSON_TYPE "Prefer: respond-async\r\nPrefer: wait=30\r\n"},
        {"the first wait counts", "/v1/feedback", JSON_TYPE "Prefer: wait=30, wait=0\r\n"},
        {"with what we don't know behind it", "/v1/feedback",
         JSON_TYPE "Prefer: wait=30; strict, respond-async\r\n"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct buffer request = {0};
        struct answer answer;
        char body[64], id[32];
        CASE(cases[i].why);
        snprintf(id, sizeof id, "wait-%zu", i);
        snprintf(body, sizeof body, "{\"text\":\"a\",\"id\":\"%s\"}", id);
        buffer_printf(&request,
                      "POST %s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n%sContent-Length: "
                      "%zu\r\n\r\n%s",
                      cases[i].target, cases[i].headers, strlen(body), body);
        int fd = caller_connect(&rig);
        caller_send(fd, buffer_str(&request));
        buffer_deinit(&request);
        RIG_AWAIT(rig_read_feedback(&rig, NULL, NULL) == i + 1);
        rig_publish(&rig, "another", "k", NULL, "p", ENUM_safety_state_negative,
                    ENUM_sentiment_label_positive);
        rig_publish(&rig, id, "k", NULL, "p", ENUM_safety_state_negative,
                    ENUM_sentiment_label_positive);
        caller_finish(fd, &answer);
        assert_int_equal(answer.status, 200);
        assert_true(holds(answer.body, "\"insight\":{\"provider\":\"test\""));
        assert_true(holds(answer.body, id));
        answer_free(&answer);
    }
}

static void test_wait_in_vain(void **state)
{
    struct answer answer;
    (void)state;
    caller_ask(&rig, "POST", "/v1/feedback?wait=1ms", JSON_TYPE, STR("{\"text\":\"a\"}"), &answer);
    assert_int_equal(answer.status, 202);
    assert_true(holds(answer.body, "accepted"));
    answer_free(&answer);
}

/* It was a receipt, and nobody said that wait had been left out. */
static void test_many_do_not_wait(void **state)
{
    static const struct {
        const char *why, *query, *headers, *body;
        int status;
    } cases[] = {
        {"an array", "?wait=5s", JSON_TYPE, "[{\"text\":\"a\"}]", 400},
        {"lines", "?wait=5s", NDJSON_TYPE, "{\"text\":\"a\"}\n", 400},
        {"a table", "?wait=5s", CSV_TYPE, "text\na\n", 400},
        {"no time to wait", "?wait=0s", JSON_TYPE, "[{\"text\":\"a\"}]", 202},
        {"a preference may be left out", "", JSON_TYPE "Prefer: wait=5\r\n",
         "[{\"text\":\"a\"}]", 202},
    };
    size_t taken = 0;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct answer answer;
        char target[64];
        CASE(cases[i].why);
        snprintf(target, sizeof target, "/v1/feedback%s", cases[i].query);
        caller_ask(&rig, "POST", target, cases[i].headers, str_of(cases[i].body), &answer);
        assert_int_equal(answer.status, cases[i].status);
        if (cases[i].status == 400) assert_true(holds(answer.body, "wait is for a post of one"));
        answer_free(&answer);
        taken += cases[i].status == 202;
        assert_int_equal(rig_read_feedback(&rig, NULL, NULL), taken);
    }
}

static void publish(const char *id)
{
    rig_publish(&rig, id, "k", NULL, "p", ENUM_safety_state_negative,
                ENUM_sentiment_label_positive);
}

static int begin_waiting(const char *id)
{
    struct buffer request = {0};
    int fd = caller_connect(&rig);
    buffer_printf(&request,
                  "POST /v1/feedback?wait=60s HTTP/1.1\r\nHost: test\r\n"
                  "Connection: close\r\n" JSON_TYPE "Content-Length: %zu\r\n\r\n{\"text\":\"a\",\"id\":\"%s\"}",
                  strlen("{\"text\":\"a\",\"id\":\"\"}") + strlen(id), id);
    caller_send(fd, buffer_str(&request));
    buffer_deinit(&request);
    RIG_AWAIT(rig_look(&rig)->waiters == 1);
    return fd;
}

static void answers_at_once(const char *id, int status)
{
    struct answer answer;
    char body[64];
    int64_t began_ms = clock_mono_ms(clock_system());
    snprintf(body, sizeof body, "{\"text\":\"a\",\"id\":\"%s\"}", id);
    caller_ask(&rig, "POST", "/v1/feedback?wait=30s", JSON_TYPE, str_of(body), &answer);
    assert_int_equal(answer.status, status);
    assert_true(holds(answer.body, id));
    assert_true(holds(answer.body, "\"insight\":{") == (status == 200));
    assert_true(clock_mono_ms(clock_system()) - began_ms < 10000);
    answer_free(&answer);
}

/* Its insight doesn't come a second time: a post that comes again is told at once what there is. */
static void test_wait_again(void **state)
{
    struct answer answer;
    (void)state;
    CASE("its caller got the answer, and lost it");
    int fd = begin_waiting("got");
    publish("unasked");
    publish("got");
    caller_finish(fd, &answer);
    assert_int_equal(answer.status, 200);
    answer_free(&answer);
    answers_at_once("got", 200);
    answers_at_once("got", 200);
    CASE("nobody waited for it");
    answers_at_once("unasked", 200);
    answers_at_once("unasked", 200);

    CASE("its caller was gone when it came, and nobody listened");
    fd = begin_waiting("gone");
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1}, sizeof(struct linger));
    close(fd);
    RIG_AWAIT(rig_look(&rig)->waiters == 0);
    publish("quiet");
    publish("gone");
    answers_at_once("gone", 200);
    CASE("nobody waited for it, or listened");
    answers_at_once("quiet", 200);
}

/* Finished before anybody ever waited, by this process or the one before it. */
static void test_wait_for_the_first_time(void **state)
{
    char id[24];
    (void)state;
    for (int i = 0; i < 600; i++) {
        snprintf(id, sizeof id, "early-%d", i);
        publish(id);
    }
    answers_at_once("early-7", 200);
    answers_at_once("early-599", 200);
    assert_int_equal(rig_stop(&rig), E_OK);
    rig_start(&rig, NULL);
    answers_at_once("early-0", 200);
    answers_at_once("early-0", 200);
    answers_at_once("early-300", 200);
}

/* Found by the simulation (seed 341): the finished insight of an earlier post with this
 * id came before the bus had this one, and was its answer. There is none before the bus
 * holds the record. */
static void test_wait_for_an_earlier_one(void **state)
{
    static const char request[] =
        "POST /v1/feedback?wait=30s HTTP/1.1\r\nHost: test\r\nConnection: close\r\n" JSON_TYPE
        "Content-Length: 27\r\n\r\n{\"text\":\"b\",\"id\":\"twice-1\"}";
    struct answer answer;
    (void)state;
    atomic_store(&rig_produce, PRODUCE_HELD);
    int fd = caller_connect(&rig);
    caller_send(fd, STR(request));
    RIG_AWAIT(rig_look(&rig)->waiters == 1);
    rig_publish(&rig, "twice-1", "k", NULL, "p", ENUM_safety_state_negative,
                ENUM_sentiment_label_positive);
    RIG_AWAIT(rig_look(&rig)->waiters == 0);
    atomic_store(&rig_gives_up, true);
    rig_look(&rig);
    caller_finish(fd, &answer);
    assert_int_equal(answer.status, 503);
    answer_free(&answer);
}

#define WAIT_TEST(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WAIT_TEST(test_wait), WAIT_TEST(test_wait_in_vain), WAIT_TEST(test_many_do_not_wait),
        WAIT_TEST(test_wait_again), WAIT_TEST(test_wait_for_the_first_time),
        WAIT_TEST(test_wait_for_an_earlier_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
