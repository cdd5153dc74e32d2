/* The cue lists' grammar: what each form matches, and what a broken list is told. */
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

#include "text/screen/match.h"

/* One list of one language, asked directly: what does the first deciding cue cover? */
static const struct {
    const char *why, *list, *text, *quote; /* NULL: nothing is found */
    int polarity;
} matches[] = {
    {"a word", "[reaction]\nrash", "A rash came.", "rash", SCREEN_AFFIRMED},
    {"a word is bounded", "[reaction]\nrash", "A crash came.", NULL, 0},
    {"case and accents don't matter", "[reaction]\nDÉMANGE", "Ça demange", "demange",
     SCREEN_AFFIRMED},
    {"a prefix", "[reaction]\nallerg*", "allergies!", "allergies", SCREEN_AFFIRMED},
    {"a prefix may be the whole word", "[reaction]\nrash*", "rash", "rash", SCREEN_AFFIRMED},
    {"the longest prefix doesn't hide a shorter one", "[reaction]\nallerg* food\nallergi*",
     "allergic food", "allergic food", SCREEN_AFFIRMED},
    {"words in a row", "[reaction]\nhair loss", "my hair loss", "hair loss", SCREEN_AFFIRMED},
    {"words in another order", "[reaction]\nhair loss", "loss of hair", NULL, 0},
    {"a sentence ends between them", "[reaction]\nhair loss", "Nice hair. Loss of time.", NULL, 0},
    {"an optional word, there", "[reaction]\nbad? cold", "a bad cold", "bad cold", SCREEN_AFFIRMED},
    {"an optional word, absent", "[reaction]\nbad? cold", "a cold", "cold", SCREEN_AFFIRMED},
    {"alternatives", "[reaction]\n(hair|weight) loss", "weight loss", "weight loss",
     SCREEN_AFFIRMED},
    {"alternatives of several words", "[reaction]\n(threw up|vomited) blood", "he threw up blood",
     "threw up blood", SCREEN_AFFIRMED},
    {"an optional alternative", "[reaction]\nswollen (left|right)? eye", "swollen eye",
     "swollen eye", SCREEN_AFFIRMED},
    {"a gap of up to three words", "[reaction]\nlost .. hair", "lost a lot of hair",
     "lost a lot of hair", SCREEN_AFFIRMED},
    {"a gap that is too wide", "[reaction]\nlost ..2 hair", "lost a lot of hair", NULL, 0},
    {"a gap before the rarest word", "[reaction]\nlost ..5 eyelashes", "lost all of my eyelashes",
     "lost all of my eyelashes", SCREEN_AFFIRMED},
    {"a group", "[group body]\nskin eye*\n[reaction]\nitchy @body", "itchy eyelids",
     "itchy eyelids", SCREEN_AFFIRMED},
    {"a group may be defined later", "[reaction]\nitchy @body\n[group body]\nskin", "itchy skin",
     "itchy skin", SCREEN_AFFIRMED},
    {"a group must stand near", "[group body]\nskin\n[reaction]\npeeling & @body",
     "peeling of my skin", "peeling", SCREEN_AFFIRMED},
    {"a group that doesn't", "[group body]\nskin\n[reaction]\npeeling & @body", "peeling paint",
     NULL, 0},
    {"a group in another sentence", "[group body]\nskin\n[reaction]\npeeling & @body",
     "peeling paint. My skin", NULL, 0},
    {"a word must stand near", "[reaction]\npeeling & skin scalp", "the scalp is peeling",
     "peeling", SCREEN_AFFIRMED},
    {"a word that may not stand near", "[reaction]\npeeling ! paint", "peeling paint", NULL, 0},
    {"both contexts", "[reaction]\npeeling & skin ! paint", "skin peeling", "peeling",
     SCREEN_AFFIRMED},
    {"an elided article", "[reaction]\nurticaire", "de l'urticaire", "l'urticaire",
     SCREEN_AFFIRMED},
    {"a hyphen parts two words", "[reaction]\nself-harm", "self harm", "self harm",
     SCREEN_AFFIRMED},
    {"a contraction", "[reaction]\ncan't sleep", "I cant sleep", "cant sleep", SCREEN_AFFIRMED},
    {"a possessive", "[reaction]\nson hurt", "my son's hurt", "son's hurt", SCREEN_AFFIRMED},
    {"what triggers it isn't what it is anchored on", "[reaction]\n(problems|different) ..2 er",
     "had problems in er", "problems in er", SCREEN_AFFIRMED},
    {"the trigger before the anchor", "[reaction]\ner ..2 (problems|different) ago",
     "er had problems ago", "er had problems ago", SCREEN_AFFIRMED},
    {"two triggers are one hit", "[reaction]\n(problems|different) ..2 er", "problems er er",
     "problems er", SCREEN_AFFIRMED},
    {"the first of two anchors", "[reaction]\n(problems|different) ..2 er",
     "problems problems in er", "problems problems in er", SCREEN_AFFIRMED},
    {"an anchor too far away", "[reaction]\n(problems|different) ..2 er",
     "problems that were in er", NULL, 0},
    {"an anchor in another sentence", "[reaction]\n(problems|different) ..2 er",
     "problems. Er", NULL, 0},
    {"the accented word only", "[reaction]\n^si duele", "sí duele", "sí duele", SCREEN_AFFIRMED},
    {"the accented word, written without", "[reaction]\n^si duele", "si duele", NULL, 0},
    {"the longest match of a section", "[reaction]\npain\nchest pain", "chest pain", "chest pain",
     SCREEN_AFFIRMED},
    {"a comment", "# first\n[reaction]   # second\nrash # third", "rash", "rash", SCREEN_AFFIRMED},
    {"carriage returns", "[reaction]\r\nrash\r\n", "rash", "rash", SCREEN_AFFIRMED},
    {"negated", "[reaction]\nrash\n[negation before]\nno", "no rash", "rash", SCREEN_NEGATED},
    {"negated too far away", "[reaction]\nrash\n[negation before]\nno", "no a b c d e f rash",
     "rash", SCREEN_AFFIRMED},
    {"negated by several words", "[reaction]\nrash\n[negation before]\nfree of", "free of rash",
     "rash", SCREEN_NEGATED},
    {"a false negation", "[reaction]\nrash\n[negation before]\nno\n[negation false]\nno doubt",
     "no doubt a rash", "rash", SCREEN_AFFIRMED},
    {"negated behind", "[reaction]\nrash\n[negation after]\nfree", "rash free", "rash",
     SCREEN_NEGATED},
    {"a denial until then", "[reaction]\nrash\n[negation before]\nno\n"
     "[negation until]\nno ..2 before",
     "no rash before", "rash", SCREEN_AFFIRMED},
    {"not beyond its clause", "[reaction]\nrash\n[negation before]\nno\n"
     "[negation until]\nno ..2 before",
     "no rash, before", "rash", SCREEN_NEGATED},
    {"a scope's end", "[reaction]\nrash\n[negation before]\nno\n[scope end]\nbut",
     "no fun but rash", "rash", SCREEN_AFFIRMED},
    {"conditional", "[reaction]\nrash\n[hypothetical before]\nif", "if a rash comes", "rash",
     SCREEN_CONDITIONAL},
    {"conditional behind", "[reaction]\nrash\n[hypothetical after]\nmay occur", "rash may occur",
     "rash", SCREEN_CONDITIONAL},
    {"indicated", "[reaction]\nrash\n[indication before]\nfor my", "for my rash", "rash",
     SCREEN_INDICATION},
    {"indicated behind", "[reaction]\nrash\n[indication after]\nis gone", "rash is gone", "rash",
     SCREEN_INDICATION},
    {"indicated all over", "[reaction]\nrash\n[indication phrase]\nrash cream", "rash cream",
     "rash", SCREEN_INDICATION},
    {"figurative", "[reaction]\npain\n[idiom]\npain in the neck", "a pain in the neck", "pain",
     SCREEN_FIGURATIVE},
    {"elsewhere", "[reaction]\nstroke\n[elsewhere]\nafter his stroke", "bought after his stroke",
     "stroke", SCREEN_UNRELATED},
    {"a story, by a word in its sentence", "[group story]\nfilm\n[reaction]\nblood",
     "blood all over this film", "blood", SCREEN_UNRELATED},
    {"a story, by two words elsewhere", "[group story]\nfilm plot\n[reaction]\nblood",
     "A film without a plot. Much blood.", "blood", SCREEN_UNRELATED},
    {"one word elsewhere is no story", "[group story]\nfilm plot\n[reaction]\nblood",
     "A film. Much blood.", "blood", SCREEN_AFFIRMED},
    {"a real thing stands near", "[group story]\nfilm\n[group real]\nmy\n[reaction]\nblood",
     "in this film my blood boils", "blood", SCREEN_AFFIRMED},
    {"a real thing stands eight words away",
     "[group story]\nfilm\n[group real]\nmy\n[reaction]\nblood",
     "blood 1 2 3 4 5 6 7 my film", "blood", SCREEN_AFFIRMED},
    {"nine words away it is too far",
     "[group story]\nfilm\n[group real]\nmy\n[reaction]\nblood",
     "blood 1 2 3 4 5 6 7 8 my film", "blood", SCREEN_UNRELATED},
    {"in another sentence it says nothing",
     "[group story]\nfilm plot\n[group real]\nmy\n[reaction]\nblood",
     "My film. Blood in the plot.", "Blood", SCREEN_UNRELATED},
    {"negation goes before indication",
     "[reaction]\nrash\n[negation before]\nno\n[indication before]\nfor my", "no use for my rash",
     "rash", SCREEN_NEGATED},
};

static void understands_the_grammar(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct err err = {0};
    for (size_t i = 0; i < COUNT_OF(matches); i++) {
        CASE(matches[i].why);
        struct cue_list list;
        struct tokens tokens;
        struct screen_words words;
        struct raw_hits hits;
        struct str text = str_of(matches[i].text);
        arena_reset(&arena);
        assert_int_equal(cue_list_parse(str_of(matches[i].list), "en.txt", &list, &err), E_OK);
        assert_int_equal(text_tokenize(text, &arena, &tokens, &err), E_OK);
        assert_int_equal(
            screen_words_split(text, &tokens, tokens.count, &list, &arena, &words, &err), E_OK);
        assert_int_equal(screen_hits_find(&words, &arena, &hits, &err), E_OK);
        assert_int_equal(hits.count, matches[i].quote ? 1 : 0);
        if (hits.count) {
            assert_int_equal(screen_scope_resolve(&words, &arena, &hits, &err), E_OK);
            struct str quote =
                str_slice(text, tokens.items[words.places[hits.items[0].first]].start,
                          tokens.items[words.places[hits.items[0].last]].end);
            assert_true(str_equal(quote, str_of(matches[i].quote)));
            assert_int_equal(hits.items[0].polarity, matches[i].polarity);
        }
        cue_list_deinit(&list);
    }
    arena_deinit(&arena);
}

static const struct {
    const char *why, *list, *says;
} broken[] = {
    {"an empty list", "", "en.txt:0: no cue in this list"},
    {"groups alone", "[group body]\nskin\n", "no cue in this list"},
    {"an unknown section", "[reactions]\nrash", "en.txt:1: unknown section [reactions]"},
    {"a section that isn't closed", "\n[reaction\nrash", "en.txt:2: a section ends with ]"},
    {"a cue without a section", "# x\nrash", "en.txt:2: a cue stands before the first [section]"},
    {"a bracket that isn't closed", "[reaction]\n(hair|weight loss",
     "en.txt:2: a bracket is not closed"},
    {"a bracket that isn't opened", "[reaction]\nhair) loss", "en.txt:2: \"hair)\" is not a word"},
    {"an empty choice", "[reaction]\n(hair|) loss", "en.txt:2: an empty choice"},
    {"a group nobody defines", "[reaction]\n\nitchy @skin",
     "en.txt:3: no section [group skin] defines this group"},
    {"a group without a name", "[reaction]\nitchy @", "en.txt:2: a group needs a name"},
    {"a group of several words", "[group body]\nself-harm\n",
     "en.txt:2: \"self-harm\" is not a single word"},
    {"a short prefix", "[reaction]\nab*", "en.txt:2: \"ab*\" has fewer than 3 letters"},
    {"a lone asterisk", "[reaction]\n*", "en.txt:2: \"\" is not a word"},
    {"a gap in front", "[reaction]\n..2 rash", "en.txt:2: a cue can't start or end with a gap"},
    {"a gap behind", "[reaction]\nrash ..2", "en.txt:2: a cue can't start or end with a gap"},
    {"a context alone", "[reaction]\n& skin", "en.txt:2: a cue needs a word that is not optional"},
    {"contexts that aren't parted", "[reaction]\nrash &skin", "en.txt:2: & and ! stand alone"},
    {"too many ways", "[reaction]\na? b? c? d? e? f? g? h? i",
     "en.txt:2: more than 96 ways to write this cue"},
    {"too many parts", "[reaction]\na b c d e f g h i j k l m", "en.txt:2: more than 12"},
    {"bad UTF-8", "[reaction]\nra\xffsh", "en.txt:2: not valid UTF-8"},
    {"a long word", "[reaction]\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
     "en.txt:2: a word has more than 48 bytes"},
};

static void names_what_is_broken(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(broken); i++) {
        CASE(broken[i].why);
        struct cue_list list;
        struct err err = {0};
        assert_int_equal(cue_list_parse(str_of(broken[i].list), "en.txt", &list, &err),
                         E_BAD_MODEL);
        if (!strstr(err.text, broken[i].says)) print_error("%s\n", err.text);
        assert_non_null(strstr(err.text, broken[i].says));
        cue_list_deinit(&list);
    }
}

static void bounds_hostile_lists(void **state)
{
    (void)state;
    struct cue_list list;
    struct err err = {0};
    size_t size = CUES_MAX_FILE_BYTES + 1;
    char *file = malloc(size + 64);
    assert_non_null(file);
    memset(file, '\n', size);
    assert_int_equal(cue_list_parse(str_make(file, size), "big", &list, &err), E_BAD_MODEL);
    cue_list_deinit(&list);
    memset(file, 'a', CUES_MAX_LINE_BYTES + 1);
    assert_int_equal(cue_list_parse(str_make(file, CUES_MAX_LINE_BYTES + 1), "wide", &list, &err),
                     E_BAD_MODEL);
    assert_non_null(strstr(err.text, "wide:1: a line has more than"));
    cue_list_deinit(&list);
    size_t used = (size_t)sprintf(file, "[group g]\n");
    for (int i = 0; i < CUES_MAX_GROUPS; i++)
        used += (size_t)sprintf(file + used, "[group g%d]\n", i);
    assert_int_equal(cue_list_parse(str_make(file, used), "groups", &list, &err), E_BAD_MODEL);
    assert_non_null(strstr(err.text, "more than 60 groups"));
    cue_list_deinit(&list);
    used = (size_t)sprintf(file, "[reaction]\n");
    for (int i = 0; i <= CUES_MAX_CUES; i++) used += (size_t)sprintf(file + used, "w%d\n", i);
    assert_int_equal(cue_list_parse(str_make(file, used), "cues", &list, &err), E_BAD_MODEL);
    assert_non_null(strstr(err.text, "more than 20000 cues"));
    cue_list_deinit(&list);
    free(file);
}

static void put_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void opens_all_lists_or_none(void **state)
{
    (void)state;
    char folder[] = "/tmp/verbatim-cues-XXXXXX";
    char command[sizeof folder + 16];
    struct screen *screen = NULL;
    struct err err = {0};
    assert_non_null(mkdtemp(folder));
    put_file(folder, "en.txt", "[reaction]\nrash\n");
    put_file(folder, "es.txt", "[reaction]\nfiebre\n");
    assert_int_not_equal(screen_open(folder, &screen, &err), E_OK); /* fr.txt is missing */
    assert_non_null(strstr(err.text, "fr.txt"));
    assert_null(screen);
    put_file(folder, "fr.txt", "[reaction]\n(\n");
    assert_int_equal(screen_open(folder, &screen, &err), E_BAD_MODEL);
    assert_non_null(strstr(err.text, "fr.txt:2: "));
    assert_null(screen);
    put_file(folder, "fr.txt", "[reaction]\nfièvre\n");
    assert_int_equal(screen_open(folder, &screen, &err), E_OK);
    screen_close(screen);
    screen_close(NULL);
    for (const char *const *name = (const char *const[]){"en", "es", "fr", NULL}; *name; name++) {
        snprintf(command, sizeof command, "%s/%s.txt", folder, *name);
        unlink(command);
    }
    rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(understands_the_grammar),
        cmocka_unit_test(names_what_is_broken),
        cmocka_unit_test(bounds_hostile_lists),
        cmocka_unit_test(opens_all_lists_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
