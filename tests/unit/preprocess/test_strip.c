/* What is left of the fields around the text. */
#include "test.h"

#include "workers/preprocess/strip.h"

static struct pseudonym pseudonym;
static struct strip_known known;

static void strips_attributes(void **state)
{
    static const struct {
        /* ret_value NULL: the hash of the value */
        const char *why, *name, *value, *ret_name, *ret_value;
    } cases[] = {
        {"an ordinary one stays", "plan", "premium 24", "plan", "premium 24"},
        {"personal data inside goes", "note", "mail bob@ex.org", "note", "mail [EMAIL]"},
        {"a name, whatever it looks like", "Full_Name", "xx yy", "Full_Name", "[PERSON]"},
        {"a product's name is none", "product_name", "Pixel 7", "product_name", "Pixel 7"},
        {"an e-mail that is broken", "e-mail", "bob(ex.org", "e-mail", "[EMAIL]"},
        {"Spanish", "codigo-postal", "28001", "codigo-postal", "[ADDRESS]"},
        {"French", "nom", "x", "nom", "[PERSON]"},
        {"a number of a person is hashed", "user_id", "4711", "user_id", NULL},
        {"an order's number stays", "order_id", "4012345678", "order_id", "4012345678"},
        {"the name itself may be personal", "bob@ex.org", "yes", "[EMAIL]", "yes"},
        {"empty name", "", "x", "", "x"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct err err;
        struct str_pair pair = {str_of(cases[i].name), str_of(cases[i].value)};
        struct feedback feedback = {0};
        CASE(cases[i].why);
        shape_set(feedback, &feedback, attributes, ((struct str_map){&pair, 1}));
        assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &known, &arena, &err), E_OK);
        struct str expected = cases[i].ret_value
                                  ? str_of(cases[i].ret_value)
                                  : pseudonym_of(&pseudonym, str_of(cases[i].value), &arena);
        assert_true(str_equal(feedback.attributes.items[0].name, str_of(cases[i].ret_name)));
        assert_true(str_equal(feedback.attributes.items[0].value, expected));
        arena_deinit(&arena);
    }
}

static void strips_words(void **state)
{
    static const struct {
        const char *why, *text, *expected;
    } cases[] = {
        {"a brand named like a person", "Calvin Klein", "Calvin Klein"},
        {"a doctor's brand", "Dr. Rosa Jones Cream", "Dr. Rosa Jones Cream"},
        {"an address of mail", "inbox of bob@ex.org", "inbox of [EMAIL]"},
        {"a phone", "call +34 612 345 678", "call [PHONE]"},
        {"a file's name", "s3://raw/feedback-2024-12-01.csv", "s3://raw/feedback-2024-12-01.csv"},
        {"a model", "iPhone 12 Pro 128", "iPhone 12 Pro 128"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct err err;
        struct feedback feedback = {0};
        CASE(cases[i].why);
        shape_set(feedback, &feedback, product, str_of(cases[i].text));
        shape_set(feedback, &feedback, source, str_of(cases[i].text));
        assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &known, &arena, &err), E_OK);
        assert_true(str_equal(feedback.product, str_of(cases[i].expected)));
        assert_true(str_equal(feedback.source, str_of(cases[i].expected)));
        arena_deinit(&arena);
    }
}

/* What is remembered changes nothing: in this order, each answer is what it would be alone. */
static void remembers_only_what_stays(void **state)
{
    static const char longest[] = "fifty-four bytes are remembered, and of them no others";
    static const struct {
        const char *why, *language, *text, *expected;
    } cases[] = {
        {"first seen", "en", "Pixel 7", "Pixel 7"},
        {"seen again", "en", "Pixel 7", "Pixel 7"},
        {"in another language", "es", "Pixel 7", "Pixel 7"},
        {"what gave way does so again: first", "en", "call +34 612 345 678", "call [PHONE]"},
        {"second", "en", "call +34 612 345 678", "call [PHONE]"},
        {"its head alone", "en", "call", "call"},
        {"as long as room is", "en", longest, longest},
        {"as long, of other bytes", "en", "fifty-four bytes are remembered, and this is no a@b.co",
         "fifty-four bytes are remembered, and this is no [EMAIL]"},
        {"a tag that is too long to keep", "a-long-tag", "Pixel 7", "Pixel 7"},
        {"no tag", "", "Pixel 7", "Pixel 7"},
    };
    struct strip_known fresh = {0};
    (void)state;
    assert_int_equal(strlen(longest), STRIP_KNOWN_BYTES);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct err err;
        struct feedback feedback = {0};
        CASE(cases[i].why);
        shape_set(feedback, &feedback, product, str_of(cases[i].text));
        assert_int_equal(
            strip_feedback(&feedback, &pseudonym, cases[i].language, &fresh, &arena, &err), E_OK);
        assert_true(str_equal(feedback.product, str_of(cases[i].expected)));
        arena_deinit(&arena);
    }
}

/* Two texts that meet in one slot: the newer one is in it, and both stay right. */
static void remembers_the_newest_of_a_slot(void **state)
{
    struct strip_known fresh = {0};
    (void)state;
    for (int round = 0; round < 2; round++)
        for (int i = 0; i < 4 * STRIP_KNOWN_SLOTS; i++) {
            struct arena arena = {0};
            struct err err;
            struct feedback feedback = {0};
            char text[32], expected[32];
            snprintf(text, sizeof text, i % 2 ? "model %d" : "bob%d@ex.org", i);
            snprintf(expected, sizeof expected, i % 2 ? "model %d" : "[EMAIL]", i);
            shape_set(feedback, &feedback, product, str_of(text));
            assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &fresh, &arena, &err),
                             E_OK);
            assert_true(str_equal(feedback.product, str_of(expected)));
            arena_deinit(&arena);
        }
}

static void keeps_the_bounds_of_the_schema(void **state)
{
    struct arena arena = {0};
    struct err err;
    struct feedback feedback = {0};
    char channel[64];
    struct str_pair pairs[] = {
        {STR("a@ex.org"), STR("1")}, {STR("b@ex.org"), STR("2")}, {STR("c"), STR("3")}};
    (void)state;
    memset(channel, ' ', sizeof channel);
    memcpy(channel + sizeof channel - 7, "a@b.com", 7);
    shape_set(feedback, &feedback, channel, str_make(channel, sizeof channel));
    memcpy(channel, "a@b.co ", 7);
    shape_set(feedback, &feedback, attributes, ((struct str_map){pairs, 3}));
    assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &known, &arena, &err), E_OK);
    assert_true(feedback.channel.size <= 64);
    assert_true(str_starts(feedback.channel, STR("[EMAIL] ")));
    /* a map with two names that are equal can't be read */
    assert_int_equal(feedback.attributes.count, 2);
    assert_true(str_equal(feedback.attributes.items[1].name, STR("c")));
    arena_deinit(&arena);
}

static void unknown_parts_survive_without_personal_data(void **state)
{
    const struct {
        const char *why, *name;
        struct str value, expected;
    } cases[] = {
        {"a text", "mood", STR("\xA4" "fine"), STR("\xA4" "fine")},
        {"a text with an address of mail", "note", STR("\xAF" "mail bob@ex.org"),
         STR("\xAC" "mail [EMAIL]")},
        {"a name that says it all", "email", STR("\xA1x"), STR("\xA7[EMAIL]")},
        {"numbers", "count", STR("\xCD\x01\x00"), STR("\xCD\x01\x00")},
        {"a number under a person's name", "phone", STR("\xCD\x01\x00"), STR("\xC0")},
        {"bytes that are no text", "blob", STR("\xC4\x01x"), STR("\xC0")},
        {"nested", "crm", STR("\x82\xA5" "email\xA1x\xA4" "tags\x92\xA2vp\x07"),
         STR("\x82\xA5" "email\xA7[EMAIL]\xA4" "tags\x92\xA2vp\x07")},
        {"a list under a person's name", "phones_of", STR("\x91\xAD+34 612345678"),
         STR("\x91\xA7[PHONE]")},
        {"a key that is personal", "seen", STR("\x81\xAA" "bob@ex.org\xC3"),
         STR("\x81\xA7[EMAIL]\xC3")},
        {"a key that is a number", "by_day", STR("\x81\x05\xA2ok"), STR("\x81\x05\xA2ok")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct arena arena = {0};
        struct err err;
        struct raw_field field = {str_of(cases[i].name), cases[i].value};
        struct record record = {.unknown = {&field, 1}};
        struct feedback feedback = {.extra = {&field, 1}};
        CASE(cases[i].why);
        assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &known, &arena, &err), E_OK);
        assert_int_equal(strip_sections(&record, &pseudonym, "en", &arena, &err), E_OK);
        assert_int_equal(feedback.extra.count, 1);
        assert_int_equal(record.unknown.count, 1);
        assert_true(str_equal(feedback.extra.items[0].value, cases[i].expected));
        assert_true(str_equal(record.unknown.items[0].value, cases[i].expected));
        arena_deinit(&arena);
    }
}

static void names_of_unknown_parts_tell_nothing(void **state)
{
    const struct raw_field fields[] = {{STR("bob@ex.org"), STR("\x01")}, {STR("mood"), STR("\x02")},
                                       {STR("ann@ex.org"), STR("\x03")}};
    struct arena arena = {0};
    struct err err;
    struct record record = {.unknown = {fields, COUNT_OF(fields)}};
    struct feedback feedback = {.extra = {fields, COUNT_OF(fields)}};
    (void)state;
    assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &known, &arena, &err), E_OK);
    assert_int_equal(strip_sections(&record, &pseudonym, "en", &arena, &err), E_OK);
    for (int i = 0; i < 2; i++) {
        const struct raw_fields *left = i ? &record.unknown : &feedback.extra;
        assert_int_equal(left->count, 2); /* nor may two of a map have the same name */
        assert_true(str_equal(left->items[0].name, STR("[EMAIL]")));
        assert_true(str_equal(left->items[1].name, STR("mood")));
    }
    arena_deinit(&arena);
}

static void later_sections_are_dropped(void **state)
{
    struct record record = {0};
    struct feedback feedback = {0};
    struct arena arena = {0};
    struct err err;
    (void)state;
    shape_set(feedback, &feedback, text, STR("secret"));
    assert_int_equal(strip_feedback(&feedback, &pseudonym, "en", &known, &arena, &err), E_OK);
    assert_false(shape_has(feedback, &feedback, text));
    record.sections[SECTION_FEEDBACK] = STR("f"), record.sections[SECTION_INSIGHT] = STR("i");
    assert_int_equal(strip_sections(&record, &pseudonym, "en", &arena, &err), E_OK);
    assert_true(record_has(&record, SECTION_FEEDBACK));
    assert_false(record_has(&record, SECTION_INSIGHT));
    arena_deinit(&arena);
}

static int open_pseudonym(void **state)
{
    struct err err;
    (void)state;
    return pseudonym_open(&pseudonym, "0123456789abcdef", "", &err);
}

static int close_pseudonym(void **state)
{
    (void)state;
    pseudonym_close(&pseudonym);
    return 0;
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(strips_attributes),
        cmocka_unit_test(strips_words),
        cmocka_unit_test(remembers_only_what_stays),
        cmocka_unit_test(remembers_the_newest_of_a_slot),
        cmocka_unit_test(keeps_the_bounds_of_the_schema),
        cmocka_unit_test(unknown_parts_survive_without_personal_data),
        cmocka_unit_test(names_of_unknown_parts_tell_nothing),
        cmocka_unit_test(later_sections_are_dropped),
    };
    return cmocka_run_group_tests(tests, open_pseudonym, close_pseudonym);
}
