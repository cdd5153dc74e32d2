/* Lines of a reply's head: waits, rate limits, ids. What is odd is as if it weren't there. */
#include "llm/reply.h"
#include "test.h"

static const int64_t now_ms = 1767323045000; /* 2026-01-02T03:04:05Z */
enum { DAY_MS = 86400000 };

static const struct { const char *why, *name, *value; int64_t wait_ms; } waits[] = {
    {"seconds", "Retry-After", "30", 30000},
    {"parts of seconds", "retry-after", "0.5", 500},
    {"a date", "retry-after", "Fri, 02 Jan 2026 03:05:05 GMT", 60000},
    {"a date that is over", "retry-after", "Fri, 02 Jan 2026 03:00:00 GMT", 0},
    {"milliseconds", "retry-after-ms", "1500", 1500},
    {"none", "retry-after", "0", 0},
    {"longer than anybody waits", "retry-after", "99999999999", DAY_MS},
    {"negative", "retry-after", "-1", -1},
    {"a word", "retry-after", "soon", -1},
    {"not a number", "retry-after", "nan", -1},
    {"nothing", "retry-after", "", -1},
    {"another line", "x-retry-after", "3", -1},
};

static void reads_waits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        CASE(waits[i].why);
        struct reply_head head;
        reply_head_init(&head, now_ms);
        reply_head_line(&head, str_of(waits[i].name), str_of(waits[i].value));
        assert_int_equal(head.retry_after_ms, waits[i].wait_ms);
    }
    struct reply_head head;
    reply_head_init(&head, now_ms);
    /* the finer one wins in either order */
    reply_head_line(&head, STR("retry-after-ms"), STR("1500"));
    reply_head_line(&head, STR("retry-after"), STR("2"));
    assert_int_equal(head.retry_after_ms, 1500);
}

static const struct { const char *why, *name, *value; size_t at; int64_t number; } limits[] = {
#define AT(kind, what) offsetof(struct llm_limits, kind) + offsetof(struct llm_limit, what)
    {"Anthropic: requests left", "anthropic-ratelimit-requests-remaining", "49",
     AT(requests, remaining), 49},
    {"Anthropic: of", "Anthropic-RateLimit-Requests-Limit", "50", AT(requests, limit), 50},
    {"Anthropic: until", "anthropic-ratelimit-requests-reset", "2026-01-02T03:04:35Z",
     AT(requests, reset_ms), 30000},
    {"Anthropic: tokens", "anthropic-ratelimit-tokens-remaining", "70000", AT(tokens, remaining),
     70000},
    {"Anthropic: input tokens", "anthropic-ratelimit-input-tokens-remaining", "50000",
     AT(input_tokens, remaining), 50000},
    {"Anthropic: output tokens", "anthropic-ratelimit-output-tokens-reset", "2026-01-02T03:03:05Z",
     AT(output_tokens, reset_ms), 0},
    {"OpenAI: requests left", "x-ratelimit-remaining-requests", "59", AT(requests, remaining), 59},
    {"OpenAI: of", "x-ratelimit-limit-tokens", "150000", AT(tokens, limit), 150000},
    {"OpenAI: until", "x-ratelimit-reset-tokens", "6m0s", AT(tokens, reset_ms), 360000},
    {"OpenAI: parts", "x-ratelimit-reset-requests", "1h2m3.5s", AT(requests, reset_ms), 3723500},
    {"OpenAI: milliseconds", "x-ratelimit-reset-requests", "20ms", AT(requests, reset_ms), 20},
    {"a server that counts seconds", "x-ratelimit-reset-requests", "7", AT(requests, reset_ms),
     7000},
    {"a unit that there isn't", "x-ratelimit-reset-requests", "7y", AT(requests, reset_ms), -1},
    {"a unit without number", "x-ratelimit-reset-requests", "ms", AT(requests, reset_ms), -1},
    {"two points", "x-ratelimit-reset-requests", "1.2.3s", AT(requests, reset_ms), -1},
    {"negative", "x-ratelimit-remaining-requests", "-5", AT(requests, remaining), -1},
    {"junk", "anthropic-ratelimit-requests-remaining", "many", AT(requests, remaining), -1},
    {"only the prefix", "x-ratelimit-", "5", AT(requests, remaining), -1},
    {"only the kind", "anthropic-ratelimit-requests", "5", AT(requests, remaining), -1},
    {"only the kind, after the prefix", "x-ratelimit-requests", "5", AT(requests, remaining), -1},
};

static void reads_limits(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        CASE(limits[i].why);
        struct reply_head head;
        int64_t number;
        reply_head_init(&head, now_ms);
        reply_head_line(&head, str_of(limits[i].name), str_of(limits[i].value));
        for (size_t at = 0; at < sizeof head.limits; at += sizeof number) {
            memcpy(&number, (const char *)&head.limits + at, sizeof number);
            /* and no other one */
            assert_int_equal(number, at == limits[i].at ? limits[i].number : -1);
        }
    }
}

static void reads_names(void **state)
{
    (void)state;
    struct reply_head head;
    char long_id[400];
    reply_head_init(&head, now_ms);
    reply_head_line(&head, STR("x-amzn-ErrorType"),
                    STR("ThrottlingException:http://internal.amazon.com/coral/"));
    assert_string_equal(head.error_type, "ThrottlingException");
    reply_head_line(&head, STR("request-id"), STR("req_1"));
    assert_string_equal(head.request_id, "req_1");
    reply_head_line(&head, STR("Date"), STR("Fri, 02 Jan 2026 03:04:05 GMT"));
    assert_int_equal(head.date_ms, now_ms);
    memset(long_id, 'i', sizeof long_id);
    reply_head_line(&head, STR("x-amzn-requestid"), str_make(long_id, sizeof long_id));
    assert_int_equal(strlen(head.request_id), LLM_ID_BYTES - 1);
    reply_head_line(&head, STR("HTTP/1.1 200 OK"), STR(""));
    reply_head_line(&head, STR(""), STR(""));
}

static const struct { const char *why, *text; size_t room; const char *out; } texts[] = {
    {"as it is", "plain", 16, "plain"},
    {"on one line", "a\r\n\tb", 16, "a b"},
    {"no space at the ends", "  a  ", 16, "a"},
    {"cut", "abcdef", 4, "abc"},
    {"cut at a space", "ab cd", 4, "ab"},
    {"nothing", "", 4, ""},
};

static void copies_texts(void **state)
{
    (void)state;
    char out[16];
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        CASE(texts[i].why);
        reply_copy_text(out, texts[i].room, str_of(texts[i].text));
        assert_string_equal(out, texts[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_waits),
        cmocka_unit_test(reads_limits),
        cmocka_unit_test(reads_names),
        cmocka_unit_test(copies_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
