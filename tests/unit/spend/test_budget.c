/* The budget: what is granted, what is settled, and the end of the day. */
#include "spend/budget.h"

#include "test.h"

enum { NOON_MS = 43200000, DAY_MS = 86400000 };
/* 2026-01-02T12:00:00Z */
#define START_MS (INT64_C(1767312000000) + NOON_MS)

struct rig {
    struct clock_manual clock;
    struct budget *budget;
};

static void rig_open(struct rig *rig, uint64_t day, uint64_t tenant)
{
    struct err err;
    clock_manual_init(&rig->clock, START_MS);
    assert_int_equal(
        budget_create(&(struct budget_limits){day, tenant}, &rig->clock.clock, &rig->budget, &err),
        E_OK);
}

static void assert_state(struct budget_state state, uint64_t spent, uint64_t reserved)
{
    assert_int_equal(state.spent_micros, spent);
    assert_int_equal(state.reserved_micros, reserved);
}

static void test_never_over_the_limit(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, 100, 0);
    assert_int_equal(budget_reserve(rig.budget, STR("a"), 60), BUDGET_GRANTED);
    /* the first may cost 60 */
    assert_int_equal(budget_reserve(rig.budget, STR("b"), 41), BUDGET_DAY_SPENT);
    /* to the last micro-dollar */
    assert_int_equal(budget_reserve(rig.budget, STR("b"), 40), BUDGET_GRANTED);
    assert_int_equal(budget_reserve(rig.budget, STR("b"), 1), BUDGET_DAY_SPENT);
    budget_settle(rig.budget, STR("a"), 60, 10);
    assert_state(budget_state(rig.budget), 10, 40);
    /* what wasn't needed is free again */
    assert_int_equal(budget_reserve(rig.budget, STR("b"), 50), BUDGET_GRANTED);
    budget_settle(rig.budget, STR("b"), 40, 0); /* it never left, or cost nothing */
    budget_settle(rig.budget, STR("b"), 50, 50);
    assert_state(budget_state(rig.budget), 60, 0);
    assert_state(budget_tenant_state(rig.budget, STR("b")), 50, 0);
    budget_destroy(rig.budget);
}

static void test_a_bill_above_the_reservation_counts(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, 100, 0);
    assert_int_equal(budget_reserve(rig.budget, STR(""), 10), BUDGET_GRANTED);
    budget_settle(rig.budget, STR(""), 10, 500);
    assert_state(budget_state(rig.budget), 500, 0);
    assert_int_equal(budget_reserve(rig.budget, STR(""), 0), BUDGET_DAY_SPENT);
    budget_destroy(rig.budget);
}

static void test_each_tenant_has_its_own(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, 0, 100);
    assert_int_equal(budget_reserve(rig.budget, STR("a"), 100), BUDGET_GRANTED);
    assert_int_equal(budget_reserve(rig.budget, STR("a"), 1), BUDGET_TENANT_SPENT);
    assert_int_equal(budget_reserve(rig.budget, STR("b"), 100), BUDGET_GRANTED);
    assert_int_equal(budget_reserve(rig.budget, STR(""), 100), BUDGET_GRANTED);
    assert_state(budget_state(rig.budget), 0, 300);
    budget_destroy(rig.budget);
}

static void test_midnight(void **state)
{
    struct rig rig;
    (void)state;
    rig_open(&rig, 100, 80);
    assert_int_equal(budget_reserve(rig.budget, STR("a"), 80), BUDGET_GRANTED);
    budget_settle(rig.budget, STR("a"), 30, 30);
    clock_manual_advance(&rig.clock, NOON_MS - 1);
    assert_state(budget_state(rig.budget), 30, 50);
    assert_int_equal(budget_reserve(rig.budget, STR("a"), 1), BUDGET_TENANT_SPENT);
    clock_manual_advance(&rig.clock, 1);
    assert_state(budget_state(rig.budget), 0, 50); /* a call under way stays reserved */
    assert_state(budget_tenant_state(rig.budget, STR("a")), 0, 50);
    budget_settle(rig.budget, STR("a"), 50, 20); /* and is paid from the day in which it ends */
    assert_state(budget_tenant_state(rig.budget, STR("a")), 20, 0);
    /* set back over midnight: no second budget for yesterday */
    clock_manual_advance(&rig.clock, -10);
    assert_state(budget_state(rig.budget), 20, 0);
    budget_destroy(rig.budget);
}

static void test_what_others_paid(void **state)
{
    static const struct {
        const char *why;
        int64_t after_ms;
        uint64_t counts;
    } cases[] = {
        {"a moment ago", -1000, 40},
        {"the first moment of the day", -NOON_MS, 40},
        {"yesterday's last", -NOON_MS - 1, 0},
        {"another replica's clock is ahead", NOON_MS, 0},
        {"before 1970", -START_MS - 1, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct rig rig;
        CASE(cases[i].why);
        rig_open(&rig, 100, 0);
        budget_note(rig.budget, STR("a"), START_MS + cases[i].after_ms, 40);
        assert_state(budget_state(rig.budget), cases[i].counts, 0);
        assert_state(budget_tenant_state(rig.budget, STR("a")), cases[i].counts, 0);
        budget_destroy(rig.budget);
    }
}

/* More tenants than there is room for share a purse: nobody gets more than its limit
 * by coming late. */
static void test_too_many_tenants(void **state)
{
    struct rig rig;
    char name[100];
    (void)state;
    rig_open(&rig, 0, 10);
    for (int i = 0; i < BUDGET_TENANTS_MAX; i++) {
        snprintf(name, sizeof name, "tenant-%d", i);
        assert_int_equal(budget_reserve(rig.budget, str_of(name), 10), BUDGET_GRANTED);
    }
    assert_int_equal(budget_reserve(rig.budget, STR("late"), 10), BUDGET_GRANTED);
    assert_int_equal(budget_reserve(rig.budget, STR("later"), 1), BUDGET_TENANT_SPENT);
    assert_int_equal(budget_reserve(rig.budget, STR("tenant-7"), 1), BUDGET_TENANT_SPENT);
    budget_settle(rig.budget, STR("tenant-7"), 10, 0);
    clock_manual_advance(&rig.clock, DAY_MS);
    /* there is room again */
    assert_int_equal(budget_reserve(rig.budget, STR("tenant-7"), 10), BUDGET_GRANTED);
    budget_settle(rig.budget, STR("late"), 10, 0);
    assert_int_equal(budget_state(rig.budget).reserved_micros, BUDGET_TENANTS_MAX * 10);
    memset(name, 'x', sizeof name);
    /* names are cut */
    assert_int_equal(budget_reserve(rig.budget, str_make(name, 65), 10), BUDGET_GRANTED);
    assert_int_equal(budget_reserve(rig.budget, str_make(name, 64), 1), BUDGET_TENANT_SPENT);
    budget_destroy(rig.budget);
    budget_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_never_over_the_limit),
        cmocka_unit_test(test_a_bill_above_the_reservation_counts),
        cmocka_unit_test(test_each_tenant_has_its_own),
        cmocka_unit_test(test_midnight),
        cmocka_unit_test(test_what_others_paid),
        cmocka_unit_test(test_too_many_tenants),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
