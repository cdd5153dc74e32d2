/* Money as whole numbers, the table of prices, and what a call costs. */
#include "spend/prices.h"

#include <stdlib.h>

#include "base/clock.h"
#include "must.h"

static void test_money(void **state)
{
    static const struct {
        const char *why, *text;
        bool ok;
        uint64_t micros;
        const char *printed;
    } cases[] = {
        {"whole dollars", "12", true, 12000000, "12.00"},
        {"cents", "0.25", true, 250000, "0.25"},
        {"one decimal", "0.5", true, 500000, "0.50"},
        {"the least there is", "0.000001", true, 1, "0.000001"},
        {"three decimals stay three", "0.025", true, 25000, "0.025"},
        {"nothing", "0", true, 0, "0.00"},
        {"the most", "1000000000", true, MONEY_MOST, "1000000000.00"},
        {"more than the most", "1000000000.000001", false, 0, NULL},
        {"far more, which must not wrap", "99999999999999999999", false, 0, NULL},
        {"a seventh decimal", "0.0000001", false, 0, NULL},
        {"a sign", "-1", false, 0, NULL},
        {"a sign behind the point", "1.-5", false, 0, NULL},
        {"no dollars", ".5", false, 0, NULL},
        {"a point and nothing", "5.", false, 0, NULL},
        {"a currency", "$5", false, 0, NULL},
        {"an exponent", "1e3", false, 0, NULL},
        {"empty", "", false, 0, NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char text[MONEY_TEXT_BYTES];
        uint64_t micros = 7;
        CASE(cases[i].why);
        assert_int_equal(money_parse(str_of(cases[i].text), &micros), cases[i].ok);
        assert_int_equal(micros, cases[i].ok ? cases[i].micros : 7); /* untouched on failure */
        if (!cases[i].ok) continue;
        assert_int_equal(money_format(micros, text), strlen(cases[i].printed));
        assert_string_equal(text, cases[i].printed);
    }
    char text[MONEY_TEXT_BYTES];
    money_format(UINT64_MAX, text);
    assert_string_equal(text, "18446744073709.551615");
    assert_true(money_add(UINT64_MAX, 1) == UINT64_MAX && money_less(1, 2) == 0);
}

static const char table[] = "# comment\n"
                            "\n"
                            "cloud/new-*      2    10   0.2   2026-06-01  # from June\n"
                            "cloud/new-*      1.5  8    0.15              # before\r\n"
                            "cloud/*special*  7 7 7\n"
                            "*/exact          0.3 0.3 0.3\n"
                            "cloud/*          1 1 1";

static void test_first_line_that_fits(void **state)
{
    static const struct {
        const char *why, *provider, *model, *date;
        uint64_t input; /* 0: none */
    } cases[] = {
        {"the new price has begun", "cloud", "new-1", "2026-06-01", 2000000},
        {"the day before", "cloud", "new-1", "2026-05-31T23:59:59.999Z", 1500000},
        {"the star stands for nothing too", "cloud", "new-", "2026-01-01", 1500000},
        {"a star in front and behind", "cloud", "a-special-one", "2026-01-01", 7000000},
        {"the first part may come twice", "cloud", "spec-special", "2026-01-01", 7000000},
        {"any provider", "elsewhere", "exact", "2026-01-01", 300000},
        {"no star: the whole name", "elsewhere", "exactly", "2026-01-01", 0},
        {"any model", "cloud", "other", "2026-01-01", 1000000},
        {"another provider", "clouds", "other", "2026-01-01", 0},
        {"a model with slashes in it", "cloud", "arn:aws/one/two", "2026-01-01", 1000000},
    };
    struct prices *prices;
    struct err err;
    (void)state;
    assert_int_equal(prices_parse("table", STR(table), &prices, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t wall_ms;
        CASE(cases[i].why);
        assert_true(time_parse(str_of(cases[i].date), &wall_ms));
        const struct price *price = prices_find(prices, str_of(cases[i].provider),
                                                str_of(cases[i].model), wall_ms);
        assert_int_equal(price ? price->input : 0, cases[i].input);
    }
    prices_destroy(prices);
    prices_destroy(NULL);
}

static void test_bad_tables(void **state)
{
    static const struct {
        const char *why, *text, *message;
    } cases[] = {
        {"no provider", "model 1 1 1", "t:1: a line starts with PROVIDER/MODEL"},
        {"a price is missing", "\n\na/b 1 1", "t:3: input, output and cached are dollars"},
        {"a date where a price should be", "a/b 1 1 2026-01-01", "t:1: input, output and cached"},
        {"a price that nobody asks", "a/b 1000.01 1 1", "from 0 to 1000"},
        {"no date", "a/b 1 1 1 soon", "t:1: the date isn't one"},
        {"too much", "a/b 1 1 1 2026-01-01 2026-01-02", "t:1: something stands behind the date"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct prices *prices = NULL;
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(prices_parse("t", str_of(cases[i].text), &prices, &err), E_BAD_CONFIG);
        if (!strstr(err.text, cases[i].message)) fail_msg("%s", err.text);
        assert_null(prices);
    }
}

static void test_shipped_table(void **state)
{
    char path[4096];
    struct prices *prices;
    struct err err;
    (void)state;
    snprintf(path, sizeof path, "%s/config/prices.txt", getenv("VERBATIM_SOURCE"));
    must(prices_read(path, &prices, &err), &err);
    const struct price *price = prices_find(prices, STR("bedrock"),
                                            STR("us.anthropic.claude-haiku-4-5-20251001-v1:0"), 0);
    assert_non_null(price); /* the default model of [bedrock] has a price */
    assert_int_equal(price->input, 1100000);
    assert_non_null(prices_find(prices, STR("anthropic"), STR("claude-haiku-4-5-20251001"), 0));
    assert_null(prices_find(prices, STR("openai"), STR("a-model-of-ours"), 0));
    prices_destroy(prices);
    assert_int_equal(prices_read("/nowhere/prices.txt", &prices, &err), E_NO_INPUT);
}

static void test_what_a_call_costs(void **state)
{
    const struct price price = {1100000, 5500000, 110000}, cheap = {50000, 400000, 5000},
                       dear = {MONEY_MICROS * 1000, MONEY_MICROS * 1000, MONEY_MICROS * 1000};
    static const struct spend_usage one = {1, 0, 0}, plain = {1000, 0, 200},
                                    cached = {1000, 900, 200}, odd = {10, 20, 0},
                                    most = {UINT32_MAX, 0, UINT32_MAX};
    (void)state;
    assert_int_equal(price_of(&price, &(struct spend_usage){0}), 0);
    assert_int_equal(price_of(&cheap, &one), 1); /* 0.05 micro-dollars: never for nothing */
    assert_int_equal(price_of(&price, &plain), 1100 + 1100);
    assert_int_equal(price_of(&price, &cached), 110 + 99 + 1100);
    /* more from the cache than went in: 10 tokens at 0.11 */
    assert_int_equal(price_of(&price, &odd), 2);
    /* clipped to a billion tokens each, no overflow */
    assert_true(price_of(&dear, &most) == UINT64_C(2000000000000));
    assert_int_equal(price_most(&price, 4000, 500, 600), 4950 + 3300);
    assert_true(price_most(&price, 4000, 500, 600) >=
                price_of(&price, &(struct spend_usage){4500, 0, 600}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_money),
        cmocka_unit_test(test_first_line_that_fits),
        cmocka_unit_test(test_bad_tables),
        cmocka_unit_test(test_shipped_table),
        cmocka_unit_test(test_what_a_call_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
