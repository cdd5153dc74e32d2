/* Tokens of a text, estimated. */
#include "spend/estimate.h"

#include "test.h"

static void test_tokens(void **state)
{
    static const struct {
        const char *why, *text, *language;
        uint64_t tokens;
    } cases[] = {
        {"nothing", "", "en", 0},
        {"one letter is a token", "a", "en", 1},
        {"41 bytes of English are ten", "It broke on the first day, and I am upset", "en", 10},
        {"one more begins another", "It broke on the first day, and I am upset.", "en", 11},
        {"36 bytes of Spanish are eleven",
         "Se rompi\xc3\xb3 el primer d\xc3\xad" "a, qu\xc3\xa9 pena", "es", 11},
        {"an unknown language counts as that", "It broke on the first day, and I am upset", "", 13},
        {"Chinese: three bytes a character", "\xe5\x9d\x8f\xe4\xba\x86", "zh", 3},
        {"cut within a character", "\xe5", "zh", 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        assert_int_equal(spend_tokens(str_of(cases[i].text), str_of(cases[i].language)),
                         cases[i].tokens);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tokens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
