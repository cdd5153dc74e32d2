/* Arrays that grow: room, what stays in them, and no memory. */
#include <stdint.h>
#include <stdlib.h>

#include "base/array.h"
#include "test.h"

struct numbers {
    uint32_t *items;
    size_t count, capacity;
};

static void what_is_in_it_stays(void **state)
{
    struct numbers numbers = {0};
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        assert_true(array_fits(&numbers.items, &numbers.capacity, numbers.count + 1,
                               sizeof *numbers.items));
        assert_true(numbers.capacity > numbers.count);
        numbers.items[numbers.count++] = i;
    }
    for (uint32_t i = 0; i < 1000; i++) assert_int_equal(numbers.items[i], i);
    free(numbers.items);
}

static void there_is_room_for_as_many_as_are_asked_for(void **state)
{
    struct numbers numbers = {0};
    (void)state;
    assert_true(array_fits(&numbers.items, &numbers.capacity, 0, sizeof *numbers.items));
    assert_null(numbers.items);
    assert_true(array_fits(&numbers.items, &numbers.capacity, 1000, sizeof *numbers.items));
    assert_true(numbers.capacity >= 1000);
    free(numbers.items);
}

static void too_many_change_nothing(void **state)
{
    struct numbers numbers = {0};
    (void)state;
    assert_true(array_fits(&numbers.items, &numbers.capacity, 1, sizeof *numbers.items));
    struct numbers before = numbers;
    assert_false(array_fits(&numbers.items, &numbers.capacity, SIZE_MAX, sizeof *numbers.items));
    assert_false(array_fits(&numbers.items, &numbers.capacity, SIZE_MAX / 2,
                            sizeof *numbers.items));
    assert_ptr_equal(numbers.items, before.items);
    assert_int_equal(numbers.capacity, before.capacity);
    free(numbers.items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_in_it_stays),
        cmocka_unit_test(there_is_room_for_as_many_as_are_asked_for),
        cmocka_unit_test(too_many_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
