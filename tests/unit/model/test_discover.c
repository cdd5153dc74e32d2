/* Phrases that no topic covers: found, merged, ranked, within bounds. */
#include "model/discover.h"

#include "test.h"

struct bed {
    struct topics topics;
    struct discover *discover;
    struct arena arena;
};

static void open_bed(struct bed *bed, uint32_t slots)
{
    struct err err;
    *bed = (struct bed){0};
    topics_init(&bed->topics);
    assert_int_equal(topics_add(&bed->topics, "en.txt", STR("[delivery]\ncourier, deliver*\n"),
                                LANGUAGE_EN, &err),
                     E_OK);
    bed->discover = discover_create(&bed->topics, slots);
    assert_non_null(bed->discover);
}

static void close_bed(struct bed *bed)
{
    discover_destroy(bed->discover);
    topics_deinit(&bed->topics);
    arena_deinit(&bed->arena);
}

static void say(struct bed *bed, const char *text, const char *customer)
{
    struct tokens tokens;
    struct err err;
    arena_reset(&bed->arena);
    assert_int_equal(text_tokenize(str_of(text), &bed->arena, &tokens, &err), E_OK);
    discover_add(bed->discover, str_of(text), &tokens, str_of(customer), LANGUAGE_ALL);
}

static const struct discovery *found(struct bed *bed, uint32_t records_min, const char *text)
{
    struct discovery *all;
    struct err err;
    uint32_t count;
    assert_int_equal(
        discover_report(bed->discover, records_min, 100, &bed->arena, &all, &count, &err), E_OK);
    for (uint32_t i = 0; i < count; i++)
        if (str_equal(all[i].text, str_of(text))) return &all[i];
    return NULL;
}

static void test_what_is_found(void **state)
{
    static const char *const texts[] = {
        "The charging cable is too short, and the courier was rude.", "My charging cables broke.",
        "charging cable again! Where is it?", "I like my charging cable.", "A blue kettle.",
        "The kettle of my aunt.",
        "La cafetera es buena.", "[PERSON] spoke of the kettle to [PERSON].",
        "[PERSON] is here. [PERSON] was there. [PERSON] too.",
        "Quiero otra.", "Eso quiero.", "No quiero esta.",
        "New products!", "Many products.", "products.", "The pain is back.", "Le pain est dur."};
    static const struct { const char *why, *text; uint32_t records; } cases[] = {
        {"plural and singular are one", "charging cable", 4},
        {"a part that never stands alone is not told twice", "charging", 0},
        {"nor is the other", "cable", 0},
        {"a word alone", "kettle", 3},
        {"a topic covers it", "courier", 0},
        {"a stop word", "the", 0},
        {"a word of every day, alone", "quiero", 0},
        {"in its plural, too", "products", 0},
        {"a noun in one of the languages", "pain", 2},
        {"not across the end of a sentence", "broke kettle", 0},
        {"too few records", "aunt", 0},
        {"what was taken out for privacy is no topic", "person", 0},
    };
    struct bed bed;
    (void)state;
    open_bed(&bed, 0);
    for (size_t i = 0; i < COUNT_OF(texts); i++) say(&bed, texts[i], i % 2 ? "odd" : "even");
    assert_int_equal(discover_records(bed.discover), COUNT_OF(texts));
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        const struct discovery *it = found(&bed, 2, cases[i].text);
        assert_int_equal(it ? it->records : 0, cases[i].records);
    }
    assert_int_equal(found(&bed, 2, "charging cable")->customers, 2);
    assert_true(found(&bed, 2, "charging cable")->lift > 2);
    assert_true(str_find(found(&bed, 2, "charging cable")->example, STR("too short")) <
                DISCOVER_EXAMPLE_BYTES);
    close_bed(&bed);
}

/* An example is the words around the phrase, none of them cut. */
static void test_examples(void **state)
{
    static const char text[] =
        "Honestly, when my daughter unwrapped her birthday present last weekend everybody cheered, "
        "though the zipper wouldn't close because somebody had obviously sewn it crookedly, which "
        "disappointed absolutely everybody.";
    struct bed bed;
    (void)state;
    open_bed(&bed, 0);
    say(&bed, text, "one"), say(&bed, text, "two");
    struct str example = found(&bed, 2, "zipper wouldn't close")->example;
    size_t at = str_find(str_of(text), example), end = at + example.size;
    assert_in_range(example.size, 80, DISCOVER_EXAMPLE_BYTES - 1);
    assert_true(at > 0 && text[at - 1] == ' ' && end < strlen(text) && text[end] == ' ');
    assert_true(str_find(example, STR("zipper wouldn't close")) < example.size);
    close_bed(&bed);
}

/* A thousand phrases in a table of 64: what recurs all the time stays, and what is told is no
 * more than there was. */
static void test_bounded(void **state)
{
    struct bed bed;
    (void)state;
    open_bed(&bed, 64);
    for (int i = 0; i < 1000; i++) {
        char text[64], customer[16];
        snprintf(text, sizeof text, "zipper; item%c%c%c", 'a' + i % 26, 'a' + i / 26 % 26,
                 'a' + i / 676);
        snprintf(customer, sizeof customer, "c%d", i % 300);
        say(&bed, text, customer);
    }
    const struct discovery *zipper = found(&bed, 100, "zipper");
    assert_non_null(zipper);
    assert_in_range(zipper->records + discover_forgotten(bed.discover), 1000, 2000);
    assert_true(zipper->records <= 1000);
    assert_true(discover_forgotten(bed.discover) > 0);
    assert_in_range(zipper->customers, 270, 330);
    close_bed(&bed);
}

static void test_awkward_texts(void **state)
{
    char wide[4096];
    struct bed bed;
    (void)state;
    open_bed(&bed, 64);
    for (size_t i = 0; i + 3 < sizeof wide; i += 3)
        memcpy(wide + i, i % 2 ? "\xc3\xa9 " : "\xc3\xa9q", 4);
    say(&bed, "", ""), say(&bed, "?!", ""), say(&bed, wide, ""), say(&bed, "l'", "x");
    struct discovery *all;
    struct err err;
    uint32_t count;
    assert_int_equal(discover_report(bed.discover, 1, 5, &bed.arena, &all, &count, &err), E_OK);
    assert_true(count <= 5);
    for (uint32_t i = 0; i < count; i++)
        assert_true(str_is_utf8(all[i].text) && str_is_utf8(all[i].example));
    close_bed(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_found),
        cmocka_unit_test(test_examples),
        cmocka_unit_test(test_bounded),
        cmocka_unit_test(test_awkward_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
