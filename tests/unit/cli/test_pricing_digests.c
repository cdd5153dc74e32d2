/* Which stories of digests are foreseen, and what is shown of them. */
#include "config/shipped.h"
#include "ops/cli/pricing.h"
#include "must.h"

enum { HOUR = 3600000, ADDED_MAX = 4 };

static void open_digests(struct pricing_digests *digests, int64_t every_ms, const char *prompt)
{
    static struct random random;
    struct genai_options options = {.digest_every = every_ms, .digest_prompt = prompt};
    char folder[SHIPPED_PATH_BYTES];
    struct err err = {0};
    int rc = shipped_path("", "", folder, &err);
    random_seed(&random, 1);
    if (rc == E_OK) rc = pricing_digests_open(digests, &options, folder, &random, &err);
    must(rc, &err);
}

static void foresees_stories(void **state)
{
    struct added {
        const char *tenant;
        int64_t at_ms;
        int records;
    };
    static const struct {
        const char *why;
        struct added added[ADDED_MAX];
        uint64_t windows, calls;
    } cases[] = {
        {"no record", {{0}}, 0, 0},
        {"too few for a segment", {{"", HOUR, 4}}, 1, 1},
        {"enough for one", {{"", HOUR, 5}}, 1, 2},
        {"for three at most", {{"", HOUR, 19}}, 1, 4},
        {"eight segments are told, however many records", {{"", HOUR, 1000}}, 1, 9},
        {"an hour's last and first millisecond", {{"", HOUR, 1}, {"", 2 * HOUR - 1, 1}}, 1, 1},
        {"two hours", {{"", 2 * HOUR - 1, 1}, {"", 2 * HOUR, 1}}, 2, 2},
        {"two tenants in one", {{"acme", HOUR, 1}, {"other", HOUR, 5}}, 2, 3},
        {"the same tenant again", {{"acme", HOUR, 3}, {"other", HOUR, 1}, {"acme", HOUR + 1, 2}}, 2,
         3},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pricing_digests digests = {0};
        struct err err = {0};
        CASE(cases[i].why);
        open_digests(&digests, HOUR, "digest-000001");
        for (const struct added *added = cases[i].added; added < cases[i].added + ADDED_MAX;
             added++)
            for (int n = 0; n < added->records; n++)
                assert_int_equal(
                    pricing_digests_add(&digests, str_of(added->tenant), added->at_ms, &err), E_OK);
        struct pricing_stories stories = pricing_digests_stories(&digests);
        assert_int_equal(stories.windows, cases[i].windows);
        assert_int_equal(stories.calls, cases[i].calls);
        assert_int_equal(stories.output_tokens, cases[i].calls * PRICING_STORY_TOKENS);
        assert_true(stories.input_tokens <= stories.most_input_tokens);
        assert_true(stories.output_tokens <= stories.most_output_tokens);
        /* the prompt alone has more */
        assert_true(!stories.calls || stories.input_tokens > stories.calls * 500);
        pricing_digests_close(&digests);
    }
}

/* More windows than the table begins with: none is lost or counted twice. */
static void many_windows(void **state)
{
    enum { WINDOWS = 5000 };
    struct pricing_digests digests = {0};
    struct err err = {0};
    (void)state;
    open_digests(&digests, 1000, "digest-000001");
    for (int round = 0; round < 5; round++)
        for (int64_t i = 0; i < WINDOWS; i++)
            assert_int_equal(pricing_digests_add(&digests, STR("acme"), i * 1000 + round, &err),
                             E_OK);
    struct pricing_stories stories = pricing_digests_stories(&digests);
    assert_int_equal(stories.windows, WINDOWS);
    assert_int_equal(stories.calls, 2 * WINDOWS);
    pricing_digests_close(&digests);
}

static void told_by_nobody(void **state)
{
    static const struct {
        const char *why;
        int64_t every_ms;
        const char *prompt;
    } cases[] = {{"no digests", 0, "digest-000001"}, {"by rules", HOUR, ""}};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pricing_digests digests = {0};
        struct err err = {0};
        CASE(cases[i].why);
        open_digests(&digests, cases[i].every_ms, cases[i].prompt);
        assert_int_equal(pricing_digests_add(&digests, STR(""), HOUR, &err), E_OK);
        assert_int_equal(pricing_digests_stories(&digests).calls, 0);
        pricing_digests_close(&digests);
    }
}

static void shows_a_row_of_their_own(void **state)
{
    const struct pricing_stories stories = {
        .windows = 2, .calls = 18, .input_tokens = 36000, .output_tokens = 4500};
    static const struct {
        const char *why, *every;
        bool json;
        const char *shown; /* NULL: nothing of digests */
    } cases[] = {
        {"not asked for", NULL, false, NULL},
        {"nor in JSON", NULL, true, NULL},
        {"none are made", "0", false, "digests                  none (genai.digest_every)\n"},
        {"rules tell them", "", false,
         "digests                  told by rules (genai.digest_prompt)\n"},
        {"for people", "1h", false,
         "digests                  at most 18 calls, for windows of 1h: 2; 36000 tokens in "
         "(estimated), 4500 out (250 a call, assumed)\n"
         "  of the cost            $0.0003; at most $0.004\n"},
        {"for programs", "1h", true,
         "\"digests\":{\"windows\":2,\"calls\":18,\"input_tokens\":36000,\"output_tokens\":4500,"
         "\"cost_usd\":0.0003,\"most_usd\":0.004}"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct pricing_figures figures = {
            .provider = "openai", .model = "m", .stories = stories, .digest_every = cases[i].every,
            .stories_micros = 300, .stories_most_micros = 4000, .micros = 1300,
            .most_micros = 9000};
        struct buffer out = {0};
        CASE(cases[i].why);
        pricing_print(&figures, cases[i].json, &out);
        const char *all = buffer_cstr(&out);
        if (cases[i].shown ? !strstr(all, cases[i].shown) : strstr(all, "digests") != NULL)
            fail_msg("%s", all);
        if (!strstr(all, cases[i].json ? "\"cost_usd\":0.0013,\"most_usd\":0.009"
                                       : "$0.0013; at most $0.009"))
            fail_msg("%s", all);
        buffer_deinit(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(foresees_stories),
        cmocka_unit_test(many_windows),
        cmocka_unit_test(told_by_nobody),
        cmocka_unit_test(shows_a_row_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
