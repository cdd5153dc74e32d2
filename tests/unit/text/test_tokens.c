/* Where words begin and end, how they fold, and what stands before them. */
#include "test.h"

#include "base/hash.h"
#include "text/tokens.h"

/* want: tokens folded, each with its marks in front: "," a clause and "." a sentence boundary lie
 * before it,
 * "^" upper case, "~" stretched, "#" a number, ":" an emoji. */
static const struct {
    const char *why, *text, *want;
} cases[] = {
    {"nothing", "", ""},
    {"only punctuation", " .,;-!? ", ""},
    {"words", "Great phone", "great phone"},
    {"accents fold to ASCII", "Déçu Ñandú Straße Łódź œuvre", "decu nandu strasse lodz oeuvre"},
    {"decomposed accents fold the same", "De\u0301c\u0327u", "decu"},
    {"apostrophes within a word", "don't l’écran rock'n'roll", "don't l'ecran rock'n'roll"},
    {"apostrophes around a word part", "'quoted' ’tis dogs' 'x'", "quoted tis dogs x"},
    {"an apostrophe before a digit parts", "the '90s o'1", "the 90s o #1"},
    {"numbers, and words with digits", "10 v2 4G 1990s", "#10 v2 4g 1990s"},
    {"decimal marks part", "3.5 1,000", "#3 .#5 #1 ,#000"},
    {"capitals of two letters or more", "BAD A OK É ÉTÉ McD iOS", "^bad a ^ok e ^ete mcd ios"},
    {"digits don't spoil capitals", "PS5 B2B 4K", "^ps5 ^b2b 4k"},
    {"stretched", "soooo good NOOO 1000 aab", "~soooo good ^~nooo #1000 aab"},
    {"clauses", "one, two; three: four - five (six) [seven] / eight",
     "one ,two ,three ,four ,five ,six ,seven ,eight"},
    {"fifteen, sixteen and seventeen letters",
     "aBcdefghijklmno abcdefghijklmnop AAAbcdefghijklmnop",
     "abcdefghijklmno abcdefghijklmnop ~aaabcdefghijklmnop"},
    {"repeats are counted within a word", "haa aah 111a", "haa aah 111a"},
    {"and over accents and apostrophes", "eéE aéee ll'l éaaéa oooé", "~eee ~aeee ll'l eaaea ~oooe"},
    {"capitals around accents", "ÉTÉS éTÉ NO’É 1É", "^etes ete ^no'e 1e"},
    {"sentences", "One. Two! Three? Four… ¿Five ¡Six\nSeven",
     "one .two .three .four .five .six .seven"},
    {"a hyphen parts", "well-made", "well ,made"},
    {"dashes and quotes part clauses", "a – b — c \"d\" «e»", "a ,b ,c ,d ,e"},
    {"emoji are words of their own", "nice👍done", "nice :👍 done"},
    {"an emoji without its modifiers", "👍🏽 ❤️", ":👍 :❤"},
    {"two emoji", "😀😀", ":😀 :😀"},
    {"other scripts", "Привет МИР", "привет ^мир"},
    {"stretched in other scripts", "даааа ΝΑΙΙΙ", "~даааа ^~ναιιι"},
    {"a keycap is a number and no more", "1️⃣", "#1"},
    {"wide digits and roman ones", "Ⅳ", "#iv"},
    {"capital I with a dot", "İyi", "iyi"},
};

static const char *describe(const struct tokens *tokens, struct arena *arena)
{
    struct str all = {"", 0};
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        const char *boundary = token->sentence_before ? "." : token->clause_before ? "," : "";
        const char *kind = token->kind == TOKEN_NUMBER  ? "#"
                           : token->kind == TOKEN_EMOJI ? ":"
                                                        : "";
        all = arena_printf(arena, "%.*s%s%s%s%s%s%.*s", STR_ARGS(all), i ? " " : "", boundary,
                           token->upper ? "^" : "", token->stretched ? "~" : "", kind,
                           STR_ARGS(token->folded));
    }
    return all.data;
}

static void check_places(const struct tokens *tokens, struct str text)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < tokens->count; i++) {
        const struct token *token = &tokens->items[i];
        assert_true(token->start >= before && token->start < token->end && token->end <= text.size);
        assert_true(str_is_utf8(str_slice(text, token->start, token->end)));
        assert_int_equal(token->hash, hash_word(token->folded));
        before = token->end;
    }
}

static void tells_tokens(void **state)
{
    (void)state;
    struct arena arena = {0};
    int wrong = 0;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct tokens tokens;
        struct err err = {0};
        struct str text = str_of(cases[i].text);
        assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
        check_places(&tokens, text);
        const char *got = describe(&tokens, &arena);
        /* Words are taken by 64 bytes of text: wherever those end, to the same end. */
        for (int blanks = 1; blanks < 66; blanks++) {
            text = arena_printf(&arena, "%*s%s%16s", blanks, "", cases[i].text, "");
            assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
            check_places(&tokens, text);
            assert_string_equal(describe(&tokens, &arena), got);
        }
        if (strcmp(got, cases[i].want) == 0) continue;
        wrong++;
        print_message("  - %s: \"%s\"\n", cases[i].why, got);
    }
    assert_int_equal(wrong, 0);
    arena_deinit(&arena);
}

static void folds_whole_strings(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_true(str_equal(text_fold(STR("Ça VA, l’Été?"), &arena), STR("ca va, l'ete?")));
    assert_true(str_equal(text_fold(STR("ĲSSEL ﬁn ½"), &arena), STR("ijssel fin 1\u20442")));
    assert_true(str_equal(text_fold(STR(""), &arena), STR("")));
    arena_deinit(&arena);
}

/* One character after the other up to the last of Unicode: folding once is folding twice, and the
 * room that was reckoned is enough (ASan). */
static void every_character_fits(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err err = {0};
    char text[4];
    for (uint32_t code = 0x80; code < 0x110000; code++) {
        struct tokens tokens;
        size_t size = 0;
        if (code >= 0xD800 && code < 0xE000) continue;
        if (code < 0x800)
            text[size++] = (char)(0xC0 | code >> 6);
        else if (code < 0x10000)
            text[size++] = (char)(0xE0 | code >> 12),
            text[size++] = (char)(0x80 | (code >> 6 & 0x3F));
        else
            text[size++] = (char)(0xF0 | code >> 18),
            text[size++] = (char)(0x80 | (code >> 12 & 0x3F)),
            text[size++] = (char)(0x80 | (code >> 6 & 0x3F));
        text[size++] = (char)(0x80 | (code & 0x3F));
        struct str character = str_make(text, size), folded = text_fold(character, &arena);
        assert_true(str_is_utf8(folded));
        assert_true(folded.size <= character.size * 4 + 8);
        assert_int_equal(text_tokenize(character, &arena, &tokens, &err), E_OK);
        assert_true(tokens.count <= 1);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
}

static void fails_without_memory(void **state)
{
    (void)state;
    struct err err = {0};
    struct tokens tokens;
    struct arena arena;
    int failures = 0, rc;
    size_t limit = 0;
    arena_init(&arena, 1);
    do {
        arena_deinit(&arena);
        arena_init(&arena, limit += 16);
        rc = text_tokenize(STR("some Déjà vu words"), &arena, &tokens, &err);
        assert_true(rc == E_OK || rc == E_NO_MEMORY);
        failures += rc != E_OK;
    } while (rc);
    assert_true(failures > 0);
    assert_int_equal(tokens.count, 4);
    arena_deinit(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_tokens),
        cmocka_unit_test(folds_whole_strings),
        cmocka_unit_test(every_character_fits),
        cmocka_unit_test(fails_without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
