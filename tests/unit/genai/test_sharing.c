/* Identical questions under way: one is asked, the others wait for it. */
#include "workers/genai/claims.h"

#include "test.h"

static struct claims claims;

static struct claim claim_of(const char *text)
{
    struct claim claim = {0};
    struct str part = str_of(text);
    answer_key_of(&part, 1, &claim.key);
    return claim;
}

static void test_the_first_is_asked(void **state)
{
    struct claim first = claim_of("a"), second = claim_of("a"), third = claim_of("a"),
                 other = claim_of("b");
    (void)state;
    assert_true(claims_take(&claims, &first) && claims_take(&claims, &other));
    assert_false(claims_take(&claims, &second) || claims_take(&claims, &third));
    assert_null(claims_release(&claims, &second)); /* it waits: nobody waits for it */
    assert_null(claims_release(&claims, &other));
    struct claim *list = claims_release(&claims, &first);
    assert_ptr_equal(list, &second); /* in their order */
    assert_ptr_equal(list->next, &third);
    assert_null(list->next->next);
    assert_null(claims_release(&claims, &first)); /* once */
    assert_true(claims_take(&claims, &third)); /* there was no answer: now it is asked */
    assert_false(claims_take(&claims, &second));
    assert_ptr_equal(claims_release(&claims, &third), &second);
}

static void test_all_are_let_go(void **state)
{
    struct claim held[40], waits[40];
    size_t count = 0;
    (void)state;
    for (int i = 0; i < 40; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        held[i] = claim_of(text), waits[i] = claim_of(text);
        assert_true(claims_take(&claims, &held[i]));
        assert_false(claims_take(&claims, &waits[i]));
    }
    for (struct claim *at = claims_let_go(&claims); at; at = at->next, count++)
        assert_false(at->waits);
    assert_int_equal(count, 40);
    assert_null(claims_let_go(&claims));
    for (int i = 0; i < 40; i++) { /* what was claimed still is: its call is under way */
        assert_false(claims_take(&claims, &waits[i]));
        assert_ptr_equal(claims_release(&claims, &held[i]), &waits[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_first_is_asked), cmocka_unit_test(test_all_are_let_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
