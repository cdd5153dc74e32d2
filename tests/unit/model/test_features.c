/* The vector of a text: pinned values, and what must and must not change it. */
#include "model/features.h"

#include <math.h>

#include "base/hash.h"
#include "model/ngram.h"
#include "test.h"

static void extract(const char *text, const char *channel, bool has_rating, float rating,
                    float *out)
{
    struct arena arena;
    struct tokens tokens;
    struct err err;
    arena_init(&arena, 0);
    assert_int_equal(text_tokenize(str_of(text), &arena, &tokens, &err), E_OK);
    features_extract(&tokens, str_of(channel), has_rating, rating, out);
    arena_deinit(&arena);
}

static double length(const float *vector)
{
    double sum = 0;
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) sum += (double)vector[i] * (double)vector[i];
    return sqrt(sum);
}

static double dot(const float *a, const float *b)
{
    double sum = 0;
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* The definition in features.h, n-gram by n-gram. */
static void define(const uint64_t *hashes, const int *counts, size_t count, float *out)
{
    double sums[FEATURES_DIMENSIONS] = {0}, squares = 0;
    for (size_t i = 0; i < count; i++)
        sums[hashes[i] >> 56] += (hashes[i] & 1 ? 1 : -1) * counts[i];
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) squares += fabs(sums[i]);
    for (int i = 0; i < FEATURES_DIMENSIONS; i++)
        out[i] = (float)(copysign(sqrt(fabs(sums[i])), sums[i]) / sqrt(squares));
}

static void equals_its_definition(void **state)
{
    float expected[FEATURES_DIMENSIONS], got[FEATURES_DIMENSIONS];
    uint64_t good = hash_word(STR("good")), phone = hash_word(STR("phone"));
    /* "good good phone good": good 3, phone 1, (good good) 1, (good phone) 1, (phone good) 1 */
    uint64_t hashes[] = {
        good, phone, ngram_pair(good, good), ngram_pair(good, phone), ngram_pair(phone, good)};
    int counts[] = {3, 1, 1, 1, 1};
    (void)state;
    define(hashes, counts, COUNT_OF(hashes), expected);
    extract("Good, GOOD phone good!", "", false, 0, got);
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) assert_float_equal(got[i], expected[i], 1e-6);
}

/* However often a word comes. */
static void counts_on_and_on(void **state)
{
    enum { TIMES = 1000 };
    float expected[FEATURES_DIMENSIONS], got[FEATURES_DIMENSIONS];
    uint64_t good = hash_word(STR("good")), phone = hash_word(STR("phone"));
    uint64_t hashes[] = {good, phone, ngram_pair(good, good), ngram_pair(good, phone)};
    int counts[] = {TIMES, 1, TIMES - 1, 1};
    char text[TIMES * 5 + 6] = "";
    (void)state;
    for (int i = 0; i < TIMES; i++) memcpy(text + i * 5, "good ", 5);
    memcpy(text + TIMES * 5, "phone", 6);
    define(hashes, counts, COUNT_OF(hashes), expected);
    extract(text, "", false, 0, got);
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) assert_float_equal(got[i], expected[i], 1e-4);
}

/* A change here is a new FEATURES_VERSION: archives and segment models hold the old vectors. */
static void golden_vector(void **state)
{
    static const struct { int bucket; float value; } golden[] = {
        {96, 0.55603844f}, {166, -0.12038586f}, {170, 0.24077171f}, {195, 0.55603844f},
        {229, -0.55603844f}};
    float got[FEATURES_DIMENSIONS];
    int others = FEATURES_DIMENSIONS;
    (void)state;
    assert_string_equal(FEATURES_VERSION, "hash-256-2");
    extract("Late again", "review", true, 2, got);
    for (size_t i = 0; i < COUNT_OF(golden); i++, others--)
        assert_float_equal(got[golden[i].bucket], golden[i].value, 1e-6);
    for (int i = 0; i < FEATURES_DIMENSIONS; i++) others -= got[i] == 0.0f;
    assert_int_equal(others, 0);
}

static void length_is_one_or_zero(void **state)
{
    static const struct {
        const char *why, *text, *channel;
        bool has_rating;
        float rating;
        double length;
    } cases[] = {
        {"a sentence", "The kettle leaks at the base.", "", false, 0, 1},
        {"one word", "Great", "", false, 0, 1},
        {"everything", "Great", "review", true, 5, 1},
        {"a channel alone", "", "review", false, 0, 1},
        {"a rating alone", "", "", true, 1, 1},
        {"a middle rating weighs nothing", "", "", true, 3, 0},
        {"nothing known", "", "", false, 0, 0},
        {"marks hold no word", "?!...", "", false, 0, 0},
        {"a rating that is no number counts as none", "Great", "", true, NAN, 1},
        {"an endless rating is cut to the scale", "Great", "", true, INFINITY, 1},
        {"a rating of another scale is cut", "Great", "", true, 97, 1},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        float got[FEATURES_DIMENSIONS];
        CASE(cases[i].why);
        extract(cases[i].text, cases[i].channel, cases[i].has_rating, cases[i].rating, got);
        assert_float_equal(length(got), cases[i].length, 1e-5);
    }
}

static void likeness(void **state)
{
    static const struct { const char *why, *a, *b; double min, max; } cases[] = {
        {"case and accents don't count", "Déçu de la BATTERIE", "decu de la batterie", 0.9999,
         1.0001},
        {"shared words bring texts together", "the battery dies fast", "the battery dies at noon",
         0.2, 0.9},
        {"order counts a little", "good not bad", "bad not good", 0.2, 0.99},
        {"nothing shared is nearly at right angles", "kettle boiling water", "flight luggage lost",
         -0.5, 0.5},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        float a[FEATURES_DIMENSIONS], b[FEATURES_DIMENSIONS];
        CASE(cases[i].why);
        extract(cases[i].a, "", false, 0, a);
        extract(cases[i].b, "", false, 0, b);
        assert_true(dot(a, b) >= cases[i].min && dot(a, b) <= cases[i].max);
    }
}

static void channel_and_rating_move_it_a_little(void **state)
{
    float plain[FEATURES_DIMENSIONS], review[FEATURES_DIMENSIONS], call[FEATURES_DIMENSIONS];
    float low[FEATURES_DIMENSIONS], high[FEATURES_DIMENSIONS];
    const char *text = "The kettle leaks at the base";
    (void)state;
    extract(text, "", false, 0, plain);
    extract(text, "review", false, 0, review);
    extract(text, "call", false, 0, call);
    extract(text, "", true, 1, low);
    extract(text, "", true, 5, high);
    assert_true(dot(review, call) < 0.999 && dot(review, call) > 0.8);
    assert_true(dot(low, high) < 0.999 && dot(low, high) > 0.7);
    assert_true(dot(plain, review) > 0.9);
}

/* Still finite, still length one, still the same twice. */
static void long_texts_are_fine(void **state)
{
    static char text[200000];
    float got[FEATURES_DIMENSIONS], again[FEATURES_DIMENSIONS];
    size_t size = 0;
    (void)state;
    for (int i = 0; i < 20000; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, "w%d ", i % 15000);
    extract(text, "", false, 0, got);
    extract(text, "", false, 0, again);
    assert_float_equal(length(got), 1, 1e-4);
    assert_memory_equal(got, again, sizeof got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_its_definition),
        cmocka_unit_test(counts_on_and_on),
        cmocka_unit_test(golden_vector),
        cmocka_unit_test(length_is_one_or_zero),
        cmocka_unit_test(likeness),
        cmocka_unit_test(channel_and_rating_move_it_a_little),
        cmocka_unit_test(long_texts_are_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
