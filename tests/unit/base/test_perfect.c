/* Every key has a slot of its own. */
#include "base/perfect.h"

#include <stdlib.h>

#include "base/hash.h"
#include "test.h"

enum { BUCKET_BITS = 6, SLOT_BITS = 9, KEYS = 256 };

static uint32_t factors[1 << BUCKET_BITS], scratch[PERFECT_SCRATCH(KEYS, BUCKET_BITS, SLOT_BITS)];

static void each_key_has_its_own_slot(void **state)
{
    static const uint32_t counts[] = {0, 1, 2, 100, KEYS};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        uint64_t hashes[KEYS];
        bool taken[1 << SLOT_BITS] = {false};
        for (uint32_t k = 0; k < counts[i]; k++)
            hashes[k] = hash_fast((struct str){(const char *)&k, sizeof k}, 0);
        assert_true(
            perfect_build(hashes, counts[i], BUCKET_BITS, SLOT_BITS, factors, scratch));
        for (uint32_t k = 0; k < counts[i]; k++) {
            uint32_t slot = perfect_slot(
                hashes[k], factors[hashes[k] & ((1 << BUCKET_BITS) - 1)], SLOT_BITS);
            assert_false(taken[slot]);
            taken[slot] = true;
        }
    }
}

static void hashes_too_much_alike_are_refused(void **state)
{
    const uint64_t alike[] = {UINT64_C(0x1234567800000005), UINT64_C(0x1234567801000005)};
    (void)state;
    assert_false(perfect_build(alike, COUNT_OF(alike), BUCKET_BITS, SLOT_BITS, factors, scratch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_has_its_own_slot),
        cmocka_unit_test(hashes_too_much_alike_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
