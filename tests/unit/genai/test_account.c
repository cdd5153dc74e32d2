/* Paid once and within the budget: the journal over restarts and between replicas, the bills of
 * tenants, the limits, and what calls cost that went wrong. */
#include "account_rig.h"

static void test_an_answer_is_paid_for_once(void **state)
{
    struct replica replica;
    struct account_question question = question_of("too salty", "a"),
                            other = question_of("too sweet", "a"),
                            shared = question_of("too salty", "b");
    struct str raw;
    (void)state;
    replica_open(&replica, "genai-0", true, NULL);
    buy(&replica, &question, 30, 1, "{\"id\":\"x\"}");
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_KNOWN);
    assert_true(str_equal(raw, STR("{\"id\":\"x\"}")));
    shared.shared = true;
    assert_int_equal(recall(&replica, &shared, &raw), ACCOUNT_KNOWN); /* whoever's record it is */
    assert_int_equal(recall(&replica, &other, &raw), ACCOUNT_UNKNOWN);
    assert_int_equal(MICROS(&replica, "verbatim_spend_usd_total{provider=\"test\"}"), 40);
    assert_int_equal(MICROS(&replica, "verbatim_spend_today_usd{}"), 40);
    assert_int_equal(MICROS(&replica, "verbatim_spend_reserved_usd{}"), 0);
    assert_int_equal(MICROS(&replica, "verbatim_spend_saved_usd_total{}"), 80);
    /* three answers for 40 */
    assert_int_equal(MICROS(&replica, "verbatim_spend_backlog_usd{}"), 10 * 40 / 3);
    assert_int_equal(COUNTED(&replica, "verbatim_answers_total{result=\"bought\"}"), 1);
    assert_int_equal(COUNTED(&replica, "verbatim_answers_total{result=\"known\"}"), 1);
    assert_int_equal(COUNTED(&replica, "verbatim_answers_total{result=\"shared\"}"), 1);
    assert_int_equal(COUNTED(&replica, "verbatim_journal_records{}"), 1);
    replica_close(&replica);
}

static void test_what_decides_an_answer(void **state)
{
    const struct account_question question = question_of("text", "a");
    struct account_question changed[9];
    static const char *const whys[] = {
        "the text", "its language", "the answer's language", "a rating", "another rating",
        "the provider", "the model", "the prompt", "not the tenant"};
    struct answer_key key, other;
    struct replica replica;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(changed); i++) changed[i] = question;
    changed[0].text = STR("text.");
    changed[1].language = STR("fr");
    changed[2].answer_in = STR("fr");
    changed[3].has_rating = true;
    changed[4].has_rating = true, changed[4].rating = 4;
    changed[5].provider = "tes";
    changed[6].model = "m2";
    changed[7].prompt = "p2";
    changed[8].tenant = STR("b");
    replica_open(&replica, "genai-0", false, NULL);
    account_key(replica.account, &question, &key);
    for (size_t i = 0; i < COUNT_OF(changed); i++) {
        CASE(whys[i]);
        account_key(replica.account, &changed[i], &other);
        assert_int_equal(memcmp(&key, &other, sizeof key) == 0, i == 8);
    }
    account_key(replica.account, &changed[3], &key);
    account_key(replica.account, &changed[4], &other);
    assert_memory_not_equal(&key, &other, sizeof key);
    replica_close(&replica);
    CASE("the parameters");
    replica_open(&replica, "genai-0", false, (const char *[]){"genai.temperature=0.5", NULL});
    account_key(replica.account, &changed[3], &other);
    assert_memory_not_equal(&key, &other, sizeof key);
    replica_close(&replica);
}

/* Nothing is asked before the journal is read, and then nothing that is in it;
 * what was spent is known. */
static void test_a_restart_knows_what_was_paid(void **state)
{
    struct replica replica;
    struct account_question question = question_of("known", "t"),
                            rubbish = question_of("rubbish", "t");
    const struct account_question *const questions[] = {&rubbish};
    struct account_call call;
    struct str raw;
    int64_t again_ms = 0;
    (void)state;
    replica_open(&replica, "genai-0", true, NULL);
    buy(&replica, &question, 30, 0, "{}");
    assert_int_equal(reserve(&replica, &call, questions, 1), ACCOUNT_GO);
    struct llm_result truncated = answered(10, 4);
    truncated.why = LLM_TRUNCATED; /* paid for nothing: spent all the same */
    assert_true(account_settle(replica.account, &call, &truncated) > 0);
    replica_close(&replica);

    replica_open(&replica, "genai-0", true, NULL);
    assert_int_equal(
        account_recall(replica.account, &question, &replica.arena, 100, &raw, &again_ms),
        ACCOUNT_NOT_YET);
    assert_in_range(again_ms, 101, 1000);
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_KNOWN);
    assert_int_equal(recall(&replica, &rubbish, &raw), ACCOUNT_UNKNOWN);
    assert_int_equal(MICROS(&replica, "verbatim_spend_today_usd{}"), 30 + 50);
    replica_close(&replica);

    /* the next day: the answer lives on, the spending is yesterday's */
    clock_manual_advance(&rig_clock, RIG_NOON_MS);
    replica_open(&replica, "genai-0", true, NULL);
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_KNOWN);
    assert_int_equal(MICROS(&replica, "verbatim_spend_today_usd{}"), 0);
    replica_close(&replica);
}

/* What one replica buys the other knows, also when partitions change hands;
 * and they share a budget. */
static void test_replicas_share_a_journal(void **state)
{
    const char *const settings[] = {"genai.budget=0.000700", NULL};
    struct replica one, two;
    struct account_question question = question_of("text", "t"), next = question_of("next", "t");
    const struct account_question *const questions[] = {&next};
    struct account_call call;
    struct str raw;
    int64_t again_ms;
    (void)state;
    replica_open(&one, "genai-0", true, settings);
    replica_open(&two, "genai-1", true, settings);
    assert_int_equal(recall(&two, &question, &raw), ACCOUNT_UNKNOWN);
    buy(&one, &question, 300, 20, "{}"); /* 500 of 700 */
    account_rewound(two.account); /* a partition of the first has come */
    assert_int_equal(account_recall(two.account, &question, &two.arena, 0, &raw, &again_ms),
                     ACCOUNT_NOT_YET);
    assert_int_equal(recall(&two, &question, &raw), ACCOUNT_KNOWN);
    assert_int_equal(MICROS(&two, "verbatim_spend_today_usd{}"), 500);
    assert_int_equal(reserve(&two, &call, questions, 1), ACCOUNT_DEGRADE);
    replica_close(&one);
    replica_close(&two);
}

static void test_limits(void **state)
{
    static const struct {
        const char *why, *settings[4];
        const char *tenants[2];
        uint32_t count;
        enum account_verdict verdict;
        const char *refused;
    } cases[] = {
        /* A call of ours reserves 300 + 200. */
        {"no limit", {NULL}, {"a"}, 1, ACCOUNT_GO, NULL},
        {"to the last micro-dollar", {"genai.budget=0.000500"}, {"a"}, 1, ACCOUNT_GO, NULL},
        {"a micro-dollar less", {"genai.budget=0.000499"}, {"a"}, 1, ACCOUNT_DEGRADE, "day"},
        {"a micro-dollar less, pause", {"genai.budget=0.000499", "genai.at_limit=pause"}, {"a"}, 1,
         ACCOUNT_PAUSE, "day"},
        {"a tenant's", {"genai.budget_tenant=0.000499"}, {"a"}, 1, ACCOUNT_DEGRADE, "tenant"},
        {"a tenant's, pause: only its records wait",
         {"genai.budget_tenant=0.000499", "genai.at_limit=pause"}, {"a"}, 1, ACCOUNT_LATER,
         "tenant"},
        {"two tenants: half each", {"genai.budget_tenant=0.000250"}, {"a", "b"}, 2, ACCOUNT_GO,
         NULL},
        {"one of two has spent its own: ask alone", {"genai.budget_tenant=0.000249"}, {"a", "b"}, 2,
         ACCOUNT_ALONE, NULL},
        {"two records of one tenant", {"genai.budget_tenant=0.000499"}, {"a", "a"}, 2,
         ACCOUNT_DEGRADE, "tenant"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct replica replica;
        struct account_question first = question_of("1", cases[i].tenants[0]),
                                second = question_of("2", cases[i].tenants[1]);
        const struct account_question *const questions[] = {&first, &second};
        struct account_call call;
        CASE(cases[i].why);
        replica_open(&replica, "genai-0", false, cases[i].settings);
        assert_int_equal(reserve(&replica, &call, questions, cases[i].count), cases[i].verdict);
        assert_int_equal(MICROS(&replica, "verbatim_spend_reserved_usd{}"),
                         cases[i].verdict == ACCOUNT_GO ? 500 : 0);
        assert_int_equal(COUNTED(&replica, "verbatim_budget_refused_total{limit=\"day\"}"),
                         cases[i].refused && *cases[i].refused == 'd');
        assert_int_equal(COUNTED(&replica, "verbatim_budget_refused_total{limit=\"tenant\"}"),
                         cases[i].refused && *cases[i].refused == 't');
        if (cases[i].verdict == ACCOUNT_GO) account_settle(replica.account, &call, NULL);
        /* what never left is free again */
        assert_int_equal(MICROS(&replica, "verbatim_spend_reserved_usd{}"), 0);
        assert_int_equal(MICROS(&replica, "verbatim_spend_today_usd{}"), 0);
        replica_close(&replica);
    }
}

static void test_what_a_call_cost(void **state)
{
    static const struct {
        const char *why;
        struct llm_result result;
        long paid;
    } cases[] = {
        {"as reported",
         {.why = LLM_ANSWERED, .usage = {.known = true, .input_tokens = 101, .output_tokens = 10}},
         201},
        {"a tenth of it for what was cached",
         {.why = LLM_ANSWERED, .usage = {.known = true, .input_tokens = 100, .cached_tokens = 100}},
         10},
        {"more than was reserved",
         {.why = LLM_ANSWERED, .usage = {.known = true, .input_tokens = 1000}}, 1000},
        {"cut off: paid", {.why = LLM_TRUNCATED, .usage = {.known = true, .output_tokens = 20}},
         200},
        {"answered without saying: the most", {.why = LLM_ANSWERED}, 501 /* 167 each */},
        {"timed out: nobody knows, so the most", {.why = LLM_TIMED_OUT}, 501},
        {"throttled: free", {.why = LLM_THROTTLED}, 0},
        {"no connection: free", {.why = LLM_UNREACHABLE}, 0},
        {"denied: free", {.why = LLM_DENIED}, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct replica replica;
        struct account_question first = question_of("1", "a"), second = question_of("2", "b"),
                                third = question_of("3", "a");
        const struct account_question *const questions[] = {&first, &second, &third};
        struct account_call call;
        CASE(cases[i].why);
        replica_open(&replica, "genai-0", false, NULL);
        assert_int_equal(reserve(&replica, &call, questions, 3), ACCOUNT_GO);
        double dollars = account_settle(replica.account, &call, &cases[i].result);
        assert_int_equal((long)(dollars * 1e6 + 0.5), cases[i].paid);
        /* no micro-dollar is lost in the division */
        assert_int_equal(MICROS(&replica, "verbatim_spend_today_usd{}"), cases[i].paid);
        assert_int_equal(MICROS(&replica, "verbatim_spend_reserved_usd{}"), 0);
        replica_close(&replica);
    }
}

/* Each tenant's bill is in the journal, so its limit holds after a restart. */
static void test_bills_are_the_tenants(void **state)
{
    const char *const settings[] = {"genai.budget_tenant=0.000700", NULL};
    struct account_question first = question_of("1", "a"), second = question_of("2", "b"),
                            third = question_of("3", "a");
    const struct account_question *const all[] = {&first, &second, &third},
                                         *const of_a[] = {&first}, *const of_b[] = {&second};
    struct account_call call;
    struct replica replica;
    struct str raw;
    (void)state;
    replica_open(&replica, "genai-0", true, settings);
    assert_int_equal(recall(&replica, &first, &raw), ACCOUNT_UNKNOWN);
    assert_int_equal(reserve(&replica, &call, all, 3), ACCOUNT_GO);
    const struct llm_result result = answered(302, 0);
    account_settle(replica.account, &call, &result); /* 101, 101, 100: a pays 201, b 101 */
    replica_close(&replica);
    replica_open(&replica, "genai-0", true, settings);
    assert_int_equal(recall(&replica, &first, &raw), ACCOUNT_UNKNOWN);
    assert_int_equal(MICROS(&replica, "verbatim_spend_today_usd{}"), 302);
    assert_int_equal(reserve(&replica, &call, of_a, 1), ACCOUNT_DEGRADE); /* 201 + 500 */
    assert_int_equal(reserve(&replica, &call, of_b, 1), ACCOUNT_GO);      /* 101 + 500 */
    account_settle(replica.account, &call, NULL);
    replica_close(&replica);
}

/* Stopped while an answer is on its way to the journal: nobody is called any more,
 * and it is there. */
static void test_stop_while_keeping(void **state)
{
    struct account_question question = question_of("text", "t");
    const struct llm_result result = answered(1, 1);
    struct replica replica;
    struct str raw;
    (void)state;
    replica_open(&replica, "genai-0", true, NULL);
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_UNKNOWN);
    assert_true(account_keep(replica.account, &question, STR("{}"), &result, 0.01, replica_on_kept,
                             &replica));
    replica_close(&replica);
    assert_int_equal(replica.kept, 0);
    replica_open(&replica, "genai-0", true, NULL);
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_KNOWN);
    replica_close(&replica);
}

static void test_without_a_bus(void **state)
{
    struct account_question question = question_of("text", "t");
    struct replica replica;
    struct str raw;
    (void)state;
    replica_open(&replica, "genai-0", false, NULL);
    buy(&replica, &question, 1, 1, "{\"a\":1}");
    /* identical texts of one run */
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_KNOWN);
    assert_true(str_equal(raw, STR("{\"a\":1}")));
    account_rewound(replica.account);
    assert_int_equal(recall(&replica, &question, &raw), ACCOUNT_KNOWN);
    replica_close(&replica);
}

static void test_bad_settings(void **state)
{
    static const struct {
        const char *why, *setting, *text;
        enum err_code code;
    } cases[] = {
        {"a currency", "genai.budget=$5", "genai.budget is dollars such as", E_BAD_CONFIG},
        {"a tenant's, below nothing", "genai.budget_tenant=-1", "genai.budget_tenant is dollars",
         E_BAD_CONFIG},
        {"no table", "genai.prices=/nowhere/prices.txt", "genai.prices: /nowhere/prices.txt",
         E_BAD_CONFIG},
        {"a file that can't be", "genai.journal_file=/nowhere/answers", "/nowhere/answers",
         E_SYSTEM},
    };
    (void)state;
    rig_write_prices("test/m* 1 10 0.1\n");
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct replica replica;
        struct account_book *account = NULL;
        struct err err;
        CASE(cases[i].why);
        replica_prepare(&replica, "genai-0", false, (const char *[]){cases[i].setting, NULL});
        assert_int_equal(account_open(&replica.context, &account, &err), cases[i].code);
        if (!strstr(err.text, cases[i].text)) fail_msg("%s", err.text);
        assert_null(account);
        replica_close(&replica);
    }
}

static void test_models_without_a_price(void **state)
{
    struct account_question question = question_of("text", "t");
    const struct account_question *const questions[] = {&question};
    const struct llm_result result = answered(1000, 1000);
    struct account_call call = {
        .questions = questions, .count = 1, .provider = "other", .model = "m1", .input_tokens = 1,
        .output_tokens = 1};
    struct replica replica;
    struct prices *prices;
    int64_t again_ms;
    struct err err;
    (void)state;
    replica_open(&replica, "genai-0", false, NULL);
    /* no budget: it only isn't counted */
    assert_int_equal(account_check(replica.account, NULL, "other", "m1", &err), E_OK);
    assert_int_equal(account_reserve(replica.account, &call, 0, &again_ms), ACCOUNT_GO);
    assert_true(account_settle(replica.account, &call, &result) < 0);
    replica_close(&replica);

    replica_open(&replica, "genai-0", false, (const char *[]){"genai.budget=5", NULL});
    assert_int_equal(account_check(replica.account, NULL, "test", "m1", &err), E_OK);
    assert_int_equal(account_check(replica.account, NULL, "other", "m1", &err), E_BAD_CONFIG);
    assert_non_null(strstr(err.text, "other/m1"));
    assert_int_equal(account_reserve(replica.account, &call, 0, &again_ms), ACCOUNT_DEGRADE);
    rig_write_prices("other/* 1 1 1\n"); /* on SIGHUP */
    must(account_read_prices(&replica.context, &prices, &err), &err);
    assert_int_equal(account_check(replica.account, prices, "other", "m1", &err), E_OK);
    assert_int_equal(account_check(replica.account, prices, "test", "m1", &err), E_BAD_CONFIG);
    assert_int_equal(account_check(replica.account, NULL, "test", "m1", &err), E_OK);
    account_swap_prices(replica.account, &prices);
    prices_destroy(prices);
    assert_int_equal(account_check(replica.account, NULL, "other", "m1", &err), E_OK);
    rig_write_prices("nonsense\n");
    assert_int_equal(account_read_prices(&replica.context, &prices, &err), E_BAD_CONFIG);
    replica_close(&replica);
    account_close(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, rig_setup, own_folder_remove)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_answer_is_paid_for_once), TEST(test_what_decides_an_answer),
        TEST(test_a_restart_knows_what_was_paid),
        TEST(test_replicas_share_a_journal),   TEST(test_limits),
        TEST(test_what_a_call_cost),
        TEST(test_bills_are_the_tenants),      TEST(test_stop_while_keeping),
        TEST(test_without_a_bus),
        TEST(test_bad_settings),               TEST(test_models_without_a_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
