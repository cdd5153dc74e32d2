/* Random numbers with known answers, and UUIDs that rise whatever the clock does. */
#include "base/random.h"
#include "test.h"

/* From the authors' reference code (prng.di.unimi.it); also in other libraries' tests. */
static void the_generator_gives_its_published_numbers(void **state)
{
    static const uint64_t seeded[4] = {6457827717110365317u, 3203168211198807973u,
                                       /* splitmix64 of 1234567 */
                                       9817491932198370423u, 4593380528125082431u};
    static const uint64_t expected[8] = {11520u, 0u, 1509978240u, 1215971899390074240u,
                                         1216172134540287360u, 607988272756665600u,
                                         16172922978634559625u, 8476171486693032832u};
    struct random random;
    (void)state;
    random_seed(&random, 1234567);
    assert_memory_equal(random.state, seeded, sizeof seeded);
    random = (struct random){{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT_OF(expected); i++) assert_true(random_u64(&random) == expected[i]);
}

static void bounded_numbers_are_even(void **state)
{
    enum { BOUND = 10, DRAWS = 100000 };
    int counts[BOUND] = {0};
    struct random random;
    (void)state;
    random_seed(&random, 1);
    for (int i = 0; i < DRAWS; i++) {
        uint64_t value = random_below(&random, BOUND);
        assert_in_range(value, 0, BOUND - 1);
        counts[value]++;
    }
    for (int i = 0; i < BOUND; i++)
        assert_in_range(counts[i], DRAWS / BOUND - 500, DRAWS / BOUND + 500);
    assert_int_equal(random_below(&random, 1), 0);
    for (int i = 0; i < 100; i++) /* a bound for which nearly half of all draws are rejected */
        assert_true(random_below(&random, ((uint64_t)1 << 63) + 1) <= (uint64_t)1 << 63);
}

static void unit_numbers_fill_zero_to_one(void **state)
{
    struct random random;
    double sum = 0, least = 1, most = 0;
    (void)state;
    random_seed(&random, 2);
    for (int i = 0; i < 10000; i++) {
        double value = random_unit(&random);
        assert_true(value >= 0 && value < 1);
        sum += value;
        if (value < least) least = value;
        if (value > most) most = value;
    }
    assert_true(sum > 4800 && sum < 5200);
    assert_true(least < 0.01 && most > 0.99);
    random = (struct random){{0, 0x4fc71c71c71c71c7u, 0, 0}}; /* found by hand: all 53 bits set */
    assert_true(random_unit(&random) < 1);
}

static void system_seeds_differ(void **state)
{
    struct random a, b;
    (void)state;
    random_seed_system(&a), random_seed_system(&b);
    assert_memory_not_equal(a.state, b.state, sizeof a.state);
}

static int64_t uuid_ms(const char *text)
{
    unsigned long long high, low;
    assert_int_equal(sscanf(text, "%8llx-%4llx", &high, &low), 2);
    return (int64_t)(high << 16 | low);
}

static void assert_uuid_shape(const char *text, char version)
{
    assert_int_equal(strlen(text), UUID_TEXT_BYTES - 1);
    for (int i = 0; i < UUID_TEXT_BYTES - 1; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) assert_int_equal(text[i], '-');
        else assert_non_null(strchr("0123456789abcdef", text[i]));
    }
    assert_int_equal(text[14], version);
    assert_non_null(strchr("89ab", text[19])); /* RFC 9562's variant */
}

/* Turns the clock by step_ms before each of `count` ids, all of which must rise. */
static void rise(struct uuid_generator *generator, struct clock_manual *manual, int64_t step_ms,
                 int count)
{
    char previous[UUID_TEXT_BYTES] = "", text[UUID_TEXT_BYTES];
    for (int i = 0; i < count; i++) {
        clock_manual_advance(manual, step_ms);
        uuid_next(generator, text);
        assert_true(strcmp(previous, text) < 0);
        memcpy(previous, text, sizeof previous);
    }
}

static void ids_rise_whatever_the_clock_does(void **state)
{
    static const struct { const char *why; int64_t step_ms; int count; } phases[] = {
        {"a clock that runs",                  1, 1000},
        {"a clock that stands",                0, 1000},
        {"a clock that goes back, step by step", -7, 1000},
        {"a clock that jumps far back",        -86400000, 3},
        {"a clock that runs, still behind",    3, 1000},
        {"a clock that catches up",            86400000, 10},
    };
    struct clock_manual manual;
    struct random random;
    char before[UUID_TEXT_BYTES], after[UUID_TEXT_BYTES];
    (void)state;
    clock_manual_init(&manual, 1767323045678);
    random_seed(&random, 3);
    struct uuid_generator generator = {.clock = &manual.clock, .random = &random};
    for (size_t i = 0; i < COUNT_OF(phases); i++) {
        CASE(phases[i].why);
        uuid_next(&generator, before);
        assert_uuid_shape(before, '7');
        rise(&generator, &manual, phases[i].step_ms, phases[i].count);
        uuid_next(&generator, after);
        assert_true(strcmp(before, after) < 0);
    }
}

static void an_id_carries_its_time(void **state)
{
    struct clock_manual manual;
    struct random random;
    char text[UUID_TEXT_BYTES];
    (void)state;
    clock_manual_init(&manual, 1767323045678);
    random_seed(&random, 4);
    struct uuid_generator generator = {.clock = &manual.clock, .random = &random};
    uuid_next(&generator, text);
    assert_true(uuid_ms(text) == 1767323045678);
    clock_manual_advance(&manual, -5000);
    uuid_next(&generator, text);
    assert_true(uuid_ms(text) == 1767323045678); /* the latest time that it has seen */
    clock_manual_advance(&manual, 5001);
    uuid_next(&generator, text);
    assert_true(uuid_ms(text) == 1767323045679);
}

static void a_full_sequence_borrows_the_next_millisecond(void **state)
{
    struct clock_manual manual;
    struct random random;
    char before[UUID_TEXT_BYTES], after[UUID_TEXT_BYTES];
    (void)state;
    clock_manual_init(&manual, 1000);
    random_seed(&random, 5);
    struct uuid_generator generator = {&manual.clock, &random, 1000, (1u << 24) - 2};
    uuid_next(&generator, before);
    assert_true(uuid_ms(before) == 1000);
    assert_uuid_shape(before, '7');
    uuid_next(&generator, after);
    assert_true(uuid_ms(after) == 1001);
    assert_uuid_shape(after, '7');
    assert_true(strcmp(before, after) < 0);
    rise(&generator, &manual, 0, 100);
}

static void the_same_hash_is_the_same_id(void **state)
{
    static const struct { const char *why; uint8_t hash[16]; const char *text; } cases[] = {
        {"version and variant are set in zeros", {0}, "00000000-0000-8000-8000-000000000000"},
        {"and in ones",
         {0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
          0xFF},
         "ffffffff-ffff-8fff-bfff-ffffffffffff"},
        {"RFC 9562, appendix B.2: its SHA-256 of a name",
         {0x5c, 0x14, 0x6b, 0x14, 0x3c, 0x52, 0x4a, 0xfd, 0x93, 0x8a, 0x37, 0x5d, 0x0d, 0xf1, 0xfb,
          0xf6},
         "5c146b14-3c52-8afd-938a-375d0df1fbf6"},
    };
    char text[UUID_TEXT_BYTES];
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        uuid_from_hash(cases[i].hash, text);
        assert_string_equal(text, cases[i].text);
        assert_uuid_shape(text, '8');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_gives_its_published_numbers),
        cmocka_unit_test(bounded_numbers_are_even),
        cmocka_unit_test(unit_numbers_fill_zero_to_one),
        cmocka_unit_test(system_seeds_differ),
        cmocka_unit_test(ids_rise_whatever_the_clock_does),
        cmocka_unit_test(an_id_carries_its_time),
        cmocka_unit_test(a_full_sequence_borrows_the_next_millisecond),
        cmocka_unit_test(the_same_hash_is_the_same_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
