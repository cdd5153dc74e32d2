/* Arenas: alignment, limits, overflow, and that a reset keeps what a batch needed. */
#include "base/arena.h"
#include "test.h"

#include <malloc.h>

static void memory_is_aligned_and_apart(void **state)
{
    struct arena arena;
    unsigned char *previous = NULL;
    (void)state;
    arena_init(&arena, 0);
    for (size_t size = 0; size < 300; size += 7) {
        unsigned char *memory = arena_alloc(&arena, size);
        assert_non_null(memory);
        assert_int_equal((uintptr_t)memory % 16, 0);
        memset(memory, (int)(size & 0xFF), size); /* the sanitizer sees an overrun of the block */
        if (previous && size > 7) assert_int_equal(previous[0], (size - 7) & 0xFF);
        previous = memory;
    }
    arena_deinit(&arena);
}

static void the_limit_holds_and_reset_gives_it_back(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 1024);
    assert_non_null(arena_alloc(&arena, 1000)); /* 1008 after rounding up */
    assert_null(arena_alloc(&arena, 17));
    assert_non_null(arena_alloc(&arena, 16));
    assert_int_equal(arena_used(&arena), 1024);
    assert_null(arena_alloc(&arena, 1));
    arena_reset(&arena);
    assert_int_equal(arena_used(&arena), 0);
    assert_non_null(arena_alloc(&arena, 1024));
    arena_deinit(&arena);
    assert_int_equal(arena.limit_bytes, 1024); /* still usable, with its limit */
    assert_null(arena_alloc(&arena, 1025));
    assert_non_null(arena_alloc(&arena, 10));
    arena_deinit(&arena);
}

static void reset_keeps_its_blocks(void **state)
{
    enum { ITEMS = 500, ITEM_BYTES = 640 };
    struct arena arena;
    void *first_round[ITEMS];
    (void)state;
    arena_init(&arena, 0);
    for (int i = 0; i < ITEMS; i++) first_round[i] = arena_alloc(&arena, ITEM_BYTES);
    for (int round = 0; round < 3; round++) {
        arena_reset(&arena);
        for (int i = 0; i < ITEMS; i++) /* the same places again: malloc was not asked */
            assert_ptr_equal(arena_alloc(&arena, ITEM_BYTES), first_round[i]);
    }
    arena_deinit(&arena);
}

static void reset_lets_go_of_a_huge_block(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    assert_non_null(arena_alloc(&arena, 100));
    void *small = arena.first;
    assert_non_null(arena_alloc(&arena, 8 << 20));
    arena_reset(&arena);
    assert_ptr_equal(arena.first, small);
    assert_non_null(arena_alloc(&arena, 100));
    assert_ptr_equal(arena.current, small);
    arena_deinit(&arena);

    arena_init(&arena, 0); /* and when the huge one is the first */
    assert_non_null(arena_alloc(&arena, 8 << 20));
    arena_reset(&arena);
    assert_null(arena.first);
    assert_non_null(arena_alloc(&arena, 1));
    arena_deinit(&arena);
}

/* Where thousands of arenas wait with little in each: a first block to fit, which a reset keeps,
 * and larger ones after it. */
static void the_first_block_may_be_small(void **state)
{
    struct arena arena = {.block_bytes = 512};
    (void)state;
    for (int round = 0; round < 2; round++) {
        assert_non_null(arena_alloc(&arena, 500));
        assert_in_range(malloc_usable_size(arena.first), 512, 1024);
        assert_non_null(arena_alloc(&arena, 10000)); /* more than the next one would have */
        assert_non_null(arena_alloc(&arena, 500));
        if (round) arena_deinit(&arena); /* stays usable, with its size */
        else arena_reset(&arena);
    }
    assert_int_equal(arena.block_bytes, 512);
    assert_non_null(arena_alloc(&arena, 1));
    assert_in_range(malloc_usable_size(arena.first), 512, 1024);
    arena_deinit(&arena);
}

static void overflow_is_refused(void **state)
{
    struct arena arena;
    (void)state;
    arena_init(&arena, 0);
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_alloc(&arena, SIZE_MAX - 8));
    assert_null(arena_array(&arena, SIZE_MAX / 8, 16));
    assert_null(arena_array(&arena, (size_t)1 << 33, (size_t)1 << 33));
    assert_int_equal(arena_used(&arena), 0);
    assert_non_null(arena_array(&arena, 0, 16));
    assert_non_null(arena_array(&arena, 16, 0));
    arena_deinit(&arena);
}

static void zeroed_memory_is_zero_after_reuse(void **state)
{
    static const unsigned char zeros[256];
    struct arena arena = {0}; /* a zeroed arena is valid */
    (void)state;
    memset(arena_alloc(&arena, 256), 0xAA, 256);
    arena_reset(&arena);
    assert_memory_equal(arena_zalloc(&arena, 256), zeros, 256);
    uint64_t *numbers = ARENA_ARRAY(&arena, uint64_t, 8);
    for (int i = 0; i < 8; i++) assert_int_equal(numbers[i], 0);
    arena_deinit(&arena);
    arena_deinit(&arena); /* twice does no harm */
    arena_deinit(NULL);
}

static void copies_end_in_nul(void **state)
{
    struct arena arena = {0};
    (void)state;
    struct str copy = arena_copy(&arena, STR("a\0b"));
    assert_int_equal(copy.size, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    copy = arena_copy(&arena, (struct str){0});
    assert_int_equal(copy.size, 0);
    assert_string_equal(copy.data, "");
    copy = arena_printf(&arena, "%s-%05d", "x", 42);
    assert_int_equal(copy.size, 7);
    assert_string_equal(copy.data, "x-00042");
    arena_deinit(&arena);

    arena_init(&arena, 16);
    assert_null(arena_copy(&arena, STR("seventeen letters")).data);
    assert_null(arena_printf(&arena, "%20d", 1).data);
    assert_int_equal(arena_printf(&arena, "%15d", 1).size, 15); /* 15 and a NUL fill it */
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_aligned_and_apart),
        cmocka_unit_test(the_limit_holds_and_reset_gives_it_back),
        cmocka_unit_test(reset_keeps_its_blocks),
        cmocka_unit_test(reset_lets_go_of_a_huge_block),
        cmocka_unit_test(the_first_block_may_be_small),
        cmocka_unit_test(overflow_is_refused),
        cmocka_unit_test(zeroed_memory_is_zero_after_reuse),
        cmocka_unit_test(copies_end_in_nul),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
