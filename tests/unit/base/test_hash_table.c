/* Hash tables: what is in them stays, however they grow. */
#include "base/hash_table.h"
#include "test.h"

struct sum {
    uint32_t key;
    uint32_t records;
};
static const struct hash_table_layout sums = {.item_bytes = sizeof(struct sum),
                                         .key_bytes = sizeof(uint32_t)};
static const struct hash_table_layout set = {0};

static void items_are_found_by_their_key(void **state)
{
    struct hash_table table = {0};
    (void)state;
    for (uint32_t round = 0; round < 3; round++)
        for (uint32_t key = 0; key < 5000; key++) {
            /* few hashes: most keys share theirs with others */
            struct sum *sum = hash_table_get(&table, sums, key % 700, &key);
            assert_non_null(sum);
            assert_int_equal(sum->key, key);
            assert_int_equal(sum->records++, round); /* new ones are zeroed */
        }
    assert_int_equal(table.count, 5000);
    for (uint32_t key = 0; key < 6000; key++)
        assert_int_equal(hash_table_has(&table, sums, key % 700, &key), key < 5000);
    hash_table_deinit(&table);
}

static void a_set_knows_hashes(void **state)
{
    struct hash_table table = {0};
    (void)state;
    assert_false(hash_table_has(&table, set, 0, NULL));
    for (int twice = 0; twice < 2; twice++)
        for (uint64_t hash = 0; hash < 3000; hash += 3)
            assert_non_null(hash_table_get(&table, set, hash, NULL));
    assert_int_equal(table.count, 1000);
    for (uint64_t hash = 2; hash < 4000; hash++) /* 0 is told as 1 */
        assert_int_equal(hash_table_has(&table, set, hash, NULL), hash < 3000 && hash % 3 == 0);
    assert_true(hash_table_has(&table, set, 0, NULL));
    hash_table_deinit(&table);
}

static void all_are_walked_once_and_packed(void **state)
{
    static uint32_t seen[200];
    struct hash_table table = {0};
    const struct sum *sum;
    (void)state;
    for (uint32_t key = 0; key < 200; key++)
        assert_non_null(hash_table_get(&table, sums, key * UINT64_C(0x9e3779b97f4a7c15), &key));
    for (size_t at = 0; (sum = hash_table_next(&table, sums, &at));) seen[sum->key]++;
    const struct sum *packed = hash_table_pack(&table, sums);
    for (size_t i = 0; i < table.count; i++) seen[packed[i].key]++;
    for (uint32_t key = 0; key < 200; key++) assert_int_equal(seen[key], 2);
    hash_table_deinit(&table);
}

static void an_empty_one_has_nothing(void **state)
{
    struct hash_table table = {0};
    size_t at = 0;
    (void)state;
    assert_null(hash_table_next(&table, sums, &at));
    assert_null(hash_table_pack(&table, sums));
    hash_table_deinit(&table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_are_found_by_their_key),
        cmocka_unit_test(a_set_knows_hashes),
        cmocka_unit_test(all_are_walked_once_and_packed),
        cmocka_unit_test(an_empty_one_has_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
