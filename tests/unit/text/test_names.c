/* Names of products: which spellings are found where, and what a list may not hold. */
#include "test.h"

#include <stdlib.h>

#include "base/buffer.h"
#include "text/names.h"

static const char LIST[] = "# a comment\n"
                           "ibuprofen, ibuprofeno, ibuprofène  # another\n"
                           "acetylsalicylic acid, aspirin, acide acétylsalicylique\r\n"
                           "\n"
                           "Nurofen, Nurofen Express Forte\n";

static void finds_names_where_they_stand(void **state)
{
    static const struct {
        const char *why, *text, *found; /* "name=what stands there", parted by ';' */
    } cases[] = {
        {"a name as it is", "I took ibuprofen.", "ibuprofen=ibuprofen"},
        {"another spelling is called by the first", "Tomé IBUPROFENO ayer", "ibuprofen=IBUPROFENO"},
        {"accents don't matter", "pris de l’ibuprofène hier", "ibuprofen=l’ibuprofène"},
        {"nor an article before it", "j'ai pris d'ibuprofene", "ibuprofen=d'ibuprofene"},
        {"nor a genitive", "Nurofen's box was torn", "Nurofen=Nurofen's"},
        {"several words", "de l'acide acétylsalicylique, puis",
         "acetylsalicylic acid=l'acide acétylsalicylique"},
        {"a genitive of the second word", "Acetylsalicylic acid's price",
         "acetylsalicylic acid=Acetylsalicylic acid's"},
        {"the first of several words alone", "acetylsalicylic", ""},
        {"and before another word", "acetylsalicylic acids", ""},
        {"the longest wins", "nurofen express forte is new", "Nurofen=nurofen express forte"},
        {"not over the end of a sentence", "It holds acid. Acetylsalicylic. Acid", ""},
        {"each product once, in the text's order", "aspirin, ibuprofen and aspirin",
         "acetylsalicylic acid=aspirin;ibuprofen=ibuprofen"},
        {"no part of a word", "ibuprofenlike pills and aspirins", ""},
        {"nothing in an empty text", "", ""},
    };
    struct names *names;
    struct arena arena = {0};
    struct err err;
    (void)state;
    assert_int_equal(names_parse("list", str_of(LIST), &names, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        CASE(cases[i].why);
        struct name_found found[NAMES_FOUND_MAX];
        struct tokens tokens;
        struct buffer said = {0};
        assert_int_equal(text_tokenize(str_of(cases[i].text), &arena, &tokens, &err), E_OK);
        uint32_t count = names_find(names, &tokens, found);
        for (uint32_t j = 0; j < count; j++)
            buffer_printf(&said, "%s%.*s=%.*s", j ? ";" : "", STR_ARGS(found[j].name),
                          (int)(found[j].end - found[j].start), cases[i].text + found[j].start);
        assert_string_equal(buffer_cstr(&said), cases[i].found);
        buffer_deinit(&said);
    }
    arena_deinit(&arena);
    names_close(names);
}

static void names_no_more_than_there_is_room_for(void **state)
{
    struct buffer list = {0}, text = {0};
    struct arena arena = {0};
    struct name_found found[NAMES_FOUND_MAX];
    struct names *names;
    struct tokens tokens;
    struct err err;
    (void)state;
    for (int i = 0; i < 2 * NAMES_FOUND_MAX; i++)
        buffer_printf(&list, "name%d\n", i), buffer_printf(&text, "name%d ", i);
    assert_int_equal(names_parse("list", buffer_str(&list), &names, &err), E_OK);
    assert_int_equal(text_tokenize(buffer_str(&text), &arena, &tokens, &err), E_OK);
    assert_int_equal(names_find(names, &tokens, found), NAMES_FOUND_MAX);
    assert_true(str_equal(found[NAMES_FOUND_MAX - 1].name, STR("name15")));
    names_close(names);
    arena_deinit(&arena);
    buffer_deinit(&text);
    buffer_deinit(&list);
}

/* The bit map is as large as the list needs: none of its names may fall out on the way. */
static void finds_each_name_of_a_list_of_any_size(void **state)
{
    static const int sizes[] = {0, 1, 255, 256, 257, 3000, 20000};
    struct arena arena = {0};
    struct err err;
    (void)state;
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        struct buffer list = {0};
        struct names *names;
        struct name_found found[NAMES_FOUND_MAX];
        struct tokens tokens;
        char text[16];
        for (int i = 0; i < sizes[s]; i++) buffer_printf(&list, "name%d\n", i);
        assert_int_equal(names_parse("list", buffer_str(&list), &names, &err), E_OK);
        for (int i = 0; i <= sizes[s]; i += 1 + sizes[s] / 999) {
            snprintf(text, sizeof text, "name%d", i);
            arena_reset(&arena);
            assert_int_equal(text_tokenize(str_of(text), &arena, &tokens, &err), E_OK);
            assert_int_equal(names_find(names, &tokens, found), i < sizes[s]);
        }
        names_close(names);
        buffer_deinit(&list);
    }
    arena_deinit(&arena);
}

/* Texts are looked at 64 words at a time: a name may lie across, and one within another
 * is not told again. */
static void finds_names_anywhere_in_a_long_text(void **state)
{
    struct arena arena = {0};
    struct names *names;
    struct err err;
    (void)state;
    assert_int_equal(
        names_parse("list", STR("nurofen express forte\nexpress\nforte\n"), &names, &err), E_OK);
    for (uint32_t before = 0; before < 200; before += before == 3 ? 57 : before == 66 ? 58 : 1) {
        struct name_found found[NAMES_FOUND_MAX];
        struct tokens tokens;
        struct buffer text = {0};
        for (uint32_t i = 0; i < before; i++) buffer_add(&text, STR("walrus "));
        buffer_add(&text, STR("nurofen express forte walrus express"));
        arena_reset(&arena);
        assert_int_equal(text_tokenize(buffer_str(&text), &arena, &tokens, &err), E_OK);
        assert_int_equal(names_find(names, &tokens, found), 2);
        assert_true(str_equal(found[0].name, STR("nurofen express forte")));
        assert_int_equal(found[0].start, before * 7);
        assert_true(str_equal(found[1].name, STR("express")));
        assert_int_equal(found[1].end, text.size);
        buffer_deinit(&text);
    }
    names_close(names);
    arena_deinit(&arena);
}

static void refuses_what_is_no_list(void **state)
{
    static const struct {
        const char *why, *list, *message;
    } cases[] = {
        {"too short", "aspirin\nab\n", "list:2: a name has 3 to 128 bytes"},
        {"no word", "aspirin, ---\n", "list:1: a name has one to five words"},
        {"a sentence", "\n\none two three four five six\n", "list:3: a name has one to five words"},
        {"no UTF-8", "asp\xff\n", "list:0: not UTF-8"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct names *names = NULL;
        struct err err;
        CASE(cases[i].why);
        assert_int_equal(names_parse("list", str_of(cases[i].list), &names, &err), E_BAD_CONFIG);
        assert_string_equal(err.text, cases[i].message);
        assert_null(names);
    }
}

static void the_shipped_list_is_sound(void **state)
{
    static const char *const texts[] = {
        "paracetamol", "Acetaminophen", "acétaminophène", "metformina", "l'oméprazole",
        "ácido fólico", "insulin"};
    struct names *names;
    struct arena arena = {0};
    struct err err;
    char path[512];
    const char *source = getenv("VERBATIM_SOURCE");
    (void)state;
    snprintf(path, sizeof path, "%s/config/products.txt", source ? source : ".");
    assert_int_equal(names_open(path, &names, &err), E_OK);
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct name_found found[NAMES_FOUND_MAX];
        struct tokens tokens;
        CASE(texts[i]);
        assert_int_equal(text_tokenize(str_of(texts[i]), &arena, &tokens, &err), E_OK);
        assert_int_equal(names_find(names, &tokens, found), 1);
    }
    names_close(names);
    assert_int_equal(names_open("/nowhere/products.txt", &names, &err), E_NO_INPUT);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_names_where_they_stand),
        cmocka_unit_test(names_no_more_than_there_is_room_for),
        cmocka_unit_test(finds_each_name_of_a_list_of_any_size),
        cmocka_unit_test(finds_names_anywhere_in_a_long_text),
        cmocka_unit_test(refuses_what_is_no_list),
        cmocka_unit_test(the_shipped_list_is_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
